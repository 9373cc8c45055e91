"""Smoke test: the model that staging serves now, loaded as serving loads it, answers as it was evaluated."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from functions.promote_model.step import StepInput
from sluice.domain import frames, parity
from sluice.domain.clock import parse_time
from sluice.domain.errors import IntegrityError, Invalid, NotFound, Reason
from sluice.domain.promotion import Promotion
from sluice.scoring.model import LoadedModel, score
from sluice.scoring.sessions import resident_bytes
from sluice.stores.deployment import Deployment

LIMITS = {"load_milliseconds": 5_000, "load_bytes": 600_000_000}
"""Serving has 1,769 MB, gives half to models, and must answer within 29 s even where it loads one first."""


def smoke_test(deployment: Deployment, given: StepInput, promotion: Promotion) -> dict[str, Any]:
    """passed, rejected, or approved where nobody has to be asked (any more).

    `approval_seconds` is how long the state machine waits for an approval after it.
    """
    try:
        found = _answer(deployment, given.tenant, promotion)
    except (IntegrityError, Invalid, NotFound) as error:
        reasons = [asdict(Reason("smoke_test", str(error)))]
        deployment.promotions.end_stage(given.tenant, promotion, "smoke_test", "rejected", reasons=reasons)
        return {"outcome": "rejected", "approval_seconds": 1}
    approved = promotion.status == "approved" or not promotion.approvals_required
    deployment.promotions.end_stage(
        given.tenant,
        promotion,
        "smoke_test",
        "passed",
        details={**promotion.details, "smoke_test": found},
        **({"status": "approved"} if approved else {}),
    )
    return {
        "outcome": "approved" if approved else "passed",
        "approval_seconds": _seconds(deployment, promotion),
    }


def _answer(deployment: Deployment, tenant: str, promotion: Promotion) -> dict[str, float]:
    """Rows whose answers were compared, milliseconds for one, and what loading took: processor milliseconds
    and bytes. Invalid where answers differ, or where serving could not keep the model beside others.
    """
    model, expected, loading = _served(deployment, tenant, promotion)
    # All of them: how large a difference of values is depends on how far the values spread.
    scores = score(model, expected.frame)
    answered = scores.values.reshape(-1, 1) if scores.values is not None else scores.probabilities
    if answered is None:
        raise Invalid("the model answers nothing")
    compared = parity.compare(expected.expected, answered, task=model.manifest.task)
    if not compared.passed:
        raise Invalid(compared.reason().message)
    started = time.perf_counter()
    score(model, frames.take(expected.frame, slice(0, 1)))
    took = round((time.perf_counter() - started) * 1000, 3)
    return {"rows": compared.rows, "milliseconds": took, **loading}


def _served(
    deployment: Deployment, tenant: str, promotion: Promotion
) -> tuple[LoadedModel, parity.ParitySet, dict[str, float]]:
    """What the first environment serves; the candidate itself where the path has one environment only."""
    model = deployment.models.get(tenant, promotion.project, promotion.model_version)
    artefacts = model.artefacts
    if len(promotion.path) > 1:
        endpoint = deployment.endpoints.get(tenant, promotion.project, promotion.path[0])
        if endpoint is None:
            raise NotFound(f"nothing serves in {promotion.path[0]}")
        artefacts = endpoint.variants[0].artefacts
    loaded, loading = _load(
        deployment.artefacts.read(artefacts["model"]), deployment.artefacts.read(artefacts["manifest"])
    )
    expected = parity.ParitySet.from_bytes(deployment.artefacts.read(model.artefacts["parity"]))
    return loaded, expected, loading


def _load(onnx_bytes: bytes, manifest_bytes: bytes) -> tuple[LoadedModel, dict[str, float]]:
    """The model, and what it took here. Memory that an earlier model left behind hides growth: it is a
    lower bound.
    """
    memory, started = resident_bytes(), time.process_time()
    model = LoadedModel.load(onnx_bytes, manifest_bytes)
    took = {
        "load_milliseconds": round((time.process_time() - started) * 1000, 1),
        "load_bytes": max(0, resident_bytes() - memory),
    }
    for name, limit in LIMITS.items():
        if took[name] > limit:
            raise Invalid(f"{name} is {took[name]:.0f}: serving takes models of at most {limit}")
    return model, took


def _seconds(deployment: Deployment, promotion: Promotion) -> int:
    """Whole seconds until the approval expires; a workflow that was started again keeps the first date."""
    if promotion.expires_on is None:
        return int(promotion.approval_hours * 3600)
    left = parse_time(promotion.expires_on) - deployment.platform.clock()
    return max(1, int(left.total_seconds()))
