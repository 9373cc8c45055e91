"""MLflow's order_by: values, then NaN, then missing, up as down; ties keep the default order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sluice.domain.errors import Invalid
from sluice.domain.tracking.filters import Lookup, Scalar, Seen, read_name, tokenize
from sluice.domain.tracking.grammars import Grammar, Kind

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Order:
    kind: Kind
    key: str
    ascending: bool = True


def parse_order(text: str, grammar: Grammar) -> Order:
    """One element of order_by, such as `metrics.auc DESC`; Invalid says where it is wrong."""
    tokens = tokenize(text)
    if not tokens or tokens[0].kind != "name" or len(tokens) > 2:  # noqa: PLR2004 - name and direction
        raise Invalid(f"Invalid order_by clause {text[:500]!r}: expected a name, then ASC or DESC")
    kind, key = read_name(tokens[0], text, grammar, order=True)
    direction = tokens[1].text.upper() if len(tokens) > 1 else "ASC"
    if direction not in {"ASC", "DESC"}:
        raise Invalid(f"Invalid ordering key in order_by clause {text[:500]!r}: expected ASC or DESC")
    return Order(kind, key, direction == "ASC")


def ordered(things: Iterable[_T], orders: Sequence[Order], look: Callable[[_T], Lookup]) -> list[_T]:
    """The things sorted; those that tie stay as they came."""
    found = list(things)
    for order in reversed(orders):
        kind, key = order.kind, order.key
        found = ordered_by(found, lambda thing: look(thing)(kind, key), ascending=order.ascending)  # noqa: B023
    return found


def ordered_by(things: Iterable[_T], cell: Callable[[_T], Seen], *, ascending: bool) -> list[_T]:
    """The same by one cell of each thing."""
    valued: list[tuple[Scalar, _T]] = []
    unordered: list[_T] = []
    missing: list[_T] = []
    for thing in things:
        value = cell(thing)
        if value is None or isinstance(value, tuple):
            missing.append(thing)
        elif isinstance(value, float) and math.isnan(value):
            unordered.append(thing)
        else:
            valued.append((value, thing))
    valued.sort(key=lambda pair: pair[0], reverse=not ascending)
    return [thing for _, thing in valued] + unordered + missing
