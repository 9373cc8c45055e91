"""The predict room over memory: real models, real codecs, tables and buckets that a test can break."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from functions.predict.door import answer
from functions.predict.endpoint_cache import EndpointCache
from functions.predict.explaining import Explaining
from functions.predict.model_source import ModelSource
from functions.predict.serving import Serving
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.endpoints import Endpoint, Variant
from sluice.domain.errors import IntegrityError, NotFound, Unavailable
from sluice.domain.model import ModelVersion
from sluice.domain.predictions import ScoredRequest
from sluice.scoring.sessions import ModelCache
from tests.unit.scoring import models

ROW = {"age": 60, "purpose": "car", "foreign": False}


@dataclass
class Bucket:
    """Objects by key; reads are counted, and can be made to fail."""

    objects: dict[str, bytes] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    down: bool = False

    def put(self, key: str, content: bytes) -> ArtefactRef:
        self.objects[key] = content
        return ArtefactRef("artifacts", key, "v1", hashlib.sha256(content).hexdigest(), len(content))

    def read(self, ref: ArtefactRef) -> bytes:
        self.reads.append(ref.key)
        if self.down:
            raise Unavailable("the bucket does not answer")
        if ref.key not in self.objects:
            raise NotFound(f"{ref.key} does not exist")
        if hashlib.sha256(self.objects[ref.key]).hexdigest() != ref.sha256:
            raise IntegrityError(f"{ref.key} is not what was recorded")
        return self.objects[ref.key]


@dataclass
class LedgerInMemory:
    requests: dict[str, ScoredRequest] = field(default_factory=dict)
    full: bool = False

    def get(self, tenant: str, request_id: str) -> ScoredRequest | None:
        return self.requests.get(request_id) if tenant == "default" else None

    def put(self, tenant: str, request: ScoredRequest) -> None:
        if self.full:
            raise Unavailable("the ledger cannot be written")
        self.requests[request.request_id] = request


@dataclass
class Room:
    """`credit` serves in production, `rentals` (a regression) in staging; `empty` serves nowhere."""

    bucket: Bucket = field(default_factory=Bucket)
    ledger: LedgerInMemory = field(default_factory=LedgerInMemory)
    endpoints: dict[tuple[str, str], Endpoint] = field(default_factory=dict)
    seconds: float = 0.0
    table_down: bool = False
    lookups: int = 0
    findings: list[str] = field(default_factory=list)
    versions: dict[tuple[str, int], ModelVersion] = field(default_factory=dict)

    def __post_init__(self) -> None:
        onnx_bytes = models.credit_onnx()
        self.promote("credit", "production", self.variant(1, onnx_bytes, models.credit_manifest(onnx_bytes)))
        value = models.value_onnx()
        self.promote("rentals", "staging", self.variant(1, value, models.value_manifest(value), name="r"))
        self.serving = Serving(
            endpoints=EndpointCache(self._read_endpoint, lambda: self.seconds),
            source=ModelSource(ModelCache(self.bucket.read, budget=1 << 30)),
            ledger=self.ledger,
            knows_project=lambda tenant, project: (
                tenant == "default" and project in ("credit", "rentals", "empty")
            ),
            clock=lambda: datetime(2026, 11, 23, 10, tzinfo=UTC),
            explaining=Explaining(
                self.bucket.read,
                self.ledger.get,
                lambda _tenant, project, version: self.versions[project, version],
                lambda _tenant, _request, prediction_id: self.findings.append(prediction_id),
            ),
        )

    def variant(
        self, version: int, onnx_bytes: bytes, manifest: bytes, weight: int = 100, name: str = "c"
    ) -> Variant:
        refs = {
            "model": self.bucket.put(f"{name}/{version}/model.onnx", onnx_bytes),
            "manifest": self.bucket.put(f"{name}/{version}/model.json", manifest),
        }
        return Variant(f"v{version}", version, refs["manifest"].sha256, weight, refs)

    def credit_variant(self, version: int, weight: int = 100, **changes: Any) -> Variant:
        onnx_bytes = models.credit_onnx()
        return self.variant(version, onnx_bytes, models.credit_manifest(onnx_bytes, **changes), weight)

    def promote(self, project: str, environment: str, *variants: Variant) -> None:
        before = self.endpoints.get((project, environment))
        first = Endpoint(project, environment, 0, "salt", (), "p1", "", "2026-11-23T09:00:00.000Z")
        self.endpoints[project, environment] = dataclasses.replace(
            before or first, variants=variants, revision=(before or first).revision + 1
        )

    def _read_endpoint(self, tenant: str, project: str, environment: str) -> Endpoint | None:
        self.lookups += 1
        if self.table_down:
            raise Unavailable("throttled")
        return self.endpoints.get((project, environment)) if tenant == "default" else None

    def ask(self, event: dict[str, Any]) -> Reply:
        return Reply(answer(self.serving, event))

    def post(self, path: str, body: object, **headers: str) -> Reply:
        return self.ask(event("POST", path, body, headers=headers))

    def get(self, path: str) -> Reply:
        return self.ask(event("GET", path))

    def invoke(self, body: object = None, **headers: str) -> Reply:
        return self.post("/endpoints/credit/production/invocations", body or {"instances": [ROW]}, **headers)

    @property
    def recorded(self) -> ScoredRequest:
        """The last request in the ledger."""
        return list(self.ledger.requests.values())[-1]


@dataclass(frozen=True)
class Reply:
    raw: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.raw["statusCode"])

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.raw["headers"])

    @property
    def content(self) -> bytes:
        body = self.raw["body"]
        return base64.b64decode(body) if self.raw["isBase64Encoded"] else body.encode()

    @property
    def json(self) -> Any:
        return json.loads(self.content)


def event(
    method: str,
    path: str,
    body: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    roles: str | None = "invoker",
    projects: str = "*",
    tenant: str = "default",
) -> dict[str, Any]:
    """An HTTP API event (payload 2.0). Bytes travel in base64, as the gateway sends what is no text."""
    context: dict[str, Any] = {"http": {"method": method, "path": path}, "requestId": "gateway-1"}
    if roles is not None:
        caller = {
            "tenant": tenant,
            "principal": "anna",
            "roles": roles,
            "projects": projects,
            "token_id": "t1",
        }
        context["authorizer"] = {"lambda": caller}
    path, _, query = path.partition("?")
    made: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "queryStringParameters": dict(parse_qsl(query)),
        "headers": {name.lower().replace("_", "-"): value for name, value in (headers or {}).items()},
        "requestContext": context,
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        text = body if isinstance(body, str) else json.dumps(body) if not isinstance(body, bytes) else None
        made["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else text
    return made
