"""How things look: tables and cards for people, JSON for programs."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Json = Mapping[str, Any]
Cell = Callable[[Json], object]

_PLAIN_WIDTH = 140
_LONGEST_VALUE = 80
_STYLES = {
    "green": {"succeeded", "completed", "approved", "accepted", "better", "first", "passed", "ok", "inside"},
    "yellow": {
        "waiting_for_approval",
        "waiting",
        "queued",
        "inconclusive",
        "non_inferior",
        "warning",
        "warn",
    },
    "cyan": {"duplicate", "received"},
    "red": {"failed", "rejected", "expired", "worse", "alarm", "exceeds"},
}


@cache
def console() -> Console:
    """Standard output, one for all, because a spinner must know of every line; wide without a terminal."""
    return Console(width=_width(sys.stdout.isatty()), highlight=False)


def errors() -> Console:
    """Standard error."""
    return Console(width=_width(sys.stderr.isatty()), highlight=False, stderr=True)


def _width(is_terminal: bool) -> int | None:
    return None if is_terminal or "COLUMNS" in os.environ else _PLAIN_WIDTH


def dump(document: object) -> None:
    """JSON on standard output, untouched by widths and colours."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def one(document: Json, draw: Callable[[Json], RenderableType], *, as_json: bool) -> None:
    """One thing: JSON for programs, drawn for people."""
    if as_json:
        dump(document)
    else:
        console().print(draw(document))


def word(value: object) -> Text:
    """A status in its colour."""
    text = str(value)
    style = next((style for style, words in _STYLES.items() if text in words), "")
    return Text(text, style=style)


def moment(text: str | None) -> str:
    """A time of the API as local time to the second; nothing for none."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def short(digest: str | None) -> str:
    return (digest or "")[:12]


def listing(items: Iterable[Json], columns: Mapping[str, str | Cell], *, as_json: bool) -> None:
    """A table with a row an item; a column is a field's name or a function of the item."""
    found = list(items)
    if as_json:
        dump(found)
        return
    if not found:
        console().print("nothing yet", style="dim")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, title in enumerate(columns):
        # The first one is what a person copies.
        table.add_column(title, overflow="fold", no_wrap=position == 0)
    for item in found:
        table.add_row(*(_cell(item, column) for column in columns.values()))
    console().print(table)


def _cell(item: Json, column: str | Cell) -> RenderableType:
    value = item.get(column) if isinstance(column, str) else column(item)
    if isinstance(value, Text):
        return value
    return word("" if value is None else value)


def card(title: str, fields: Sequence[tuple[str, object]], *below: RenderableType) -> Panel:
    """Names and values under a title; fields without a value are left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        if value not in (None, "", (), []):
            table.add_row(name, value if isinstance(value, Text | Table) else word(value))
    return Panel(
        Group(table, *below), title=title, title_align="left", box=box.ROUNDED, padding=(0, 1), expand=False
    )


def reasons(found: Sequence[Json]) -> Table:
    """Why something was refused: where, what was there, what was expected."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("where", "what is wrong", "found", "expected"):
        table.add_column(title, overflow="fold")
    for reason in found:
        path, message, value, expected = (
            str(reason.get(name) or "") for name in ("path", "message", "value", "expected")
        )
        found_there = value if len(value) <= _LONGEST_VALUE else f"{value[: _LONGEST_VALUE - 1]}…"
        table.add_row(Text(path, style="bold"), Text(message, style="red"), found_there, expected)
    return table
