"""The embedded AWS with the platform in it: up, down, status, reset."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeVar

from infra.packaging.uv import PackagingError
from sluice.local import emulator
from sluice.local.address import give_root_address
from sluice.local.alone import alone
from sluice.local.deploy import DeployError, deploy
from sluice.local.environments import emulator_interpreter, install_layers
from sluice.local.losses import what_may_be_lost
from sluice.local.outputs import Outputs, read_outputs
from sluice.local.profile import ACCOUNT, REGION, choose_port, is_free, profile_named, remember_port
from sluice.local.resume import ResumeError, resume_interrupted_work
from sluice.local.session import client_config, root_session
from sluice.local.synthesis import SynthesisError, synthesize
from sluice.local.tokens import read_tokens, seed_tokens

#: What `up` and `down` raise when a part of the stack does not come or go as it should.
FAILURES = (PackagingError, SynthesisError, DeployError, ResumeError, emulator.EmulatorError)

Progress = Callable[[str], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class StackStatus:
    """What a person or a program must know to use a stack; addresses are empty when it is stopped."""

    profile: str
    state: Literal["running", "stopped"]
    api_url: str = ""
    tracking_uri: str = ""
    console_url: str = ""
    data_bucket: str = ""
    aws_endpoint_url: str = ""
    region: str = REGION
    account: str = ACCOUNT
    tokens: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


def up(profile: str, port: int | None = None, on_progress: Progress | None = None) -> StackStatus:
    """Start the profile's stack, or bring the running one up to date; what is right is left alone.

    `seconds` of the answer says how long each part took. EmulatorError, SynthesisError, DeployError,
    ResumeError and PackagingError say what went wrong.
    """
    with alone(f"up-{profile}"):
        return _up(profile, port, on_progress or (lambda _: None))


def _up(profile: str, port: int | None, say: Progress) -> StackStatus:
    where = profile_named(profile)
    clock = _Stopwatch()
    with ThreadPoolExecutor() as pool:
        say("preparing the application, its layers and the embedded AWS")
        assembly = pool.submit(clock.timed("synthesize", synthesize))
        layers = pool.submit(clock.timed("install layers", install_layers))
        interpreter = pool.submit(clock.timed("install the embedded AWS", emulator_interpreter)).result()
        running = emulator.find_running(where)
        warnings = [*what_may_be_lost(where), *_other_port(running, port)]
        if running is None:
            say("starting the embedded AWS")
            with alone("start"):  # so that no two choose the same port
                chosen = choose_port(where, port, is_free)
                running = clock.timed("start", lambda: emulator.start(where, chosen, interpreter))()
            remember_port(where, chosen)
        layers.result()
        ready = assembly.result()
    clock.timed("deploy", lambda: deploy(ready, running.endpoint, say))()
    outputs = read_outputs(running.endpoint)
    give_root_address(running.endpoint, outputs.api_id)
    dynamodb = root_session().client("dynamodb", endpoint_url=running.endpoint, config=client_config())
    seed_tokens(where, dynamodb, outputs.platform_table)
    say("resuming what was under way")
    clock.timed("resume", lambda: resume_interrupted_work(running.endpoint, outputs))()
    emulator.write_snapshot(running)
    described = _describe(profile, running, outputs, tuple(warnings), clock.seconds)
    where.status.touch(mode=0o600)
    where.status.write_text(json.dumps(asdict(described), indent=1) + "\n")
    return described


def down(profile: str) -> bool:
    """End the profile's stack, its state kept; False when it did not run."""
    where = profile_named(profile)
    where.status.unlink(missing_ok=True)
    return emulator.stop(where)


def status(profile: str) -> StackStatus:
    """What the profile's stack is and where it answers; reads only."""
    running = emulator.find_running(profile_named(profile))
    if running is None:
        return StackStatus(profile, "stopped")
    return _describe(profile, running, read_outputs(running.endpoint))


def reset(profile: str) -> None:
    """End the profile's stack and drop everything it holds: tables, objects, tokens."""
    where = profile_named(profile)
    emulator.kill(where)
    emulator.drop(where.folder)


def _describe(
    profile: str,
    running: emulator.Running,
    outputs: Outputs,
    warnings: tuple[str, ...] = (),
    seconds: dict[str, float] | None = None,
) -> StackStatus:
    return StackStatus(
        profile=profile,
        state="running",
        api_url=running.api_url,
        tracking_uri=running.api_url,
        console_url=f"{running.api_url}/",
        data_bucket=outputs.data_bucket,
        aws_endpoint_url=running.endpoint,
        tokens=read_tokens(profile_named(profile)),
        warnings=warnings,
        seconds=seconds or {},
    )


def _other_port(running: emulator.Running | None, wanted: int | None) -> list[str]:
    if running is None or wanted in (None, running.port):
        return []
    return [f"It runs already, on port {running.port}: `down` it first to move it to {wanted}."]


class _Stopwatch:
    """Seconds by name of what it ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, name: str, work: Callable[[], Result]) -> Callable[[], Result]:
        def run() -> Result:
            started = time.monotonic()
            try:
                return work()
            finally:
                self.seconds[name] = round(time.monotonic() - started, 2)

        return run
