"""Bins that are frozen with a model, and the counting of values into them.

A count over stored bins costs the same however many rows it stands for, and two of them add up.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sluice.domain.frames import Column

NUMBER_EDGES = 11
SCORE_EDGES = 201
TOP_CATEGORIES = 50


@dataclass(frozen=True, slots=True)
class Bins:
    """Where a value of one column is counted.

    number: bin i holds edges[i-1] < x <= edges[i]; the first everything up to the smallest reference
    value, the last everything above the largest. category: one bin a category, then one for all others.
    In both, one more slot at the end counts missing values (NaN, '').
    """

    kind: Literal["number", "category"]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Slots, the one for missing values included."""
        return (len(self.edges) if self.kind == "number" else len(self.categories)) + 2

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each slot, for people."""
        if self.kind == "category":
            return (*self.categories, "(other)", "(missing)")
        texts = [format(edge, ".6g") for edge in self.edges]
        between = [f"({low}, {high}]" for low, high in itertools.pairwise(texts)]
        return (f"<= {texts[0]}", *between, f"> {texts[-1]}", "(missing)")

    def count(self, values: Column) -> NDArray[np.int64]:
        """Rows by slot, [size]."""
        return np.bincount(self.place(values), minlength=self.size).astype(np.int64)

    def place(self, values: Column) -> NDArray[np.intp]:
        """The slot of each value, [n]."""
        if self.kind == "category":
            known = {category: slot for slot, category in enumerate(self.categories)} | {"": self.size - 1}
            other = self.size - 2
            return np.array([known.get(str(value), other) for value in values], dtype=np.intp)
        numbers = np.asarray(values, dtype=np.float64)
        slots = np.searchsorted(np.array(self.edges), numbers, side="left")
        return np.where(np.isnan(numbers), self.size - 1, slots)

    def to_json(self) -> dict[str, Any]:
        parts = (
            {"edges": list(self.edges)} if self.kind == "number" else {"categories": list(self.categories)}
        )
        return {"kind": self.kind, **parts}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Bins:
        return cls(entry["kind"], tuple(entry.get("edges", ())), tuple(entry.get("categories", ())))


def number_bins(values: NDArray[np.float64], edges: int = NUMBER_EDGES) -> Bins:
    """Bins of equal frequency: quantiles from the smallest to the largest value, each once."""
    present = np.asarray(values, dtype=np.float64)
    present = present[np.isfinite(present)]
    if not len(present):
        return Bins("number", edges=(0.0,))
    quantiles = np.quantile(present, np.linspace(0, 1, edges), method="inverted_cdf")
    return Bins("number", edges=tuple(float(edge) for edge in np.unique(quantiles)))


def category_bins(values: Sequence[str] | NDArray[np.str_]) -> Bins:
    """The most frequent categories, ties by name."""
    counted = Counter(str(value) for value in values if value != "")
    ranked = sorted(counted, key=lambda category: (-counted[category], category))
    return Bins("category", categories=tuple(ranked[:TOP_CATEGORIES]))


def bins_for(dtype: str, values: Column) -> Bins:
    """Bins for a column of this contract dtype: strings are categories, everything else numbers."""
    if dtype == "string":
        return category_bins(np.asarray(values, dtype=np.str_))
    return number_bins(np.asarray(values, dtype=np.float64))
