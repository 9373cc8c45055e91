"""Forgetting: the key that a person's fields are stored under is deleted, and with it what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, shown
from sluice.bundle.contents import entity_salt
from sluice.domain.endpoints import hidden_by
from sluice.domain.errors import Conflict, NotFound
from sluice.domain.predictions import parse_prediction_id
from sluice.stores.items import TransactionRefused
from sluice.stores.ledger import subject_of
from sluice.stores.secrets import BUNDLE_SIGNATURES


class Forget(Body):
    """An entity as requests name it, or a prediction of a request that named none."""

    entity: str | None = Field(default=None, min_length=1, max_length=1000)
    prediction_id: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def names_one(self) -> Self:
        if (self.entity is None) is (self.prediction_id is None):
            raise ValueError("expected either entity or prediction_id")
        return self


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many keys were deleted just now: one an environment that knew the entity; 0 when repeated."""

    keys: int


def forget(call: Call, body: Forget) -> Json:
    """Delete the keys and say so in the audit, which holds hashes only. Repeating it changes nothing."""
    call.platform.projects.get(call.tenant, call.project)
    subjects = _subjects(call, body)
    deleted = [subject for subject in subjects if _delete(call, subject)]
    call.record(
        call.project,
        "entity.forget",
        f"project:{call.project}",
        subjects=[subject[:16] for subject in subjects] if body.entity else subjects,
        keys=len(deleted),
    )
    return shown(Forgotten(len(deleted)))


def _subjects(call: Call, body: Forget) -> list[str]:
    """Every environment salts an entity's hash with its own salt, and so do all bundles of a project."""
    if body.entity is not None:
        endpoints = call.platform.endpoints.list(call.tenant, call.project)
        away = entity_salt(call.platform.secrets.key(call.tenant, BUNDLE_SIGNATURES), call.project)
        return [hidden_by(salt, body.entity) for salt in (*(each.salt for each in endpoints), away)]
    request_id, _ = parse_prediction_id(body.prediction_id or "")
    request = call.platform.predictions.get(call.tenant, request_id)
    if request is None or request.project != call.project:
        raise NotFound("there is no such prediction")
    if request.entity is not None:
        raise Conflict("this request names an entity: forget that, and all of its requests")
    return [subject_of(request)]


def _delete(call: Call, subject: str) -> bool:
    try:
        return call.platform.entity_keys.forget(call.tenant, call.project, subject, by=call.caller.principal)
    except TransactionRefused:  # somebody else forgot it just now
        return False


ROUTES = (
    Route(
        "POST",
        "/projects/{project}/forgotten",
        "entity.forget",
        "Forget an entity's personal fields",
        accepting(Forget, forget),
        answer=Forgotten,
        body=Forget,
    ),
)
