"""Requests made from the scoring addresses' own description: answered as it says, and never with a 500."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema_rs import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.core import NotSet
from schemathesis.core.result import Ok

from functions.predict.openapi import document
from tests.unit.predict.room import ROW, Reply, Room, event
from tests.unit.predict.test_predict_protocols import INPUTS

PLACES = {"model": "credit", "project": "credit", "environment": "production", "version": "1"}
GOOD = {"infer": {"inputs": INPUTS}, "invocations": {"instances": [ROW]}, "score": ROW}


def fuzz(room: Room, examples: int) -> dict[str, Counter[int]]:
    """How often each address answered with which status."""
    asked: dict[str, Counter[int]] = {}
    for found in schemathesis.openapi.from_dict(document()).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        asked[operation.label] = Counter()
        modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if operation.body else [])]
        for mode in modes:

            @settings(
                max_examples=examples if operation.body else 2,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def hold(case: Any) -> None:
                reply = room.ask(_event(case))
                asked[case.operation.label][reply.status] += 1
                hold_to_description(case.operation.path, case.method, reply)

            hold()
    return asked


def hold_to_description(path: str, method: str, reply: Reply) -> None:
    """The answer has a form that the description has for its status."""
    described = document()
    said = described["paths"][path][method.lower()]["responses"]
    kind = reply.headers["content-type"]
    assert reply.status < 500, (path, reply.content)
    content = said["200" if reply.status == 200 else "default"]["content"]
    assert kind in content, (path, reply.status, kind)
    if "json" in kind and reply.content.strip():
        schema = content[kind]["schema"] | {"components": described["components"]}
        Draft202012Validator(schema).validate(reply.json)


def _event(case: Any) -> dict[str, Any]:
    """As API Gateway would hand it over; its path leads to what there is, more often than not."""
    names = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    if len(json.dumps(names)) % 4:
        names = {name: PLACES.get(name, value) for name, value in names.items()}
    path = case.operation.path.format(**names)
    headers = {str(name): str(value) for name, value in dict(case.headers or {}).items()}
    if case.media_type:
        headers["content-type"] = case.media_type
    body = None if isinstance(case.body, NotSet) else case.body
    if body is not None and not isinstance(body, bytes | str):
        body = json.dumps(body, default=str)
    return event(case.method, path, body, headers=headers)
