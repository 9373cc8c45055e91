"""Shapley values by antithetic permutations, over the session that serves.

Each background row is turned into the row to be explained one feature at a time, in a random order and in
the reverse of it; what a feature changes on its way is its contribution. Every way leads from f(background
row) to f(row), so that base + contributions = f(row) whatever the orders are, and base is the mean of
f(background). The orders come from SHAKE-256 of a seed and sums are rounded once, so that an explanation
can be repeated bit for bit: neither a library's random numbers nor the order of a sum can change it.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice.domain import frames
from sluice.domain.errors import Conflict, Invalid
from sluice.scoring.background import evenly
from sluice.scoring.explanation import Contribution, Explanation, Value, explain_row, explanation_of
from sluice.scoring.model import LoadedModel, Scores, score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sluice.scoring.manifest import Manifest
    from sluice.scoring.signature import Columns

    Vector = NDArray[np.float64]

CLIP = 1e-6
"""Log-odds are those of a probability cut to [CLIP, 1 - CLIP]: ONNX answers in 32 bits."""

_ENOUGH, _MOST_PASSES = 12_000, 8
"""Rows scored where there are few features: each background row goes several ways then."""
_MOST_EVALUATIONS, _LEAST_ROWS = 40_000, 10
"""Rows scored at most where there are many features: fewer background rows must do."""
_CELLS = 2_000_000
"""Values in memory at a time."""


@dataclass(frozen=True, slots=True)
class Way:
    """Which number of the model is looked at: `place` among the classes (binary: of the positive one)."""

    model: LoadedModel
    place: int

    def outputs(self, columns: Mapping[str, NDArray[Any]]) -> Vector:
        """One number a row, in the manifest's unit."""
        return self.of(score(self.model, columns))

    def of(self, scores: Scores) -> Vector:
        if scores.values is not None:
            return scores.values
        chance: Vector = np.asarray(scores.probabilities)[:, self.place]
        if self.model.manifest.unit != "log-odds":
            return chance
        chance = np.clip(chance, CLIP, 1 - CLIP)
        odds: Vector = np.log(chance) - np.log1p(-chance)
        return odds


def seed_of(prediction_id: str, model_digest: str) -> str:
    """The seed of a prediction's explanation: the same years later."""
    return hashlib.sha256(f"{prediction_id}\n{model_digest}".encode()).hexdigest()


def explain(
    model: LoadedModel,
    background: Columns | None,
    row: Mapping[str, Value],
    seed: str,
    explained_class: str | None = None,
) -> Explanation:
    """Why the model answers this row as it does, by its closed form where it has one.

    Multiclass: of the class asked for, else of the one that is answered. Conflict for a model that has
    neither a closed form nor background rows, Invalid for a class that cannot be asked for.
    """
    manifest = model.manifest
    name = _class(model, row, explained_class)
    closed = explain_row(manifest, row)
    if closed is not None:
        return closed
    if background is None:
        raise Conflict("this version was registered without background rows: train it again to explain it")
    way = Way(model, manifest.classes.index(name) if name is not None else 0)
    used = _affordable(background, len(manifest.features))
    base, shares = contributions(way, used, row, seed)
    every = [Contribution(each, row.get(each), share) for each, share in shares.items()]
    return explanation_of(manifest, every, base, name, frames.row_count(used))


def contributions(
    way: Way, background: Columns, row: Mapping[str, Value], seed: str
) -> tuple[float, dict[str, float]]:
    """The mean output of the background, and what each feature adds to it on the way to the row's output."""
    manifest = way.model.manifest
    width = len(manifest.features)
    passes = min(_MOST_PASSES, max(1, _ENOUGH // (2 * width * frames.row_count(background))))
    rows = {name: np.tile(column, passes) for name, column in background.items()}
    count = frames.row_count(rows)
    ranks, here = _ranks(seed, count, width), row_columns(manifest, row)
    at_once = max(1, _CELLS // (2 * width * width))
    slices = [slice(start, start + at_once) for start in range(0, count, at_once)]
    parts = [_walk(way, frames.take(rows, part), here, ranks[part]) for part in slices]
    base = math.fsum(value for first, _ in parts for value in first.tolist()) / count
    steps = np.concatenate([part for _, part in parts]).T.tolist()
    shares = [math.fsum(each) / (2 * count) for each in steps]
    return base, dict(zip(manifest.feature_names, shares, strict=True))


def row_columns(manifest: Manifest, row: Mapping[str, Value]) -> Columns:
    """A row by feature as `score` takes it."""
    columns: Columns = {}
    for feature in manifest.features:
        value, is_text = row.get(feature.name), feature.dtype == "string"
        missing = "" if is_text else math.nan
        kind = np.object_ if is_text else np.float64
        columns[feature.name] = np.asarray([missing if value is None else value], dtype=kind)
    return columns


def row_of(columns: Columns, place: int) -> dict[str, Value]:
    """One of these rows by feature, in plain values: what the ledger keeps of it."""
    cells = {name: column[place] for name, column in columns.items()}
    plain = {name: cell.item() if isinstance(cell, np.generic) else cell for name, cell in cells.items()}
    return {name: None if cell == "" or cell != cell else cell for name, cell in plain.items()}  # noqa: PLR0124


def _walk(way: Way, rows: Columns, here: Columns, ranks: NDArray[np.intp]) -> tuple[Vector, Vector]:
    """What each background row gives, and the steps of both orders [2 rows, features]; one run."""
    count, width = ranks.shape
    orders = np.concatenate([ranks, width - 1 - ranks])
    taken = orders[:, None, :] < np.arange(1, width)[None, :, None]
    columns = {}
    for place, name in enumerate(way.model.manifest.feature_names):
        on_the_way = np.where(taken[:, :, place], here[name], np.tile(rows[name], 2)[:, None])
        columns[name] = np.concatenate([here[name], rows[name], on_the_way.reshape(-1)])
    outputs = way.outputs(columns)
    first, between = outputs[1 : count + 1], outputs[count + 1 :].reshape(2 * count, width - 1)
    chain = np.column_stack([np.tile(first, 2), between, np.full(2 * count, outputs[0])])
    return first, np.take_along_axis(np.diff(chain, axis=1), orders, axis=1)


def _ranks(seed: str, count: int, width: int) -> NDArray[np.intp]:
    """For each background row a random order of the features, as the place of each in it."""
    drawn = np.frombuffer(hashlib.shake_256(seed.encode()).digest(8 * count * width), dtype="<u8")
    order = drawn.reshape(count, width).argsort(axis=1, kind="stable")
    return order.argsort(axis=1, kind="stable")


def _affordable(background: Columns, width: int) -> Columns:
    count = frames.row_count(background)
    wanted = max(_LEAST_ROWS, _MOST_EVALUATIONS // (2 * width))
    return background if count <= wanted else frames.take(background, evenly(count, wanted))


def _class(model: LoadedModel, row: Mapping[str, Value], asked: str | None) -> str | None:
    manifest = model.manifest
    if manifest.task == "multiclass":
        if asked is None:
            labels = score(model, row_columns(manifest, row)).labels
            return None if labels is None else str(labels[0])
        known: tuple[str, ...] = manifest.classes
    else:
        known = (manifest.positive_class,) if manifest.positive_class else ()
    if asked is not None and asked not in known:
        expected = f"one of {', '.join(known)}" if known else "no class: this model answers values"
        raise Invalid(f"class: expected {expected}, got {asked[:80]!r}")
    return asked or manifest.positive_class
