"""MLflow's protocol, walked through on this server and on a real `mlflow server`: the same requests get
answers of the same status, error code and shape.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sluice.local.stack import StackStatus
from tests.local.protocol_steps import DIFFERENT, WALK

pytestmark = pytest.mark.filterwarnings("ignore")

API = "/api/2.0/mlflow/"


@dataclass
class Server:
    """`known`: ids that this server made, by the name that a step gives them."""

    client: httpx.Client
    known: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, given: Any) -> httpx.Response:
        address = self._filled(path if path.startswith("/") else API + path)
        body = self._filled(given)
        if isinstance(body, bytes | str):
            headers = {"content-type": "application/json"}
            return self.client.request(method, address, content=body, headers=headers)
        if method == "GET":
            return self.client.get(address, params=body)
        return self.client.request(method, address, json=body)

    def learn(self, names: dict[str, str], answer: Any) -> None:
        for name, place in names.items():
            found = answer
            for part in place.split("."):
                found = found[int(part)] if part.isdigit() else found[part]
            self.known[name] = str(found)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, known in self.known.items():
                value = value.replace(f"<{name}>", known)
            return value
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        return [self._filled(inner) for inner in value] if isinstance(value, list) else value


#: What one server knows and the other does not: MLflow's workspaces; who it was, whom a token names here;
#: aliases, which MLflow's own search leaves out.
_OWN = {"workspace", "user_id", "aliases", "next_page_token"}


def shape(value: Any) -> Any:
    """Names and kinds of what is not empty; a list is like its entries together."""
    if isinstance(value, dict):
        inside = {key: shape(inner) for key, inner in value.items() if key not in _OWN}
        return {key: inner for key, inner in inside.items() if inner not in (None, "", [], {}, [{}])}
    if isinstance(value, list):
        entries = [shape(each) for each in value]
        if entries and all(isinstance(each, dict) for each in entries):
            return [{key: kind for each in reversed(entries) for key, kind in each.items()}]
        return entries[:1]
    if value in (None, ""):
        return None
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def told(answer: httpx.Response) -> tuple[int, str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return answer.status_code, "", "no JSON"
    if answer.status_code >= 400:
        return answer.status_code, body.get("error_code", ""), "message" in body
    return answer.status_code, "", shape(body)


@pytest.fixture(scope="module")
def theirs(mlflow_server: str) -> Iterator[Server]:
    with httpx.Client(base_url=mlflow_server, timeout=60) as client:
        yield Server(client)


@pytest.fixture(scope="module")
def ours(stack: StackStatus) -> Iterator[Server]:
    """A tenant of its own: as empty as the other one."""
    admin = {"authorization": f"Bearer {stack.tokens['admin']}"}
    named = {"name": f"t-{uuid.uuid4().hex[:16]}"}
    made = httpx.post(f"{stack.api_url}/sluice/v1/tenants", json=named, headers=admin, timeout=60)
    assert made.status_code == 201, made.text
    headers = {"authorization": f"Bearer {made.json()['token']}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as client:
        yield Server(client)


def test_the_same_requests_get_the_same_answers(ours: Server, theirs: Server) -> None:
    different: list[str] = []
    for number, (method, path, given, *learnt) in enumerate(WALK):
        answers = [server.ask(method, path, given) for server in (ours, theirs)]
        found, wanted = map(told, answers)
        assert found[0] < 500, (method, path, given)
        step = f"{number} {method} {path} {str(given)[:150]}"
        meant = any(step.split(" ", 1)[1].startswith(known) for known in DIFFERENT)
        if found != wanted and not meant:
            different.append(f"{step}\n   ours   {found}\n   theirs {wanted}")
        for names in learnt:
            ours.learn(names, answers[0].json())
            theirs.learn(names, answers[1].json())
    assert not different, "\n".join(different)
