"""From a folder and an environment to a server; it refuses to start on a bundle that was changed."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from edge.build_serving import KeepsFindings, NoLedger, build_serving
from edge.door import Door
from edge.send_home import Home, Sender
from edge.settings import SettingError, Settings, read_settings
from edge.waiting import Waiting
from sluice.bundle.verify import Verified, verify_bundle
from sluice.domain.errors import SluiceError
from sluice.web.limits import Limits
from sluice.web.observability import LogKey, logger


def main(root: Path, environment: Mapping[str, str], arguments: list[str]) -> None:
    """`serve` (or nothing, as SageMaker and MLflow start it) serves HTTP, `lambda` runs under Lambda,
    `health` asks a running server.
    """
    word = arguments[0] if arguments else "serve"
    try:
        if word == "lambda":
            run_lambda()
        elif word == "serve":
            run_http(root, read_settings(environment))
        elif word == "health":
            ask_health(read_settings(environment))
        else:
            sys.exit(f"{word[:40]!r} is none of serve, lambda, health")
    except (SluiceError, SettingError) as error:
        sys.exit(f"refused to start: {error}")


def run_http(root: Path, settings: Settings) -> None:
    from edge.http_server import serve  # noqa: PLC0415 - Lambda starts without a web server

    verified = verify_bundle(root, settings.key)
    home = _home(verified, settings)
    ledger, waiting = _ledger(verified, settings, home)
    door = _door(verified, settings, ledger)
    sender = Sender(waiting, home) if waiting and home else None
    if sender:
        sender.start()
    bundle = verified.bundle
    logger().info(
        LogKey.STARTED,
        extra={
            "project": bundle.project,
            "model_version": bundle.model_version,
            "address": f"http://{settings.host}:{settings.port}",
            "key": verified.key,
            "pinned": settings.key is not None,
        },
    )
    try:
        serve(door, settings)
    finally:
        if sender:
            sender.stop()
            sender.join(timeout=5)
        if waiting:
            waiting.close()


def lambda_door(root: Path, environment: Mapping[str, str]) -> Door:
    """A function's disk is nobody's memory: records go home before their answers, or nowhere."""
    settings = read_settings({"SLUICE_EDGE_LEDGER": "home", **environment})
    if settings.ledger == "buffer":
        raise SettingError("SLUICE_EDGE_LEDGER must be home or none on Lambda: its disk does not last")
    verified = verify_bundle(root, settings.key)
    ledger, _ = _ledger(verified, settings, _home(verified, settings))
    return _door(verified, settings, ledger)


def ask_health(settings: Settings) -> None:
    """Ends with an error unless the server of this machine is ready: for an image's health check."""
    address = f"http://127.0.0.1:{settings.port}/v2/health/ready"
    try:
        with urllib.request.urlopen(address, timeout=4):
            return
    except OSError as error:
        sys.exit(f"{address} does not answer: {error}")


def run_lambda() -> None:
    from awslambdaric.__main__ import main as run  # noqa: PLC0415 - there on Linux only

    run(["awslambdaric", "edge.lambda_function.handler"])


def _door(verified: Verified, settings: Settings, ledger: KeepsFindings) -> Door:
    limits = Limits(settings.body_bytes, settings.body_bytes)
    return Door(build_serving(verified, settings, ledger), verified.bundle.project, limits, settings.token)


def _home(verified: Verified, settings: Settings) -> Home | None:
    if not settings.home_url:
        return None
    return Home(settings.home_url, settings.home_token, verified.bundle.project, settings.device)


def _ledger(
    verified: Verified, settings: Settings, home: Home | None
) -> tuple[KeepsFindings, Waiting | None]:
    if settings.ledger == "none":
        return NoLedger(), None
    if settings.ledger == "home" and home:
        return home, None
    name = f"{verified.bundle.project}-{verified.bundle.model_version}.db"
    drop_oldest = settings.when_full == "drop_oldest"
    waiting = Waiting(settings.state / name, settings.ledger_bytes, drop_oldest=drop_oldest)
    return waiting, waiting
