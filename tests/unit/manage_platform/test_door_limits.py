"""What leaves the door is never larger than the gateway carries, and never an exception."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.manage_platform.door import Door
from functions.manage_platform.platform import Platform
from functions.manage_platform.routes import Call, Json, Route


def answered(work: Any) -> dict[str, Any]:
    door = Door([Route("GET", "/health", "health.read", "", work)], Platform({}))
    event = {
        "rawPath": "/sluice/v1/health",
        "headers": {"x-correlation-id": "corr"},
        "requestContext": {"stage": "$default", "http": {"method": "GET", "path": "/sluice/v1/health"}},
    }
    return door.answer(event, None)


@pytest.mark.parametrize(("size", "status"), [(5_000_000, 200), (5_500_000, 413)])
def test_an_answer_over_the_limit_is_a_problem(size: int, status: int) -> None:
    def work(_call: Call) -> Json:
        return {"text": "x" * size}

    answer = answered(work)

    assert answer["statusCode"] == status
    assert len(answer["body"]) <= 5_500_000


def test_what_nobody_foresaw_is_a_problem_that_tells_nothing() -> None:
    def work(_call: Call) -> Json:
        raise ZeroDivisionError("the password is 1234")

    answer = answered(work)

    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["correlation_id"] == "corr"
    assert "1234" not in answer["body"]


def test_a_missing_setting_is_named_in_the_log_only() -> None:
    def work(call: Call) -> Json:
        return {"table": call.platform.setting("PLATFORM_TABLE")}

    answer = answered(work)

    assert answer["statusCode"] == 500
    assert "PLATFORM_TABLE" not in answer["body"]
