"""Whatever fits the API's own description, or nearly does, is answered: never with a 500."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from functions.manage_platform import openapi
from functions.manage_platform.table import ROUTES
from sluice.web.caller import Caller
from tests.stores.control_api.api import Api, http_event, person
from tests.stores.control_api.scenes import scored

EXAMPLES = 6
EVERYBODY = person("root", "admin", "auditor", "approver", "contributor", "deployer", "invoker")
PLACES = {"project": "credit", "version": "1", "promotion_id": "promotion-1", "environment": "production"}


def ask(api: Api, case: Any, who: Caller) -> tuple[int, dict[str, Any], str]:
    """The case as API Gateway would hand it over; some of its path leads to what there is."""
    path = case.operation.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(f"{{{name}}}", str(value))
    content = None if isinstance(case.body, schemathesis.core.NotSet) else _bytes(case.body)
    headers = {str(name).lower(): str(value) for name, value in dict(case.headers or {}).items()}
    event = http_event(case.method, path, who, {k: str(v) for k, v in (case.query or {}).items()}, content)
    event["headers"] |= {name: value for name, value in headers.items() if name != "authorization"}
    answer = api.door.answer(event, None)
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]["Content-Type"]


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, default=str).encode()


def test_no_request_makes_the_control_api_fail(api: Api) -> None:
    scored(api.platform)
    schema = schemathesis.openapi.from_dict(openapi.document(ROUTES))
    asked: dict[str, set[int]] = {}

    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        can_be_wrong = operation.body or operation.query
        for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if can_be_wrong else [])):
            strategy = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            )
            @given(case=strategy)
            def hold(case: Any) -> None:
                if len(json.dumps(case.path_parameters or {})) % 2:
                    case.path_parameters = {
                        name: PLACES.get(name, value) for name, value in (case.path_parameters or {}).items()
                    }
                status, body, kind = ask(api, case, EVERYBODY)
                asked.setdefault(case.operation.label, set()).add(status)
                assert status < 500, (case.operation.label, status, body)
                assert status < 400 or kind == "application/problem+json"

            hold()

    assert len(asked) == len({(route.method, route.address) for route in ROUTES})
    assert any(200 in statuses for statuses in asked.values())
