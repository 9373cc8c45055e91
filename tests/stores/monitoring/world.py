"""A served model with a baseline, a ledger that scores land in, and the stream that the ledger would send."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.endpoints import Variant
from sluice.domain.model import ModelVersion
from sluice.domain.predictions import ScoredRequest, prediction_id
from sluice.project.schema import canonical, digest, parse_project
from sluice.stores import keys
from sluice.stores.attributes import encode
from sluice.stores.baselines import Watched
from sluice.stores.feedback import FeedbackStore
from sluice.stores.ledger import Ledger
from tests.stores.deployments import MotoDeployment
from tests.unit.monitoring.builders import baseline_of, columns_of, labels_of, outputs_of

TENANT, PROJECT = "default", "credit"
StreamRecord = dict[str, Any]


class Rooms(MotoDeployment, Watched):
    """The three monitoring rooms over one moto deployment."""


def project_document(**monitoring: Any) -> dict[str, Any]:
    columns = [
        {"name": "age", "role": "feature", "dtype": "integer", "minimum": 18},
        {"name": "income", "role": "feature", "dtype": "number"},
        {"name": "channel", "role": "feature", "dtype": "string", "categories": ["web", "branch", "phone"]},
        {"name": "note", "role": "ignored", "dtype": "string"},
        {"name": "answer", "role": "target", "dtype": "string", "categories": ["no", "yes"]},
    ]
    return {
        "name": PROJECT,
        "purpose": "tests",
        "owners": ["ann@example.org"],
        "contract": {"columns": columns, "minimum_rows": 20},
        "target": {"name": "answer", "positive": "yes"},
        "training": {"pipeline": {"model": {"use": "LogisticRegression"}}},
        "evaluation": {"task": "binary", "split": {"by": "hash", "test_fraction": 0.4}},
        "monitoring": monitoring,
    }


@dataclass
class World:
    """`stream` holds what the ledger sent so far, in order."""

    rooms: Rooms
    stream: list[StreamRecord] = field(default_factory=list)
    requests: int = 0

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.rooms.ledger, self.rooms.artefacts, entity_keys=self.rooms.entity_keys)

    def push(self, **monitoring: Any) -> None:
        spec = parse_project(project_document(**monitoring))
        self.rooms.projects.push(
            TENANT,
            PROJECT,
            digest=digest(spec),
            document=canonical(spec).decode(),
            owners=spec.owners,
            purpose=spec.purpose,
            by="ann",
        )

    def serve(self, version: int = 1, training_id: str = "t1") -> None:
        """Register a version with the builders' baseline and let it serve in production."""
        baseline = self.rooms.artefacts.write(
            "artifacts", f"baseline-{version}.json", baseline_of().to_json()
        )
        nothing = ArtefactRef("artifacts", "model.onnx", "v1", "0" * 64, 1)
        model = ModelVersion(
            project=PROJECT,
            version=version,
            training_id=training_id,
            run_id="r1",
            experiment_id="1",
            dataset=nothing,
            code_digest="none",
            project_version=1,
            project_digest="p",
            model_digest="d" * 64,
            report_digest="e" * 64,
            outcome="first",
            requested_by="ann",
            artefacts={"baseline": baseline, "model": nothing, "manifest": nothing},
        )
        self.rooms.models.add(TENANT, model)
        current = self.rooms.endpoints.get(TENANT, PROJECT, "production")
        self.rooms.endpoints.put_revision(
            TENANT,
            PROJECT,
            "production",
            variants=[Variant("champion", version, "d" * 64, 100, model.artefacts)],
            promotion_id="p1",
            change_id=f"change-{version}",
            expected_revision=current.revision if current else 0,
        )

    def score(self, rows: int, *, moved: float = 0.0, version: int = 1, **changes: Any) -> ScoredRequest:
        """Score rows of the builders' world, `income` moved by so much."""
        self.requests += 1
        columns = columns_of(rows, seed=1000 + self.requests)
        outputs = outputs_of(columns)
        request = ScoredRequest(
            request_id=f"01900000-0000-7000-8000-{self.requests:012d}",
            project=PROJECT,
            environment="production",
            created_at=self.rooms.platform.now(),
            revision=1,
            promotion_id="p1",
            variant="champion",
            model_version=version,
            model_digest="d" * 64,
            task="binary",
            rows=rows,
            protocol="oip",
            principal="bob",
            correlation_id="c1",
            features={
                "age": columns["age"].tolist(),
                "income": (columns["income"].astype(np.float64) + moved).tolist(),
                "channel": columns["channel"].tolist(),
            },
            threshold=0.5,
            classes=("no", "yes"),
            probabilities={"no": (1 - outputs).tolist(), "yes": outputs.tolist()},
            labels=["yes" if chance >= 0.5 else "no" for chance in outputs],
        )
        request = replace(request, **changes)
        self.ledger.put(TENANT, request)
        self._send(keys.scored_request(tenant=TENANT, request_id=request.request_id))
        return request

    def label(
        self, request: ScoredRequest, *, turned: bool = False, rows: Sequence[int] | None = None
    ) -> None:
        """Send feedback: labels as the scores say, or turned round."""
        chances = np.array(request.probabilities["yes"], dtype=np.float64)
        truth = labels_of(chances, seed=int(request.request_id[-6:])) != turned
        chosen = range(request.rows) if rows is None else rows
        said = [(prediction_id(request.request_id, row), "yes" if truth[row] else "no") for row in chosen]
        self.say(request, said)

    def say(self, request: ScoredRequest, labels: Sequence[tuple[str, object]]) -> None:
        before = self._feedback(request)
        FeedbackStore(self.rooms.ledger).put(TENANT, PROJECT, labels, principal="bob")
        for order in sorted(self._feedback(request) - before):
            self._send((keys.prediction_partition(tenant=TENANT, request_id=request.request_id), order))

    def _feedback(self, request: ScoredRequest) -> set[str]:
        partition = keys.prediction_partition(tenant=TENANT, request_id=request.request_id)
        return {item["sk"] for item in self.rooms.ledger.query_all(partition, prefix="feedback#")}

    def _send(self, key: tuple[str, str]) -> None:
        table = self.rooms.setting("LEDGER_TABLE")
        found = self.rooms.ledger.client.get_item(
            TableName=table,
            Key={"pk": encode(key[0]), "sk": encode(key[1])},
        )
        self.stream.append(inserted(found["Item"]))


def inserted(raw: Mapping[str, Any]) -> StreamRecord:
    """A stream record as Lambda gets it: bytes as base64 text."""
    image = {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for name, value in raw.items()
    }
    return {"eventName": "INSERT", "dynamodb": {"NewImage": image, "Keys": {}, "SequenceNumber": "1"}}
