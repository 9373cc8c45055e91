"""What would have changed the decision: the fewest and smallest changes a person could make.

A beam search over values that occur among the background rows. Deterministic and bounded: at most three
changed features, a few thousand rows scored in one run a level. What a person cannot change is left alone:
protected features always, others as `change` in project.yaml says.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice.scoring.model import score
from sluice.scoring.permutation import row_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sluice.scoring.explanation import Value
    from sluice.scoring.manifest import Feature
    from sluice.scoring.model import LoadedModel
    from sluice.scoring.signature import Columns

MOST_CHANGES, MOST_FOUND = 3, 3
_BEAM, _STEPS, _MOST_TEXTS, _DEEPER_FEATURES = 20, 11, 12, 25
_HALVINGS = 5

Changes = tuple[tuple[str, float | str], ...]
"""New values by feature, in the order of the names."""


@dataclass(frozen=True, slots=True)
class Change:
    """`was` None: it was missing."""

    feature: str
    was: Value
    to: float | str


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """These changes together give `label`; `probability` is that of the positive class then."""

    changes: tuple[Change, ...]
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Counterfactuals:
    """The fewest changes first. `reason` says why there are none."""

    found: tuple[Counterfactual, ...]
    reason: str | None = None


def counterfactuals(
    model: LoadedModel, background: Columns | None, row: Mapping[str, Value]
) -> Counterfactuals:
    """Up to three sets of changes, no one of which contains another. Binary models only."""
    if model.manifest.task != "binary":
        return Counterfactuals((), f"a {model.manifest.task} model takes no decision that could be flipped")
    if background is None:
        return Counterfactuals((), "this version was registered without background rows: train it again")
    found = _Search(model, background, row).run()
    if found:
        return Counterfactuals(tuple(found))
    return Counterfactuals(
        (), f"no {MOST_CHANGES} changes within what was seen in training flip the decision"
    )


class _Search:
    """One row's search; `options` are the values each feature may take instead."""

    def __init__(self, model: LoadedModel, background: Columns, row: Mapping[str, Value]) -> None:
        self._model, self._row = model, row
        self._manifest = model.manifest
        self._spread = {f.name: _spread(background[f.name]) for f in self._manifest.features}
        self._options = {
            feature.name: options
            for feature in self._manifest.features
            if feature.name not in self._manifest.protected
            if (options := _options(feature, background[feature.name], row.get(feature.name)))
        }
        self._label, _ = self._scored([()])[0]

    def run(self) -> list[Counterfactual]:
        found: dict[frozenset[str], Changes] = {}
        beam: list[Changes] = [()]
        for _ in range(MOST_CHANGES):
            flips, others = self._level(self._grown(beam, found))
            for changes in sorted(map(self._smaller, flips), key=self._size):
                names = frozenset(name for name, _ in changes)
                if len(found) < MOST_FOUND and not any(known <= names for known in found):
                    found[names] = changes
            if len(found) == MOST_FOUND:
                break
            beam = others
        return [self._told(changes) for changes in sorted(found.values(), key=self._size)]

    def _grown(self, beam: Sequence[Changes], found: Mapping[frozenset[str], Changes]) -> list[Changes]:
        """Every state of the beam with one more feature changed; none that contains what was found."""
        grown = {
            tuple(sorted((*state, (name, value))))
            for state in beam
            for name, options in self._options.items()
            if name not in dict(state)
            if not any(known <= {name, *dict(state)} for known in found)
            for value in options
        }
        return sorted(grown, key=lambda changes: [(name, str(value)) for name, value in changes])

    def _level(self, states: list[Changes]) -> tuple[list[Changes], list[Changes]]:
        """The smallest flip of each set of features, and the states that came nearest to one."""
        scored = list(zip(states, self._scored(states), strict=True)) if states else []
        flips: dict[frozenset[str], Changes] = {}
        others: list[tuple[float, Changes]] = []
        for state, (label, distance) in scored:
            names = frozenset(name for name, _ in state)
            if label == self._label:
                others.append((distance, state))
            elif names not in flips or self._size(state) < self._size(flips[names]):
                flips[names] = state
        others.sort(key=lambda entry: (entry[0], self._size(entry[1])))
        if len(self._options) > _DEEPER_FEATURES and others:
            self._narrow([state for _, state in others])
        return list(flips.values()), [state for _, state in others[:_BEAM]]

    def _narrow(self, nearest: list[Changes]) -> None:
        """Where there are many features, deeper levels go on with those whose single change helps most."""
        useful = list(dict.fromkeys(name for state in nearest for name, _ in state))[:_DEEPER_FEATURES]
        self._options = {name: self._options[name] for name in useful}

    def _scored(self, states: list[Changes]) -> list[tuple[str, float]]:
        """Label, and how far the positive class's probability is from the threshold."""
        columns = row_columns(self._manifest, self._row)
        columns = {name: np.repeat(column, len(states)) for name, column in columns.items()}
        for place, state in enumerate(states):
            for name, value in state:
                columns[name][place] = value
        scores = score(self._model, columns)
        chance = np.asarray(scores.probabilities)[:, self._manifest.positive_index]
        distances: list[float] = np.abs(chance - self._manifest.threshold).tolist()
        return list(zip(np.asarray(scores.labels).tolist(), distances, strict=True))

    def _smaller(self, changes: Changes) -> Changes:
        """The same features changed less: numbers move back towards what they were while the label holds."""
        for place, (name, value) in enumerate(changes):
            was = self._row.get(name)
            if isinstance(was, str) or isinstance(value, str) or was is None:
                continue
            whole = next(f.dtype for f in self._manifest.features if f.name == name) != "number"
            near, far = float(was), value
            for _ in range(_HALVINGS):
                middle = (near + far) / 2
                middle = float(np.float32(middle)) if not whole else float(round(middle))
                if middle in (near, far):
                    break
                tried = (*changes[:place], (name, middle), *changes[place + 1 :])
                if self._scored([tried])[0][0] == self._label:
                    near = middle
                else:
                    far, changes = middle, tried
        return changes

    def _size(self, changes: Changes) -> tuple[int, float, str]:
        moved = (
            1.0
            if isinstance(value, str)
            else abs(value - float(self._row.get(name) or 0)) / self._spread[name]
            for name, value in changes
        )
        return len(changes), math.fsum(moved), str(changes)

    def _told(self, changes: Changes) -> Counterfactual:
        columns = row_columns(self._manifest, {**self._row, **dict(changes)})
        scores = score(self._model, columns)
        chance = float(np.asarray(scores.probabilities)[0, self._manifest.positive_index])
        told = tuple(Change(name, self._row.get(name), value) for name, value in changes)
        return Counterfactual(told, str(np.asarray(scores.labels)[0]), chance)


def _options(feature: Feature, column: Any, was: Value) -> list[float | str]:  # noqa: ANN401 - a column
    if feature.change == "never":
        return []
    if feature.dtype == "string":
        counted = Counter(text for text in column.tolist() if text not in ("", was))
        return sorted(counted, key=lambda text: (-counted[text], text))[:_MOST_TEXTS]
    return list(_numbers(feature, column, was))


def _numbers(feature: Feature, column: Any, was: Value) -> Iterator[float]:  # noqa: ANN401
    """Quantiles of what was seen, on the side that is allowed: none where it is not known which that is."""
    known = column[~np.isnan(column)]
    if not len(known) or (was is None and feature.change is not None):
        return
    for value in np.unique(np.quantile(known, np.linspace(0, 1, _STEPS), method="nearest")).tolist():
        up = was is None or value > float(was)
        down = was is None or value < float(was)
        if (up and feature.change != "decrease") or (down and feature.change != "increase"):
            yield value


def _spread(column: Any) -> float:  # noqa: ANN401 - a column
    """What counts as a whole change of a number: from the tenth to the ninetieth percentile."""
    if column.dtype.kind != "f":
        return 1.0
    known = column[~np.isnan(column)]
    low, high = np.quantile(known, [0.1, 0.9]) if len(known) else (0.0, 0.0)
    return float(high - low) or 1.0
