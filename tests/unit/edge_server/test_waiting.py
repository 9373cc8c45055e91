"""Records of a device: kept on its disk, within bounds, and sent until home has them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.build_serving import build_serving
from edge.send_home import Home, NotTakenError, Sender
from edge.settings import SettingError, read_settings
from edge.waiting import Waiting
from sluice.bundle.verify import verify_bundle
from sluice.domain.errors import Unavailable
from sluice.domain.predictions import ScoredRequest
from sluice.domain.travelling import read_travelling
from tests.unit.edge_server.bundles import write_credit_bundle


def request(number: int, *, rows: int = 1) -> ScoredRequest:
    return ScoredRequest(
        request_id=f"01936b2e-0000-7000-8000-{number:012}",
        project="credit",
        environment="edge",
        created_at="2026-11-23T10:00:00.000Z",
        revision=0,
        promotion_id="",
        variant="till-7",
        model_version=3,
        model_digest="d",
        task="regression",
        rows=rows,
        protocol="plain",
        principal="edge",
        correlation_id="c",
        features={"x": [0.1] * rows},
        values=[0.2] * rows,
    )


@dataclass
class HomeInMemory(Home):
    """Takes what is put before it, unless a test says otherwise; knows each record once."""

    url: str = ""
    token: str = ""
    project: str = "credit"
    device: str = "till-7"
    away: bool = False
    unreadable: set[int] = field(default_factory=set)
    unwanted: set[int] = field(default_factory=set)
    kept: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def send(self, documents: list[str]) -> dict[str, str]:
        if self.away:
            raise Unavailable("no route")
        ids = [json.loads(document)["request_id"] for document in documents]
        numbers = [int(request_id[-12:]) for request_id in ids]
        if self.unreadable & set(numbers):
            raise NotTakenError("home answers 422")
        self.batches.append(len(documents))
        self.kept += [number for number in numbers if number not in self.unwanted]
        return {each: "another model" for each in ids if int(each[-12:]) in self.unwanted}


def test_records_outlive_the_process_in_their_order(tmp_path: Path) -> None:
    first = Waiting(tmp_path / "l.db", 1_000_000)
    for number in range(3):
        first.put("default", request(number))
    # No close: the process is gone.

    again = Waiting(tmp_path / "l.db", 1_000_000)

    documents = [json.loads(record.document) for record in again.oldest(1_000_000, 10)]
    assert [read_travelling(document) for document in documents] == [request(number) for number in range(3)]


def test_what_was_found_about_a_prediction_travels_with_its_record(tmp_path: Path) -> None:
    key = write_credit_bundle(tmp_path / "bundle")
    waiting = Waiting(tmp_path / "l.db", 1_000_000)
    serving = build_serving(verify_bundle(tmp_path / "bundle", key), read_settings({}), waiting)
    assert serving.explaining is not None

    serving.explaining.report("default", request(1), f"{request(1).request_id}.0")

    (document,) = [json.loads(record.document) for record in waiting.oldest(1_000_000, 10)]
    assert document["protected_ranked"] == f"{request(1).request_id}.0"
    assert read_travelling(document) == request(1)


def test_a_full_ledger_refuses_or_gives_up_the_oldest(tmp_path: Path) -> None:
    refusing = Waiting(tmp_path / "a.db", 1_200)
    dropping = Waiting(tmp_path / "b.db", 1_200, drop_oldest=True)
    for number in range(2):
        refusing.put("default", request(number))
        dropping.put("default", request(number))

    with pytest.raises(Unavailable, match="full"):
        refusing.put("default", request(2))
    dropping.put("default", request(2))

    assert [record.request_id[-1] for record in refusing.oldest(10_000, 10)] == ["0", "1"]
    assert [record.request_id[-1] for record in dropping.oldest(10_000, 10)] == ["1", "2"]
    refusing.drop(refusing.oldest(10_000, 1))
    refusing.put("default", request(2))
    assert refusing.counts()["waiting"] == 2


def test_a_batch_is_bounded_by_bytes_and_never_empty(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path / "l.db", 1_000_000)
    for number in range(4):
        waiting.put("default", request(number))

    assert len(waiting.oldest(1, 10)) == 1
    assert len(waiting.oldest(1_300, 10)) == 2
    assert len(waiting.oldest(1_000_000, 3)) == 3


def test_what_home_does_not_take_now_is_sent_again(tmp_path: Path) -> None:
    waiting, home = Waiting(tmp_path / "l.db", 1_000_000), HomeInMemory(away=True)
    waiting.put("default", request(1))
    sender = Sender(waiting, home)

    with pytest.raises(Unavailable):
        sender.send_some()
    home.away = False

    assert sender.send_some()
    assert not sender.send_some()
    assert home.kept == [1]


def test_one_bad_record_holds_up_no_other(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path / "l.db", 1_000_000)
    for number in range(8):
        waiting.put("default", request(number))
    home = HomeInMemory(unreadable={5}, unwanted={2})

    Sender(waiting, home).send_some()

    assert home.kept == [0, 1, 3, 4, 6, 7]
    assert waiting.counts() | {"bytes": 0} == {"waiting": 0, "refused": 2, "bytes": 0}
    assert waiting.oldest(1_000_000, 10) == []


def test_the_sender_goes_on_by_itself_when_home_is_back(tmp_path: Path) -> None:
    waiting, home = Waiting(tmp_path / "l.db", 1_000_000), HomeInMemory(away=True)
    sender = Sender(waiting, home, first_pause=0.01)
    sender.start()
    waiting.put("default", request(1))
    home.away = False
    waiting.put("default", request(2))

    for _ in range(500):
        if waiting.counts()["waiting"] == 0:
            break
        sender.join(0.01)
    sender.stop()
    sender.join(5)

    assert not sender.is_alive()
    assert home.kept == [1, 2]


def test_without_a_disk_a_record_is_at_home_or_the_answer_does_not_leave() -> None:
    home = HomeInMemory()
    home.put("default", request(1))
    assert home.kept == [1]

    home.unwanted = {2}
    with pytest.raises(Unavailable, match="another model"):
        home.put("default", request(2))
    home.unreadable = {3}
    with pytest.raises(Unavailable, match="422"):
        home.put("default", request(3))


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SLUICE_EDGE_PORT": "http"}, "SLUICE_EDGE_PORT must be a whole number"),
        ({"SLUICE_EDGE_PORT": "70000"}, "SLUICE_EDGE_PORT must be a whole number"),
        ({"SLUICE_EDGE_LEDGER": "cloud"}, "SLUICE_EDGE_LEDGER must be one of"),
        ({"SLUICE_EDGE_LEDGER": "home"}, "needs SLUICE_HOME_URL"),
        ({"SLUICE_EDGE_WHEN_FULL": "panic"}, "SLUICE_EDGE_WHEN_FULL must be one of"),
        ({"SLUICE_EDGE_DEVICE": "Till 7"}, "SLUICE_EDGE_DEVICE must match"),
        ({"SLUICE_HOME_URL": "ftp://home"}, "must be an http or https address"),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        read_settings(variables)


def test_secrets_are_in_no_text_of_the_settings() -> None:
    settings = read_settings({"SLUICE_EDGE_TOKEN": "hush", "SLUICE_HOME_TOKEN": "hush"})

    assert "hush" not in repr(settings)
    assert settings.token == "hush"
