"""What was answered can be read back exactly, however large, and what turned out to be true beside it."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sluice.domain.errors import Conflict, IntegrityError, Unavailable
from sluice.domain.predictions import ScoredRequest
from sluice.stores import keys
from sluice.stores.feedback import FeedbackStore
from sluice.stores.items import Items
from sluice.stores.ledger import Ledger
from sluice.stores.ledger_items import decode_request
from tests.stores.deployments import MotoDeployment

REQUEST = "01900000-0000-7000-8000-000000000001"
TIME = "2026-11-23T10:00:00.000Z"


def request(rows: int = 2, request_id: str = REQUEST, **changes: Any) -> ScoredRequest:
    made = ScoredRequest(
        request_id=request_id,
        project="credit",
        environment="production",
        created_at=TIME,
        revision=3,
        promotion_id="p1",
        variant="champion",
        model_version=7,
        model_digest="d" * 64,
        task="binary",
        rows=rows,
        protocol="mlflow",
        principal="anna",
        correlation_id="c1",
        features={"age": [30.5 + row for row in range(rows - 1)] + [None], "purpose": ["car"] * rows},
        threshold=0.5,
        classes=("0", "1"),
        probabilities={"0": [0.75] * rows, "1": [0.25] * rows},
        labels=["0"] * rows,
        accompanying={"sex": ["f"] * rows},
        timings={"score": 0.25},
    )
    return dataclasses.replace(made, **changes)


def large_request(rows: int = 5000) -> ScoredRequest:
    numbers = random.Random(1)
    columns = {name: [numbers.random() for _ in range(rows)] for name in ("age", "amount")}
    return request(rows, features=columns)


@pytest.fixture
def ledger(deployment: MotoDeployment) -> Ledger:
    return Ledger(deployment.ledger, deployment.artefacts)


@pytest.fixture
def feedback(deployment: MotoDeployment) -> FeedbackStore:
    return FeedbackStore(deployment.ledger)


@pytest.mark.parametrize("rows", [1, 2, 300])
def test_a_request_comes_back_as_it_was_put(ledger: Ledger, rows: int) -> None:
    ledger.put("default", request(rows))

    assert ledger.get("default", REQUEST) == request(rows)
    assert ledger.get("another", REQUEST) is None


@pytest.mark.parametrize("rows", [5000, 20_000])
def test_a_large_request_keeps_its_rows_in_the_archive(ledger: Ledger, rows: int) -> None:
    large = large_request(rows)

    ledger.put("default", large)

    item = ledger.items.get(keys.scored_request(tenant="default", request_id=REQUEST)) or {}
    assert "document" not in item
    assert item["overflow"]["key"] == f"default/requests/credit/production/2026/11/23/{REQUEST}.json"
    assert ledger.get("default", REQUEST) == large


def test_rows_that_were_changed_in_the_archive_are_refused(ledger: Ledger) -> None:
    ledger.put("default", large_request())
    item = ledger.items.get(keys.scored_request(tenant="default", request_id=REQUEST)) or {}

    with pytest.raises(IntegrityError):
        decode_request({**item, "overflow": {**item["overflow"], "sha256": "0" * 64}}, ledger.artefacts.read)


def test_repeating_a_put_is_its_own_success_and_another_content_a_conflict(ledger: Ledger) -> None:
    ledger.put("default", request())
    ledger.put("default", request())

    with pytest.raises(Conflict):
        ledger.put("default", request(labels=["1", "1"]))


def test_the_index_spreads_an_endpoints_hour_over_its_shards(ledger: Ledger) -> None:
    for number in range(40):
        ledger.put("default", request(request_id=f"01900000-0000-7000-8000-{number:012d}"))

    partitions = [f"default#endpoint#credit#production#2026-11-23T10#{shard:02d}" for shard in range(16)]
    found = [ledger.items.query_all(partition, index="gsi1") for partition in partitions]
    assert sum(map(len, found)) == 40
    assert sum(map(bool, found)) > 8


class Refusing:
    """A client that fails every write."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def put_item(self, **_: object) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem"),
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutItem"),
        EndpointConnectionError(endpoint_url="http://nowhere"),
    ],
)
def test_a_ledger_that_cannot_be_written_says_so(ledger: Ledger, error: Exception) -> None:
    refusing = Items(Refusing(error), "ledger")  # type: ignore[arg-type] # all that a put needs

    with pytest.raises(Unavailable):
        Ledger(refusing, ledger.artefacts).put("default", request())


def test_the_newest_word_on_a_row_counts_and_the_rest_is_kept(
    ledger: Ledger, feedback: FeedbackStore
) -> None:
    ledger.put("default", request())

    first = feedback.put("default", "credit", [(f"{REQUEST}.0", "0"), (f"{REQUEST}.1", 1)], principal="ben")
    second = feedback.put("default", "credit", [(f"{REQUEST}.0", "1")], principal="cleo")

    story = ledger.story("default", REQUEST)
    assert (first.accepted, second.accepted) == (2, 1)
    assert story is not None
    assert story.request == request()
    assert story.labels == {0: "1", 1: "1"}
    assert [entry.principal for entry in story.history] == ["ben", "cleo"]


def test_labels_that_cannot_be_taken_are_named_and_the_rest_is_taken(
    ledger: Ledger, feedback: FeedbackStore
) -> None:
    ledger.put("default", request())
    unknown = "01900000-0000-7000-8000-00000000ffff.0"
    said = [
        (f"{REQUEST}.0", "0"),
        (f"{REQUEST}.2", "0"),
        (f"{REQUEST}.1", "maybe"),
        (f"{REQUEST}.1x", "0"),
        (unknown, "0"),
    ]

    taken = feedback.put("default", "credit", said, principal="ben")

    assert taken.accepted == 1
    assert {each.prediction_id: each.reason for each in taken.rejected} == {
        f"{REQUEST}.2": "the request has 2 rows, the first is 0",
        f"{REQUEST}.1": "a label must be one of 0, 1, not 'maybe'",
        f"{REQUEST}.1x": f"'{REQUEST}.1x' is no prediction id: expected {{request}}.{{row}}",
        unknown: "there is no such prediction",
    }


def test_another_projects_prediction_is_unknown(ledger: Ledger, feedback: FeedbackStore) -> None:
    ledger.put("default", request())

    taken = feedback.put("default", "marketing", [(f"{REQUEST}.0", "0")], principal="ben")

    assert [each.reason for each in taken.rejected] == ["there is no such prediction"]


def test_feedback_on_many_requests_at_once(ledger: Ledger, feedback: FeedbackStore) -> None:
    ids = [f"01900000-0000-7000-8000-{number:012d}" for number in range(60)]
    for request_id in ids:
        ledger.put("default", request(request_id=request_id))

    taken = feedback.put(
        "default", "credit", [(f"{request_id}.1", "1") for request_id in ids], principal="ben"
    )

    assert (taken.accepted, taken.rejected) == (60, ())
    stories = [ledger.story("default", request_id) for request_id in ids]
    assert all(story is not None and story.labels == {1: "1"} for story in stories)


def test_a_regressions_feedback_is_a_number(ledger: Ledger, feedback: FeedbackStore) -> None:
    ledger.put(
        "default", request(task="regression", classes=(), probabilities={}, labels=[], values=[1.5, 2.5])
    )

    taken = feedback.put("default", "credit", [(f"{REQUEST}.0", 3), (f"{REQUEST}.1", "3")], principal="ben")

    story = ledger.story("default", REQUEST)
    assert story is not None
    assert story.labels == {0: 3.0}
    assert len(taken.rejected) == 1
