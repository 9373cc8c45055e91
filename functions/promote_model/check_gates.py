"""Gates: what must hold before a model version goes anywhere. A gate is a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from functions.promote_model.step import StepInput
from sluice.domain.artefacts import sha256_of
from sluice.domain.errors import IntegrityError, NotFound, Reason
from sluice.domain.model import MAXIMUM_MODEL_BYTES, ModelVersion
from sluice.domain.promotion import OPEN, Gate, Promotion
from sluice.stores.deployment import Deployment
from sluice.workflows.open_promotion import ELIGIBLE


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gates look at: bytes that were read and checked just now."""

    promotion: Promotion
    model: ModelVersion
    report: Mapping[str, Any]
    manifest_digest: str
    report_digest: str


def check_gates(deployment: Deployment, given: StepInput, promotion: Promotion) -> dict[str, Any]:
    """passed, or rejected with the gates that did not hold as reasons."""
    if promotion.status not in OPEN:  # decided while no workflow ran: all that is left is to conclude
        return {"outcome": promotion.status}
    gates = _check(deployment, given.tenant, promotion)
    failed = [gate for gate in gates if not gate.passed]
    outcome = "rejected" if failed else "passed"
    reasons = [asdict(Reason(f"gates.{gate.name}", gate.detail)) for gate in failed]
    deployment.promotions.end_stage(
        given.tenant,
        promotion,
        "check_gates",
        outcome,
        gates=[asdict(gate) for gate in gates],
        **({"reasons": reasons} if reasons else {}),
    )
    return {"outcome": outcome}


def _check(deployment: Deployment, tenant: str, promotion: Promotion) -> list[Gate]:
    model = deployment.models.get(tenant, promotion.project, promotion.model_version)
    try:
        deployment.artefacts.read(model.artefacts["model"])
        manifest = deployment.artefacts.read(model.artefacts["manifest"])
        report = deployment.artefacts.read(model.artefacts["report"])
    except (IntegrityError, NotFound) as error:
        return [Gate("artefacts", False, str(error))]
    evidence = Evidence(promotion, model, json.loads(report), sha256_of(manifest), sha256_of(report))
    return [Gate(name, *holds(evidence)) for name, holds in GATES.items()]


def _artefacts(evidence: Evidence) -> tuple[bool, str]:
    promotion = evidence.promotion
    same = (evidence.manifest_digest, evidence.report_digest) == (
        promotion.model_digest,
        promotion.report_digest,
    )
    return same, f"model {promotion.model_digest[:12]}, report {promotion.report_digest[:12]}"


def _outcome(evidence: Evidence) -> tuple[bool, str]:
    outcome = str(evidence.report["outcome"])
    return outcome in ELIGIBLE, f"evaluated as {outcome}"


def _parity(evidence: Evidence) -> tuple[bool, str]:
    parity = evidence.report["parity"]
    detail = f"largest difference {parity['max_difference']:.2g} over {parity['rows']} rows"
    return bool(parity["passed"]), detail


def _floors(evidence: Evidence) -> tuple[bool, str]:
    floors = evidence.report["floors"]
    missed = [floor["metric"] for floor in floors if not floor["passed"]]
    return not missed, f"missed: {', '.join(missed)}" if missed else f"{len(floors)} reached"


def _bias(evidence: Evidence) -> tuple[bool, str]:
    findings = [
        (entry["attribute"], measure["finding"])
        for entry in evidence.report["bias"]
        for measure in entry["measures"]
    ]
    exceeding = sorted({attribute for attribute, finding in findings if finding == "exceeds"})
    told = ", ".join(
        dict.fromkeys(f"{attribute}: {finding.replace('_', ' ')}" for attribute, finding in findings)
    )
    return not exceeding, told or "no protected attribute"


def _size(evidence: Evidence) -> tuple[bool, str]:
    size = evidence.model.artefacts["model"].size
    return size <= MAXIMUM_MODEL_BYTES, f"{size} bytes of at most {MAXIMUM_MODEL_BYTES}"


GATES: Mapping[str, Callable[[Evidence], tuple[bool, str]]] = {
    "artefacts": _artefacts,
    "outcome": _outcome,
    "parity": _parity,
    "floors": _floors,
    "bias": _bias,
    "size": _size,
}
