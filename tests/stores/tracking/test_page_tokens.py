"""Page tokens: good for the next page of the search, tenant and query they came from, and nothing else."""

from __future__ import annotations

import string
from typing import Any

import pytest

from tests.stores.tracking.scenes import Answer, Client

_ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.fixture
def paged(client: Client) -> dict[str, tuple[str, str, str, dict[str, Any], dict[str, Any]]]:
    """Of each list: method, path, the list's name, what is asked, and the same of another query."""
    experiment = client.post("experiments/create", name="credit").json["experiment_id"]
    ids = []
    for number in range(3):
        run = client.post("runs/create", experiment_id=experiment, start_time=number + 1).json["run"]
        ids.append(run["info"]["run_id"])
        client.post("logged-models", experiment_id=experiment, name=f"m{number}")
        client.post("registered-models/create", name=f"m{number}")
        client.post("model-versions/create", name=f"m{number}", source="s3://b/k")
        client.post("experiments/create", name=f"e{number}")
        client.post("runs/log-metric", run_id=ids[0], key="a", value=number, timestamp=number)
    within: dict[str, Any] = {"experiment_ids": [experiment]}
    history = {"run_id": ids[0], "metric_key": "a"}
    return {
        "runs": ("POST", "runs/search", "runs", within, {**within, "order_by": ["run_id"]}),
        "experiments": ("POST", "experiments/search", "experiments", {}, {"view_type": "ALL"}),
        "models": ("GET", "registered-models/search", "registered_models", {}, {"filter": "name LIKE 'm%'"}),
        "versions": ("GET", "model-versions/search", "model_versions", {}, {"order_by": "name"}),
        "logged": ("POST", "logged-models/search", "models", within, {**within, "filter": "name LIKE 'm%'"}),
        "history": ("GET", "metrics/get-history", "metrics", history, {**history, "metric_key": "b"}),
    }


def ask(client: Client, method: str, path: str, asked: dict[str, Any], token: str = "") -> Answer:
    given = {**asked, "max_results": 2, **({"page_token": token} if token else {})}
    return client.get(path, **given) if method == "GET" else client.post(path, **given)


def test_pages_follow_each_other_and_their_tokens_open_nothing_else(client: Client, paged: Any) -> None:
    tokens = {}
    for what, (method, path, listed, asked, other) in paged.items():
        first = ask(client, method, path, asked).json
        tokens[what] = first["next_page_token"]
        second = ask(client, method, path, asked, tokens[what]).json
        assert len(first[listed]) == 2, what
        assert second[listed], what
        assert not [one for one in second[listed] if one in first[listed]], what
        _refused(ask(client, method, path, other, tokens[what]), f"{what} with another query")
        stranger = Client(client.door, tenant="other")
        _refused(ask(stranger, method, path, asked, tokens[what]), f"{what} of another tenant")
    for what, (method, path, _, asked, _) in paged.items():
        for other, token in tokens.items():
            if other != what:
                _refused(ask(client, method, path, asked, token), f"{what} with the token of {other}")


def test_a_token_with_one_character_changed_is_refused(client: Client, paged: Any) -> None:
    method, path, _, asked, _ = paged["versions"]
    token = ask(client, method, path, asked).json["next_page_token"]
    for place, known in enumerate(token):
        other = _ALPHABET[(_ALPHABET.index(known) + 1) % 64]
        _refused(ask(client, method, path, asked, token[:place] + other + token[place + 1 :]), str(place))
    for changed in (
        token[:-1],
        token + "A",
        token + "=",
        token + "!",
        f" {token}",
        "x",
        "eyJvZmZzZXQiOjJ9",
        "ü",
    ):
        _refused(ask(client, method, path, asked, changed), changed)


def _refused(answer: Answer, what: str) -> None:
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), (what, answer.content)
