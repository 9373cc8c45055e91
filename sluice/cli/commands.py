"""Which file has which command; imported when it is asked for, so that nobody waits for others' libraries."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

#: A family of commands is a Typer, a command of its own a function: by file and name in it.
PLACES = {
    "predict": "prediction.predict",
    "forget": "prediction.forget",
    "batch": "batch.batch",
    "request": "request.request",
    "lineage": "records.lineage",
    "export": "export.export",
    "verify-bundle": "export.verify",
    "connect": "connect.connect",
    **{name: f"stack.{name}" for name in ("up", "down", "status", "reset", "env", "smoke", "demo")},
    "project": "project.app",
    "data": "data.app",
    "training": "training.app",
    "model": "model.app",
    "promotion": "promotion.app",
    "prediction": "prediction.app",
    "feedback": "prediction.feedback_app",
    "batches": "batch.app",
    "requests": "request.app",
    "drift": "drift.app",
    "audit": "records.audit_app",
    "tenant": "tenant.app",
    "tracking": "tracking.app",
}


class Commands(TyperGroup):
    """A group of what PLACES names."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Places()  # type: ignore[assignment]  # only read


class _Places(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's own click
        return _command(name, PLACES[name])

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


@cache
def _command(name: str, place: str) -> Any:  # noqa: ANN401
    file, _, attribute = place.partition(".")
    found = getattr(import_module(f"sluice.cli.{file}"), attribute)
    alone = typer.Typer()
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name, no_args_is_help=True)
    else:
        alone.command(name)(found)
    return get_group(alone).commands[name]
