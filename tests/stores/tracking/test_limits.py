"""What MLflow's protocol takes: numbers, lengths, keys and counts up to their limits, and no further."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.stores.tracking.scenes import Client, refused


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        (1, True),
        (-0.0, True),
        ("NaN", True),
        ("Infinity", True),
        ("-Infinity", True),
        ("1.5", True),
        (True, False),
        ("x", False),
        (None, False),
        ([1], False),
    ],
)
def test_what_is_a_number(client: Client, run_id: str, value: object, fine: bool) -> None:
    answer = client.post("runs/log-metric", run_id=run_id, key="m", value=value, timestamp=1)
    assert (answer.status == 200) is fine, answer.content


def test_numbers_beyond_a_double_are_refused(client: Client, run_id: str) -> None:
    for value in (b"1e400", b"Infinity", b"1" + b"0" * 400):
        body = b'{"run_id":"%s","key":"m","timestamp":1,"value":%s}' % (run_id.encode(), value)
        refused(client.send("POST", "runs/log-metric", body))
    refused(client.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=-1))
    refused(client.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=2**63))
    refused(client.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1, step="x"))


@pytest.mark.parametrize(
    ("what", "limit"), [("metrics", 1000), ("params", 100), ("tags", 100)], ids=["metrics", "params", "tags"]
)
def test_a_batch_up_to_its_limit_and_no_further(client: Client, run_id: str, what: str, limit: int) -> None:
    def batch(count: int) -> Any:
        values = [{"key": f"k{number}", "value": "1", "timestamp": 1} for number in range(count)]
        return client.post("runs/log-batch", run_id=run_id, **{what: values})

    assert batch(limit).status == 200
    assert str(limit) in refused(batch(limit + 1))


def test_a_thousand_things_a_batch_in_all(client: Client, run_id: str) -> None:
    def batch(tags: int) -> Any:
        return client.post(
            "runs/log-batch",
            run_id=run_id,
            metrics=[{"key": "m", "value": 1, "timestamp": number} for number in range(990)],
            tags=[{"key": f"t{number}", "value": "x"} for number in range(tags)],
        )

    assert batch(10).status == 200
    refused(batch(11))


def test_lengths_up_to_the_limit_and_one_more(client: Client, experiment: str, run_id: str) -> None:
    def param(key: str, value: str) -> Any:
        return client.post("runs/log-parameter", run_id=run_id, key=key, value=value)

    assert param("k" * 250, "ü" * 6000).status == 200
    refused(param("k" * 251, "x"))
    refused(param("other", "x" * 6001))
    assert client.post("runs/set-tag", run_id=run_id, key="t", value="x" * 8000).status == 200
    refused(client.post("runs/set-tag", run_id=run_id, key="t", value="x" * 8001))
    set_tag = "experiments/set-experiment-tag"
    assert client.post(set_tag, experiment_id=experiment, key="t", value="x" * 20_000).status == 200
    refused(client.post(set_tag, experiment_id=experiment, key="t", value="x" * 20_001))
    assert client.post("experiments/create", name="n" * 500).status == 200
    refused(client.post("experiments/create", name="n" * 501))
    refused(client.post("experiments/create", name=""))


@pytest.mark.parametrize("key", ["../x", "a/../b", "/a", ".", "a//b", "x\n", "a;b", "", "a/"])
def test_keys_that_would_be_other_names(client: Client, run_id: str, key: str) -> None:
    refused(client.post("runs/log-metric", run_id=run_id, key=key, value=1, timestamp=1))
    refused(client.post("runs/set-tag", run_id=run_id, key=key, value="x"))


def test_a_batch_up_to_a_megabyte(client: Client, run_id: str) -> None:
    bare = len(json.dumps({"run_id": run_id, "filler": ""}))
    assert client.post("runs/log-batch", run_id=run_id, filler="x" * (1_000_000 - bare)).status == 200
    refused(client.post("runs/log-batch", run_id=run_id, filler="x" * (1_000_001 - bare)))


def test_a_changed_param_and_one_given_twice(client: Client, run_id: str) -> None:
    client.post("runs/log-parameter", run_id=run_id, key="a", value="1")
    assert client.post("runs/log-parameter", run_id=run_id, key="a", value="1").status == 200
    assert "'1'" in refused(client.post("runs/log-parameter", run_id=run_id, key="a", value="2"))
    twice = [{"key": "b", "value": "1"}, {"key": "b", "value": "2"}]
    assert "['b']" in refused(client.post("runs/log-batch", run_id=run_id, params=twice))


@pytest.mark.parametrize("count", [0, -1, 50_001])
def test_how_many_results_there_may_be(client: Client, experiment: str, count: int) -> None:
    refused(client.post("runs/search", experiment_ids=[experiment], max_results=count))
