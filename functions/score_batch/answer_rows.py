"""Rows of a sheet scored by what scores online; one that cannot be is found by halving, and keeps no other
from its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.score_batch.read_rows import Sheet
from sluice.domain.counts import Counts
from sluice.domain.errors import Invalid
from sluice.scoring.model import LoadedModel, Scores, score
from sluice.scoring.signature import Columns, Table, enforce

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sluice.domain.baseline import Baseline


@dataclass
class Answers:
    """For each row of a sheet: `numbers` (probabilities by class, or the value) and `labels`. A row that
    failed has NaN and '', and its place in `failures`.
    """

    numbers: NDArray[np.float64]
    labels: NDArray[np.object_]
    failures: dict[int, Invalid] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)


def answer_rows(model: LoadedModel, sheet: Sheet, baseline: Baseline | None) -> Answers:
    """Every row's answer, or why it has none."""
    answers = Answers(
        np.full((sheet.rows, len(model.manifest.classes) or 1), np.nan),
        np.full(sheet.rows, "", dtype=np.object_),
        {place: Invalid(message) for place, message in sheet.unreadable.items()},
    )
    for start, found in _scored(model, sheet.table, 0):
        if isinstance(found, Invalid):
            answers.failures[int(sheet.places[start])] = found
            continue
        scores, columns = found
        places = sheet.places[start : start + scores.rows]
        outputs = scores.probabilities if scores.values is None else scores.values.reshape(-1, 1)
        answers.numbers[places] = outputs
        if scores.labels is not None:
            answers.labels[places] = scores.labels
        if baseline:
            answers.counts += _count(baseline, model, columns, scores)
    return answers


def _scored(
    model: LoadedModel, table: Table, start: int
) -> Iterator[tuple[int, tuple[Scores, Columns] | Invalid]]:
    """From `start` on, stretches of rows with their scores, and single rows with what is wrong."""
    if not table.rows:
        return
    try:
        rows = enforce(model.manifest, table)
        found = score(model, rows.columns)
    except Invalid as error:
        if table.rows == 1:
            yield start, error
            return
        middle = table.rows // 2
        yield from _scored(model, _slice(table, 0, middle), start)
        yield from _scored(model, _slice(table, middle, table.rows), start + middle)
    else:
        yield start, (found, rows.columns)


def _slice(table: Table, start: int, end: int) -> Table:
    columns = {name: cells[start:end] for name, cells in table.columns.items()}
    return Table(columns, end - start, table.textual)


def _count(baseline: Baseline, model: LoadedModel, columns: Columns, scores: Scores) -> Counts:
    """What monitoring counts of a prediction, whichever way it was asked for."""
    texts: dict[str, Any] = {
        name: column.astype(np.str_) if column.dtype.kind == "O" else column
        for name, column in columns.items()
    }
    if scores.probabilities is None:
        return baseline.count_rows(texts, np.asarray(scores.values))
    if baseline.task == "binary":
        return baseline.count_rows(texts, scores.probabilities[:, model.manifest.positive_index])
    order = [model.manifest.classes.index(name) for name in baseline.classes]
    return baseline.count_rows(texts, scores.probabilities[:, order])
