"""The real CDK CLI against an embedded AWS of its own (`make cdk`): the application deploys without ours.

The CLI comes from npm, by the Node from PyPI. The emulator speaks plain HTTP, so the TLS-only policy of the
CLI's staging bucket is dropped after the bootstrap; the application's templates go in untouched.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from infra.packaging.synthesis import node
from sluice.local import emulator
from sluice.local.address import give_root_address
from sluice.local.deploy import ASSETS
from sluice.local.environments import emulator_interpreter, install_layers
from sluice.local.outputs import read_outputs
from sluice.local.profile import ACCOUNT, REGION, ROOT, choose_port, is_free, profile_named
from sluice.local.session import client_config, root_session
from sluice.local.stack import reset

CLI = "aws-cdk@2.1148.1"
PROFILE = "cdk-cli"


def prove(say: Callable[[str], None]) -> None:
    """Bootstrap, deploy every stack, ask the API for its health; CalledProcessError or HTTPError when not."""
    profile = profile_named(PROFILE)
    reset(PROFILE)
    install_layers()
    running = emulator.start(profile, choose_port(profile, None, is_free), emulator_interpreter())
    try:
        say(f"bootstrap: {_timed(lambda: _cdk(running, 'bootstrap', f'aws://{ACCOUNT}/{REGION}')):.0f} s")
        s3 = root_session().client("s3", endpoint_url=running.endpoint, config=client_config())
        s3.delete_bucket_policy(Bucket=ASSETS)
        deploy = ("deploy", "--all", "--require-approval", "never", "--concurrency", "3")
        say(f"deploy: {_timed(lambda: _cdk(running, *deploy)):.0f} s")
        give_root_address(running.endpoint, read_outputs(running.endpoint).api_id)
        httpx.get(f"{running.api_url}/sluice/v1/health", timeout=30).raise_for_status()
        say("the API answers")
    finally:
        reset(PROFILE)


def _cdk(running: emulator.Running, *arguments: str) -> None:
    # npm's launchers do not survive in a wheel; the script behind them does.
    npx = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    command = [str(node()), str(npx), "--yes", CLI, *arguments, "-c", "layers=host"]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "CI": "true",
        "JSII_NODE": str(node()),
        "PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}",
    }
    log = Path(ROOT / ".sluice" / "cdk-cli.log")
    with log.open("ab") as output:
        subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=True)


def _timed(work: Callable[[], None]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


if __name__ == "__main__":
    prove(lambda line: print(line, file=sys.stderr))  # noqa: T201 - a person waits
