"""An answer as the ledger keeps it."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice.domain.predictions import Cells, ScoredRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.predict.serving import Scored


_FEW = 50
"""Cells that are looked at faster one by one."""


def record_of(scored: Scored) -> ScoredRequest:
    """The ledger's record of this answer."""
    manifest, scores, endpoint = scored.served.model.manifest, scored.scores, scored.endpoint
    return ScoredRequest(
        request_id=scored.call.request_id,
        project=endpoint.project,
        environment=endpoint.environment,
        created_at=scored.created_at,
        revision=endpoint.revision,
        promotion_id=endpoint.promotion_id,
        variant=scored.served.variant.name,
        model_version=scored.served.variant.model_version,
        model_digest=manifest.digest,
        task=manifest.task,
        rows=scored.rows.count,
        protocol=scored.ask.protocol,
        principal=scored.caller.principal,
        correlation_id=scored.call.correlation_id,
        features={name: _cells(column) for name, column in scored.rows.columns.items()},
        threshold=manifest.threshold if manifest.task == "binary" else None,
        classes=manifest.classes,
        probabilities=_by_class(manifest.classes, scores.probabilities),
        labels=[] if scores.labels is None else scores.labels.tolist(),
        values=[] if scores.values is None else _cells(scores.values),
        accompanying=scored.rows.accompanying,
        client_id=scored.ask.client_id,
        entity=scored.entity,
        timings=scored.timings,
        personal=manifest.personal,
    )


def _by_class(classes: tuple[str, ...], probabilities: NDArray[np.float64] | None) -> dict[str, Cells]:
    if probabilities is None:
        return {}
    return {name: _cells(probabilities[:, place]) for place, name in enumerate(classes)}


def _cells(column: NDArray[Any]) -> Cells:
    """Plain values, None for missing."""
    if column.dtype.kind != "f":
        return [cell or None for cell in column.tolist()]
    if len(column) > _FEW and not np.isnan(column).any():
        return array("d", np.asarray(column, np.float64).tobytes())
    return [None if cell != cell else cell for cell in column.tolist()]  # noqa: PLR0124
