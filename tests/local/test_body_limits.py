"""How large a request the tracking server takes at the real door: to the byte, refused in MLflow's form."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.local.conftest import FreshTenant

API, FILES = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"


def _post(http: httpx.Client, path: str, size: int, **body: Any) -> httpx.Response:
    """A body of exactly so many bytes; what fills it is a field that nobody knows."""
    filler = size - len(json.dumps({**body, "filler": ""}))
    content = json.dumps({**body, "filler": "x" * filler}).encode()
    assert len(content) == size
    return http.post(f"{API}/{path}", content=content, headers={"content-type": "application/json"})


@pytest.mark.parametrize("over", [0, 1])
def test_bodies_up_to_the_limit_and_one_byte_more(fresh_tenant: FreshTenant, over: int) -> None:
    with fresh_tenant.http as http:
        run = http.post(f"{API}/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]["run_id"]
        answers = {
            "text": _post(http, "registered-models/create", 5_500_000 + over, name="m"),
            "batch": _post(http, "runs/log-batch", 1_000_000 + over, run_id=run),
            "file": http.put(
                f"{FILES}/0/{run}/artifacts/a.bin",
                content=bytes(4_500_000 + over),
                headers={"content-type": "application/octet-stream"},
            ),
        }

    statuses = {what: answer.status_code for what, answer in answers.items()}
    assert statuses == ({"text": 413, "batch": 400, "file": 413} if over else dict.fromkeys(answers, 200))
    for answer in answers.values() if over else ():
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    if over:
        assert "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD" in answers["file"].json()["message"]
