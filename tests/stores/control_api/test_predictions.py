"""How did they land on this score? One call, few requests, nothing protected."""

from __future__ import annotations

import dataclasses
import json

import pytest

from sluice.stores import clients
from tests.stores.control_api.api import BEN, CID, EVE, SCORER, Api, person
from tests.stores.control_api.scenes import REQUEST, scored


def test_the_story_says_what_made_a_score_and_who_let_it_through(api: Api) -> None:
    scored(api.platform)
    api.post("/projects/credit/promotions/promotion-1/decisions", {"decision": "approve"}, BEN).ok()

    story = api.get(f"/predictions/{REQUEST}.1", SCORER).ok()

    assert story["output"] == {"probability": {"0": 0.3, "1": 0.7}, "label": "1"}
    assert story["threshold"] == 0.2
    assert story["model"]["version"] == 1
    assert story["model"]["run_id"] == "a" * 32
    assert story["dataset"]["key"] == "projects/credit/data/german.csv"
    assert story["dataset"]["version_id"]
    assert len(story["dataset"]["sha256"]) == 64
    assert (story["code_digest"], story["project_digest"]) == ("c0de", "5pec")
    assert story["approval"]["approved_by"] == ["ben"]
    assert story["approval"]["decisions"][0]["at"].startswith("2026-11-23T10:")
    assert story["feedback"] is None
    assert story["lineage"][0]["source"] == f"dataset:{story['dataset']['sha256']}"
    assert story["lineage"][-1]["target"] == f"prediction:{REQUEST}"


def test_contributions_add_up_and_reasons_are_the_projects_words(api: Api) -> None:
    scored(api.platform)

    told = api.get(f"/predictions/{REQUEST}.0", SCORER).ok()
    why = told["explanation"]

    parts = sum(each["contribution"] for each in why["contributions"])
    assert why["base"] + parts + why["withheld"] == pytest.approx(why["output"])
    assert why["reasons"][0]["feature"] == "duration"
    assert why["reasons"][0]["text"] == "The credit runs for long"
    assert why["reasons"][0]["contribution"] == pytest.approx(48 * 0.05 - 1.0)


def test_nothing_protected_is_shown(api: Api) -> None:
    scored(api.platform)

    story = api.get(f"/predictions/{REQUEST}.0", SCORER).ok()

    assert set(story["inputs"]) == {"age", "duration", "purpose"}
    assert "sex" not in json.dumps(story)
    assert "nationality" not in json.dumps(story)
    assert story["explanation"]["protected_ranked"] is True


def test_a_protected_attribute_that_ranks_is_on_record_once_however_often_it_is_asked(api: Api) -> None:
    scored(api.platform)

    for _ in range(2):
        api.get(f"/predictions/{REQUEST}.0", SCORER).ok()

    events = api.platform.audit.events("default", "credit").values()
    found = [event for event in events if event.action == "finding.protected_ranked"]
    assert [event.subject for event in found] == [f"prediction:{REQUEST}.0"]
    assert "sex" not in json.dumps(found[0].details)


def test_a_story_leads_to_the_explanation(api: Api) -> None:
    scored(api.platform)

    story = api.get(f"/predictions/{REQUEST}.0", SCORER).ok()

    assert story["links"]["explanation"] == f"/sluice/v1/predictions/{REQUEST}.0/explanation"


def test_a_card_is_told_with_what_became_of_the_version_and_an_old_version_has_none(api: Api) -> None:
    scored(api.platform)
    refs = {"card": api.platform.artefacts.write("artifacts", "card.json", b'{"v": 1, "importance": []}')}
    first = api.platform.models.get("default", "credit", 1)
    api.platform.models.add("default", dataclasses.replace(first, version=2, artefacts=refs))

    told = api.get("/projects/credit/models/2/card", EVE).ok()

    assert (told["version"], told["importance"], told["outcome"]) == (2, [], "first")
    problem = api.get("/projects/credit/models/1/card", EVE)
    problem.problem(404, "not_found")


def test_a_story_takes_at_most_four_dynamodb_requests(api: Api) -> None:
    scored(api.platform)
    api.post(
        "/projects/credit/feedback", {"items": [{"prediction_id": f"{REQUEST}.0", "label": "1"}]}, SCORER
    ).ok()
    asked: list[str] = []
    events = clients.dynamodb().meta.events
    events.register("before-send.dynamodb.*", lambda event_name, **_: asked.append(event_name), unique_id="x")

    api.get(f"/predictions/{REQUEST}.0", SCORER).ok()

    events.unregister("before-send.dynamodb.*", unique_id="x")
    assert 1 <= len(asked) <= 4, asked


def test_a_request_too_large_for_its_item_has_a_story_too(api: Api) -> None:
    rows = 60_000
    scored(api.platform, rows=rows)

    assert api.get(f"/predictions/{REQUEST}.{rows - 1}", SCORER).ok()["output"]["label"] == "1"


@pytest.mark.parametrize("unknown", [f"{REQUEST}.2", REQUEST.replace("1", "2") + ".0", "nonsense", "x.0"])
def test_an_unknown_prediction_is_not_found(api: Api, unknown: str) -> None:
    scored(api.platform)

    api.get(f"/predictions/{unknown}", SCORER).problem(404, "not_found")


def test_a_story_is_for_those_who_may_see_this_project(api: Api) -> None:
    scored(api.platform)

    api.get(f"/predictions/{REQUEST}.0", EVE).problem(403, "forbidden")
    api.get(f"/predictions/{REQUEST}.0", person("sam", "invoker", projects="loans")).problem(403, "forbidden")
    api.get(f"/predictions/{REQUEST}.0", person("olga", "invoker", tenant="other")).problem(404, "not_found")


def test_feedback_joins_the_story_and_its_latest_word_counts(api: Api) -> None:
    scored(api.platform)
    good, unknown = f"{REQUEST}.0", f"{REQUEST}.9"
    items = [
        {"prediction_id": good, "label": 0},
        {"prediction_id": unknown, "label": 0},
        {"prediction_id": f"{REQUEST}.1", "label": "maybe"},
    ]

    taken = api.post("/projects/credit/feedback", {"items": items}, SCORER).ok()
    api.platform.pass_time(seconds=1)
    api.post("/projects/credit/feedback", {"items": [{"prediction_id": good, "label": "1"}]}, SCORER).ok()

    assert taken["accepted"] == 1
    assert {each["prediction_id"] for each in taken["rejected"]} == {unknown, f"{REQUEST}.1"}
    feedback = api.get(f"/predictions/{good}", SCORER).ok()["feedback"]
    assert feedback["label"] == "1"
    assert [each["label"] for each in feedback["history"]] == ["0", "1"]


def test_feedback_for_another_project_is_for_nothing(api: Api) -> None:
    scored(api.platform)

    items = {"items": [{"prediction_id": f"{REQUEST}.0", "label": "1"}]}
    taken = api.post("/projects/loans/feedback", items, SCORER).ok()

    assert (taken["accepted"], len(taken["rejected"])) == (0, 1)
    api.post("/projects/credit/feedback", items, CID).problem(403, "forbidden")
    api.post("/projects/credit/feedback", {"items": []}, SCORER).problem(422, "invalid")


def test_endpoints_show_what_serves_without_their_salt(api: Api) -> None:
    scored(api.platform)

    listed = api.get("/projects/credit/endpoints", EVE).ok()["items"]
    one = api.get("/projects/credit/endpoints/production", EVE).ok()

    assert [each["environment"] for each in listed] == ["production"]
    assert one["variants"][0]["model_version"] == 1
    assert [each["revision"] for each in one["history"]] == [1]
    assert "salt" not in json.dumps([listed, one])
    api.get("/projects/credit/endpoints/staging", EVE).problem(404, "not_found")
