"""One ledger record as archive lines and additive counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from functions.archive_predictions.read_records import Record
from sluice.domain.baseline import Baseline, Outputs
from sluice.domain.counts import Counts
from sluice.domain.errors import IntegrityError
from sluice.domain.frames import Column
from sluice.domain.predictions import Cells, Feedback, Label, ScoredRequest, prediction_id
from sluice.stores.archive_lines import sealed_line
from sluice.stores.baselines import Watched
from sluice.stores.ledger_items import decode_feedback

Kind = Literal["predictions", "feedback"]
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one record adds: `lines` to the archive, `counts` to the model version's totals."""

    record: Record
    kind: Kind
    project: str
    environment: str
    model_version: int
    at: str
    lines: tuple[Line, ...]
    counts: Counts


def count_record(archive: Watched, record: Record) -> Counted:
    """Raises IntegrityError, NotFound, KeyError, TypeError or ValueError for a record that makes no sense."""
    item = record.item
    if record.kind == "request":
        return _scored(archive, record, archive.predictions.decode(record.tenant, item))
    return _labelled(archive, record, decode_feedback(item))


def _scored(archive: Watched, record: Record, request: ScoredRequest) -> Counted:
    baseline = archive.baselines.find(record.tenant, request.project, request.model_version)
    counts = Counts()
    if baseline:
        gone = request.personal if request.forgotten else ()
        columns = {name: _column(cells) for name, cells in request.features.items() if name not in gone}
        counts = baseline.count_rows(columns, _outputs(baseline, request))
    return Counted(
        record=record,
        kind="predictions",
        project=request.project,
        environment=request.environment,
        model_version=request.model_version,
        at=request.created_at,
        lines=_row_lines(archive, record.tenant, request, range(request.rows)),
        counts=counts,
    )


def _labelled(archive: Watched, record: Record, feedback: Feedback) -> Counted:
    """A label counts for its row; it takes back the label that was said of the same row before it."""
    story = archive.predictions.story(record.tenant, record.request_id)
    if story is None:
        raise IntegrityError("feedback for a request that is not in the ledger")
    earlier = [entry for entry in story.history if entry.feedback_id < feedback.feedback_id]
    earlier.sort(key=lambda entry: entry.feedback_id)
    before: dict[int, Label] = {row: label for entry in earlier for row, label in entry.labels.items()}
    replaced = {row: before[row] for row in feedback.labels if row in before}
    baseline = archive.baselines.find(record.tenant, feedback.project, feedback.model_version)
    counts = Counts()
    if baseline:
        outputs = _outputs(baseline, story.request)
        counts = _label_counts(baseline, outputs, feedback.labels) - _label_counts(
            baseline, outputs, replaced
        )
    first_said = {row: entry.created_at for entry in reversed(earlier) for row in entry.labels}
    return Counted(
        record=record,
        kind="feedback",
        project=feedback.project,
        environment=feedback.environment,
        model_version=feedback.model_version,
        at=feedback.created_at,
        lines=tuple(
            {
                **line,
                "feedback_id": feedback.feedback_id,
                "labelled_at": feedback.created_at,
                "first_labelled_at": first_said.get(row, feedback.created_at),
                "truth": label,
            }
            for line, (row, label) in zip(
                _row_lines(archive, record.tenant, story.request, feedback.labels),
                feedback.labels.items(),
                strict=True,
            )
        ),
        counts=counts,
    )


def _label_counts(baseline: Baseline, outputs: Outputs, labels: Mapping[int, Label]) -> Counts:
    if not labels:
        return Counts()
    truth = np.array([_truth(baseline, label) for label in labels.values()], dtype=np.float64)
    return baseline.count_labels(outputs[list(labels)], truth)


def _truth(baseline: Baseline, label: Label) -> float:
    if baseline.task == "regression":
        return float(label)
    if baseline.task == "binary":
        return float(str(label) == baseline.positive_class)
    return float(baseline.classes.index(str(label)))


def _outputs(baseline: Baseline, request: ScoredRequest) -> Outputs:
    if baseline.task == "regression":
        return _numbers(request.values)
    if baseline.task == "binary":
        return _numbers(request.probabilities[baseline.positive_class or ""])
    return np.stack([_numbers(request.probabilities[name]) for name in baseline.classes], axis=1)


def _column(cells: Cells) -> Column:
    if any(isinstance(cell, str) for cell in cells):
        return np.array(["" if cell is None else str(cell) for cell in cells], dtype=np.str_)
    return _numbers(cells)


def _numbers(cells: Cells) -> NDArray[np.float64]:
    return np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)


def _row_lines(
    archive: Watched, tenant: str, request: ScoredRequest, rows: Iterable[int]
) -> tuple[Line, ...]:
    key = archive.predictions.stored_key(tenant, request)
    return tuple(sealed_line(_row_line(request, row), request.personal, key) for row in rows)


def _row_line(request: ScoredRequest, row: int) -> dict[str, Any]:
    line: dict[str, Any] = {
        "prediction_id": prediction_id(request.request_id, row),
        "predicted_at": request.created_at,
        "variant": request.variant,
        "model_version": request.model_version,
        "features": request.row(row),
    }
    for name in ("accompanying", "probabilities"):
        columns: Mapping[str, Sequence[Any]] = getattr(request, name)
        if columns:
            line[name] = {key: cells[row] for key, cells in columns.items()}
    if request.labels:
        line["label"] = request.labels[row]
    if request.values:
        line["value"] = request.values[row]
    return line
