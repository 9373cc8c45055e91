"""Findings about single predictions, where those who answer for a model see them: in the audit."""

from __future__ import annotations

from sluice.domain.predictions import ScoredRequest
from sluice.stores.audit import AuditStore


def report_protected(audit: AuditStore, tenant: str, request: ScoredRequest, prediction_id: str) -> None:
    """Once a prediction, however often it is explained: a protected attribute ranks among its reasons.

    Which attribute and which value it has stays with the prediction: the audit holds no personal data.
    """
    audit.record(
        tenant,
        request.project,
        actor="sluice",
        action="finding.protected_ranked",
        subject=f"prediction:{prediction_id}",
        correlation_id=request.correlation_id,
        details={
            "environment": request.environment,
            "model_version": request.model_version,
            "model_digest": request.model_digest,
        },
        event_id=f"{prediction_id}.protected_ranked",
    )
