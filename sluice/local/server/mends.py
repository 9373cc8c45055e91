"""What ministack 1.5.33 does differently from AWS, or not at all, where the platform depends on it.

Each mend replaces one function; a test through the running emulator holds each of them.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from ministack import app as emulator
from ministack.core import persistence
from ministack.services import s3, stepfunctions

from sluice.local.server import snapshots, streams


def mend() -> None:
    """Put the replacements in place, once, before the emulator starts."""
    # The platform has a /health of its own; the emulator's stays at /_ministack/health.
    emulator._HEALTH_PATHS = ("/_ministack/health",)
    # Nor a container registry: /v2 is where the Open Inference Protocol describes the server.
    emulator._is_ecr_registry_path = lambda _: False
    persistence.save_state = snapshots.save_quickly
    stepfunctions._execute_task = resolve_timeout_path(stepfunctions._execute_task)
    s3._get_object = read_ranges(s3._get_object)
    emulator._build_persistence_save_dict = with_streams(emulator._build_persistence_save_dict)
    emulator._load_persisted_state = then_streams(emulator._load_persisted_state)


def resolve_timeout_path(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Make a task honour TimeoutSecondsPath, which ministack reads only as a number in TimeoutSeconds."""

    def execute_task(state: dict[str, Any], raw_input: Any, execution: Any, context: Any) -> Any:
        if "TimeoutSecondsPath" in state:
            seconds = raw_input
            for step in state["TimeoutSecondsPath"].removeprefix("$.").split("."):
                seconds = seconds[step]
            state = {**state, "TimeoutSeconds": int(seconds)}
        return execute(state, raw_input, execution, context)

    return execute_task


def read_ranges(get: Callable[..., Any]) -> Callable[..., Any]:
    """Make a read of a version honour its range, which ministack does for the current version only.

    A part carries no checksum: the one on record is the whole object's, which clients would hold it against.
    """

    def get_object(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Any:
        status, found, body = get(bucket, key, headers, query)
        span = s3._parse_range(headers.get("range", ""), len(body)) if status == HTTPStatus.OK else None
        if span is None:
            return status, found, body
        part = body[span[0] : span[1] + 1]
        length = {"Content-Length": str(len(part)), "Content-Range": f"bytes {span[0]}-{span[1]}/{len(body)}"}
        kept = {name: value for name, value in found.items() if not name.startswith("x-amz-checksum")}
        return HTTPStatus.PARTIAL_CONTENT, {**kept, **length}, part

    return get_object


def with_streams(states: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    return lambda: {**states(), streams.STATE: streams.undelivered}


def then_streams(load: Callable[[], None]) -> Callable[[], None]:
    def load_all() -> None:
        load()
        streams.restore()

    return load_all
