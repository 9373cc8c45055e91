"""What was answered elsewhere, by bundles of this deployment's models: into the ledger, each record once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, shown
from sluice.domain.endpoints import EDGE
from sluice.domain.errors import Conflict, Invalid, NotFound
from sluice.domain.model import ModelVersion
from sluice.domain.predictions import ScoredRequest, parse_prediction_id
from sluice.domain.travelling import FINDING, read_travelling
from sluice.scoring.manifest import Manifest
from sluice.stores.findings import report_protected

MOST_RECORDS = 200

Device = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class SendRecords(Body):
    """`records` as the server of a bundle writes them; `device` becomes their variant."""

    device: Device
    records: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_RECORDS)


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that will never be taken, and why."""

    request_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Brought:
    """`accepted` records are in the ledger now, or were before; the others need not be sent again."""

    accepted: int
    rejected: tuple[RefusedRecord, ...]


def bring(call: Call, body: SendRecords) -> Json:
    """Take every record that fits. The same records again change nothing."""
    rejected: list[RefusedRecord] = []

    @cache
    def known(version: int) -> tuple[ModelVersion, Manifest]:
        model = call.platform.models.get(call.tenant, call.project, version)
        return model, Manifest.parse(call.platform.artefacts.read(model.artefacts["manifest"]))

    for document in body.records:
        try:
            request = read_travelling(document)
            model, manifest = known(request.model_version)
            _check(request, call.project, model, manifest)
            kept = _at_home(request, call, body.device, manifest)
            call.platform.predictions.put(call.tenant, kept)
            _report(call, kept, document.get(FINDING))
        except (Invalid, NotFound, Conflict) as error:
            rejected.append(RefusedRecord(str(document.get("request_id", ""))[:80], str(error)))
    accepted = len(body.records) - len(rejected)
    call.record(
        call.project,
        "edge.predictions",
        f"device:{body.device}",
        accepted=accepted,
        rejected=len(rejected),
    )
    return shown(Brought(accepted, tuple(rejected)))


def _report(call: Call, request: ScoredRequest, finding: object) -> None:
    """What the device found when it explained a prediction of this record: once, as everywhere."""
    if finding is None:
        return
    if not isinstance(finding, str) or parse_prediction_id(finding)[0] != request.request_id:
        raise Invalid(f"{FINDING} names no prediction of the record")
    report_protected(call.platform.audit, call.tenant, request, finding)


def _check(request: ScoredRequest, project: str, model: ModelVersion, manifest: Manifest) -> None:
    """A record is of this project, and of a model that is what the registry says it is."""
    if request.project != project:
        raise Invalid(f"the record is of project {request.project[:80]!r}")
    if request.model_digest != model.model_digest:
        raise Invalid(f"version {model.version} is another model than the one that answered")
    if set(request.features) != set(manifest.feature_names):
        raise Invalid("the record's features are not the model's")
    if request.promotion_id not in {"", *model.promotions.values()}:
        raise Invalid(f"version {model.version} has no promotion {request.promotion_id[:80]!r}")


def _at_home(request: ScoredRequest, call: Call, device: str, manifest: Manifest) -> ScoredRequest:
    """Who sent it is known here, and which fields are personal; edge is no environment of ours."""
    return dataclasses.replace(
        request,
        environment=EDGE,
        variant=device,
        revision=0,
        principal=call.caller.principal,
        personal=manifest.personal,
    )


ROUTES = (
    Route(
        "POST",
        "/projects/{project}/edge-predictions",
        "edge.send",
        "Predictions that a bundle of a model of this project made elsewhere",
        accepting(SendRecords, bring),
        answer=Brought,
        body=SendRecords,
    ),
)
