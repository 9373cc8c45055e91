"""The story of a prediction: what was answered, by which model made from what, let through by whom, and why.

Two DynamoDB requests (four are allowed): the ledger partition, then model and promotion together. The
manifest, which explains the score, is one S3 read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from functions.manage_platform.routes import PREFIX, Call, Json, Route
from sluice.domain.errors import IntegrityError, Invalid, NotFound
from sluice.domain.lineage import (
    Edge,
    code_node,
    dataset_node,
    endpoint_node,
    model_node,
    project_node,
    promotion_node,
    training_node,
)
from sluice.domain.model import ModelVersion
from sluice.domain.predictions import ScoredRequest, parse_prediction_id
from sluice.domain.promotion import Promotion
from sluice.scoring.explanation import explain_row
from sluice.scoring.manifest import Manifest
from sluice.stores import keys
from sluice.stores.findings import report_protected
from sluice.stores.ledger import Story
from sluice.stores.records import from_item
from sluice.web.permissions import require


@dataclass(frozen=True, slots=True)
class PredictionStory:
    """`output`: probability by class and label, or value. `inputs` and `explanation` leave protected out.

    `forgotten` names inputs whose key was deleted: their values are null, and nothing explains the score.
    `feedback` is what turned out to be true, None while nobody said. `lineage` leads from data to row.
    """

    prediction_id: str
    project: str
    environment: str
    at: str
    output: dict[str, Any]
    threshold: float | None
    model: dict[str, Any]
    dataset: dict[str, Any]
    code_digest: str
    project_version: int
    project_digest: str
    approval: dict[str, Any]
    inputs: dict[str, Any]
    forgotten: list[str]
    explanation: dict[str, Any] | None
    feedback: dict[str, Any] | None
    lineage: list[dict[str, str]]
    request: dict[str, Any]
    links: dict[str, str]


@dataclass(frozen=True, slots=True)
class PredictionExplanation:
    """The same bits whenever it is asked for, while `runtime` is the same: `seed` follows from the prediction
    and the model. `counterfactuals` only where they were asked for.
    """

    prediction_id: str
    model_version: int
    model_digest: str
    seed: str
    runtime: str
    explanation: dict[str, Any]
    counterfactuals: dict[str, Any] | None


def explain(call: Call) -> Json:
    """The gateway leads this address to the function that has the models in memory; never here."""
    raise NotFound(f"{call.path['prediction_id']} is explained by the scoring function")


def show(call: Call) -> Json:
    story, row = _find(call)
    request = story.request
    require(call.caller, call.action, request.project)
    model, promotion = _made_by(call, request)
    manifest = _manifest(call, model)
    explanation = None if request.forgotten else explain_row(manifest, request.row(row))
    if explanation and explanation.protected_ranked:
        report_protected(call.platform.audit, call.tenant, request, call.path["prediction_id"])
    return {
        "prediction_id": call.path["prediction_id"],
        "project": request.project,
        "environment": request.environment,
        "at": request.created_at,
        "output": _output(request, row),
        "threshold": request.threshold,
        "model": _model(request, model),
        "dataset": asdict(model.dataset),
        "code_digest": model.code_digest,
        "project_version": model.project_version,
        "project_digest": model.project_digest,
        "approval": _approval(promotion),
        "inputs": {name: value for name, value in request.row(row).items() if name not in manifest.protected},
        "forgotten": _forgotten(manifest, request),
        "explanation": asdict(explanation) if explanation else None,
        "feedback": _feedback(story, row),
        "lineage": [asdict(edge) for edge in _lineage(request, model, promotion)],
        "request": {
            "request_id": request.request_id,
            "row": row,
            "rows": request.rows,
            "protocol": request.protocol,
            "principal": request.principal,
            "correlation_id": request.correlation_id,
            "client_id": request.client_id,
            "milliseconds": dict(request.timings),
        },
        "links": {"explanation": f"{PREFIX}/predictions/{call.path['prediction_id']}/explanation"},
    }


def _find(call: Call) -> tuple[Story, int]:
    unknown = NotFound("there is no such prediction")
    try:
        request_id, row = parse_prediction_id(call.path["prediction_id"])
    except Invalid as error:
        raise unknown from error
    story = call.platform.predictions.story(call.tenant, request_id)
    if story is None or row >= story.request.rows:
        raise unknown
    return story, row


def _made_by(call: Call, request: ScoredRequest) -> tuple[ModelVersion, Promotion | None]:
    """No promotion stands behind a version that was exported without one."""
    names = {"tenant": call.tenant, "project": request.project}
    model_key = keys.model(version=request.model_version, **names)
    promotion_key = keys.record(kind="promotion", record_id=request.promotion_id, **names)
    wanted = [model_key, promotion_key] if request.promotion_id else [model_key]
    found = call.platform.records.get_many(wanted)
    if len(found) != len(wanted):
        raise IntegrityError("the model version or the promotion behind this prediction is gone")
    promotion = from_item(Promotion, found[promotion_key]) if request.promotion_id else None
    return from_item(ModelVersion, found[model_key]), promotion


def _manifest(call: Call, model: ModelVersion) -> Manifest:
    try:
        return Manifest.parse(call.platform.artefacts.read(model.artefacts["manifest"]))
    except (KeyError, NotFound) as error:
        raise IntegrityError("the manifest of this prediction's model is gone") from error


def _output(request: ScoredRequest, row: int) -> Json:
    if request.task == "regression":
        return {"value": request.values[row]}
    probability = {name: cells[row] for name, cells in request.probabilities.items()}
    return {"probability": probability, "label": request.labels[row]}


def _model(request: ScoredRequest, model: ModelVersion) -> Json:
    return {
        "name": model.project,
        "version": model.version,
        "digest": request.model_digest,
        "report_digest": model.report_digest,
        "outcome": model.outcome,
        "run_id": model.run_id,
        "training_id": model.training_id,
        "variant": request.variant,
        "endpoint_revision": request.revision,
    }


def _approval(promotion: Promotion | None) -> Json:
    if promotion is None:
        return {"promotion_id": None, "approved_by": [], "decisions": [], "status": "exported"}
    decisions = [asdict(each) for each in promotion.decisions]
    return {
        "promotion_id": promotion.promotion_id,
        "requested_by": promotion.requested_by,
        "required": promotion.approvals_required,
        "approved_by": [each["principal"] for each in decisions if each["decision"] == "approve"],
        "decisions": decisions,
        "status": promotion.status,
    }


def _forgotten(manifest: Manifest, request: ScoredRequest) -> list[str]:
    shown = [name for name in request.personal if name in request.features and name not in manifest.protected]
    return shown if request.forgotten else []


def _feedback(story: Story, row: int) -> Json | None:
    if row not in story.labels:
        return None
    said = [
        {"label": each.labels[row], "at": each.created_at, "principal": each.principal}
        for each in story.history
        if row in each.labels
    ]
    return {"label": story.labels[row], "history": said}


def _lineage(request: ScoredRequest, model: ModelVersion, promotion: Promotion | None) -> list[Edge]:
    """The edges that the workflows recorded, told from the records: reading them would cost requests."""
    training = training_node(model.training_id)
    version = model_node(model.project, model.version)
    endpoint = endpoint_node(request.environment, request.revision)
    promoted = (
        [] if promotion is None else [Edge(version, "promoted_by", promotion_node(promotion.promotion_id))]
    )
    return [
        Edge(dataset_node(model.dataset.sha256), "trained", training),
        Edge(code_node(model.code_digest), "trained", training),
        Edge(project_node(model.project_digest), "described", training),
        Edge(training, "made", version),
        *promoted,
        Edge(version, "serves", endpoint),
        Edge(endpoint, "answered", f"prediction:{request.request_id}"),
    ]


ROUTES = (
    Route(
        "GET",
        "/predictions/{prediction_id}",
        "prediction.read",
        "How did they land on this score?",
        show,
        answer=PredictionStory,
    ),
    Route(
        "GET",
        "/predictions/{prediction_id}/explanation",
        "prediction.read",
        "What moved this score, and what would have changed the decision",
        explain,
        answer=PredictionExplanation,
        query=("counterfactuals", "class"),
    ),
)
