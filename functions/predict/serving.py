"""From a call to recorded scores: the steps that every protocol shares."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from functions.predict.answers import Answer, within_limits
from functions.predict.record import record_of
from sluice.domain.clock import Clock, format_time
from sluice.domain.endpoints import Endpoint, Variant, choose_variant, hidden_entity
from sluice.domain.errors import Conflict, NotFound
from sluice.domain.predictions import ScoredRequest, prediction_id
from sluice.scoring.model import Scores, score
from sluice.scoring.signature import Rows, Table, enforce
from sluice.web.observability import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.predict.call import Call
    from functions.predict.explaining import Explaining
    from functions.predict.model_source import ModelSource, Served
    from sluice.scoring.manifest import Manifest
    from sluice.web.caller import Caller


class FindsEndpoints(Protocol):
    def get(self, tenant: str, project: str, environment: str) -> Endpoint | None:
        """What serves there now; Unavailable where that cannot be known."""


class KeepsRequests(Protocol):
    def put(self, tenant: str, request: ScoredRequest) -> None:
        """Durable when it returns; Unavailable otherwise."""


@dataclass(frozen=True)
class Serving:
    """What the doors work with. `knows_project` is asked only where no endpoint is found; a server
    without `explaining` scores only.
    """

    endpoints: FindsEndpoints
    source: ModelSource
    ledger: KeepsRequests
    knows_project: Callable[[str, str], bool]
    clock: Clock
    explaining: Explaining | None = None

    def endpoint(self, tenant: str, project: str, environment: str) -> Endpoint:
        """NotFound for an unknown project, Conflict for one that nothing serves of in the environment."""
        found = self.endpoints.get(tenant, project, environment)
        if found is not None:
            return found
        if not self.knows_project(tenant, project):
            raise NotFound(f"there is no model {project!r}")
        raise Conflict(f"no version of {project!r} serves in {environment!r}: promote one first")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a protocol understood without knowing the model: `read` gives the rows once it is known."""

    protocol: str
    read: Callable[[Manifest], Table]
    version: str | None = None
    entity: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything about one answer. `timings` in milliseconds."""

    call: Call
    caller: Caller
    endpoint: Endpoint
    served: Served
    rows: Rows
    scores: Scores
    ask: Ask
    entity: str | None
    created_at: str
    timings: dict[str, float]

    @property
    def ids(self) -> str:
        """The prediction ids, first-last."""
        first, last = (
            prediction_id(self.call.request_id, 0),
            prediction_id(self.call.request_id, self.rows.count - 1),
        )
        return first if first == last else f"{first}-{last}"


def answer_scored(
    serving: Serving,
    call: Call,
    caller: Caller,
    endpoint: Endpoint,
    ask: Ask,
    write: Callable[[Scored], Answer],
) -> Answer:
    """Choose, load, check, score, write the answer, make it durable: only then it may leave."""
    started = time.perf_counter()
    entity = call.headers.get("x-sluice-entity") or ask.entity
    served = _served(serving, caller.tenant, endpoint, ask.version, entity or call.request_id)
    loaded = time.perf_counter()
    rows = enforce(served.model.manifest, ask.read(served.model.manifest))
    read = time.perf_counter()
    scores = score(served.model, rows.columns)
    timings = _milliseconds(load=(started, loaded), read=(loaded, read), score=(read, time.perf_counter()))
    scored = Scored(
        call=call,
        caller=caller,
        endpoint=endpoint,
        served=served,
        rows=rows,
        scores=scores,
        ask=ask,
        entity=None if entity is None else hidden_entity(endpoint, entity),
        created_at=format_time(serving.clock()),
        timings=timings,
    )
    answer = within_limits(write(scored), call.limits)
    writing = time.perf_counter()
    serving.ledger.put(caller.tenant, record_of(scored))
    _note(scored, _milliseconds(ledger=(writing, time.perf_counter())))
    return Answer(
        answer.status,
        answer.content,
        answer.content_type,
        answer.binary,
        {**answer.headers, **_headers(scored)},
    )


def variant_of_version(endpoint: Endpoint, version: str) -> Variant:
    """The variant that serves this model version; NotFound when none does."""
    for variant in endpoint.variants:
        if str(variant.model_version) == version:
            return variant
    raise NotFound(
        f"version {version[:20]!r} of {endpoint.project!r} does not serve in {endpoint.environment!r}"
    )


def _served(serving: Serving, tenant: str, endpoint: Endpoint, version: str | None, entity: str) -> Served:
    if version is not None:
        return serving.source.load(variant_of_version(endpoint, version))
    return serving.source.load_or_last(tenant, endpoint, choose_variant(endpoint, entity))


def _milliseconds(**spans: tuple[float, float]) -> dict[str, float]:
    return {name: round((end - start) * 1000, 3) for name, (start, end) in spans.items()}


def _headers(scored: Scored) -> dict[str, str]:
    return {
        "x-sluice-request-id": scored.call.request_id,
        "x-sluice-model-version": str(scored.served.variant.model_version),
        "x-sluice-variant": scored.served.variant.name,
        "x-sluice-prediction-ids": scored.ids,
    }


def _note(scored: Scored, also: dict[str, float]) -> None:
    note(
        project=scored.endpoint.project,
        environment=scored.endpoint.environment,
        variant=scored.served.variant.name,
        model_version=scored.served.variant.model_version,
        rows=scored.rows.count,
        protocol=scored.ask.protocol,
        request_id=scored.call.request_id,
        timings=scored.timings | also,
    )
