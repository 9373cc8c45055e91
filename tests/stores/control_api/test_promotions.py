"""Promotions are asked for by one and decided by another, once, in time, by the right role."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import EndpointConnectionError

from tests.stores.control_api.api import ADA, BEN, CID, EVE, ROOT, Api, person
from tests.stores.control_api.scenes import open_promotion, register_model
from tests.stores.control_api.test_projects import spec


class Unreachable:
    def wake(self, task_token: str, output: dict[str, Any]) -> bool:
        raise EndpointConnectionError(endpoint_url="https://states.example")


DECIDE = "/projects/credit/promotions/promotion-1/decisions"


def test_an_approval_is_recorded_audited_and_wakes_the_workflow(api: Api) -> None:
    open_promotion(api.platform)

    decided = api.post(DECIDE, {"decision": "approve", "comment": "fine"}, BEN).ok()

    assert decided["status"] == "approved"
    assert decided["decisions"][0]["principal"] == "ben"
    assert api.platform.promotion_workflow.woken == [("secret-token", {"outcome": "approved"})]
    event = api.get("/projects/credit/audit", ROOT).ok()["items"][0]
    assert (event["actor"], event["action"]) == ("ben", "promotion.approve")
    assert event["details"]["self_approval"] is False


def test_a_rejection_ends_it_though_nobody_hears(api: Api) -> None:
    open_promotion(api.platform)

    assert api.post(DECIDE, {"decision": "reject"}, BEN).ok()["status"] == "rejected"
    assert api.platform.promotion_workflow.woken == [("secret-token", {"outcome": "rejected"})]


def test_a_workflow_that_cannot_be_woken_does_not_undo_a_decision(api: Api) -> None:
    open_promotion(api.platform)
    vars(api.platform)["promotion_workflow"] = Unreachable()

    assert api.post(DECIDE, {"decision": "approve"}, BEN).ok()["status"] == "approved"
    assert api.get("/projects/credit/promotions/promotion-1").ok()["status"] == "approved"


def test_a_second_decision_is_told_who_was_first(api: Api) -> None:
    open_promotion(api.platform)
    api.post(DECIDE, {"decision": "approve"}, BEN).ok()

    problem = api.post(DECIDE, {"decision": "reject"}, person("bob", "approver")).problem(409, "conflict")

    assert "ben chose to approve" in problem["detail"]
    api.post(DECIDE, {"decision": "approve"}, BEN).problem(409, "conflict")
    assert len(api.get("/projects/credit/promotions/promotion-1").ok()["decisions"]) == 1


def test_the_wrong_role_and_a_late_approver_are_refused(api: Api) -> None:
    open_promotion(api.platform)

    for wrong in (ADA, CID, EVE, ROOT, person("bo", "approver", projects="loans")):
        api.post(DECIDE, {"decision": "approve"}, wrong).problem(403, "forbidden")
    api.platform.pass_time(hours=73)
    problem = api.post(DECIDE, {"decision": "approve"}, BEN).problem(409, "conflict")

    assert "expired" in problem["detail"]


def test_the_requester_may_approve_alone_and_is_marked_as_such(api: Api) -> None:
    open_promotion(api.platform, requested_by="ben")

    api.post(DECIDE, {"decision": "approve"}, BEN).ok()

    event = api.get("/projects/credit/audit", ROOT).ok()["items"][0]
    assert event["details"]["self_approval"] is True


def test_four_eyes_are_the_requester_who_is_known_and_another(api: Api) -> None:
    open_promotion(api.platform, requested_by="ben", requester_known=True, approvals_required=2)

    api.post(DECIDE, {"decision": "approve"}, BEN).problem(403, "forbidden")
    decided = api.post(DECIDE, {"decision": "approve"}, person("bob", "approver")).ok()

    assert decided["status"] == "approved"


def test_four_eyes_are_two_approvers_where_nobody_knows_who_asked(api: Api) -> None:
    open_promotion(api.platform, requested_by="s3:123456789012", requester_known=False, approvals_required=2)

    first = api.post(DECIDE, {"decision": "approve"}, BEN).ok()
    second = api.post(DECIDE, {"decision": "approve"}, person("bea", "approver")).ok()

    assert (first["status"], second["status"]) == ("waiting_for_approval", "approved")
    assert len(api.platform.promotion_workflow.woken) == 1


def test_an_approver_of_another_report_is_refused(api: Api) -> None:
    open_promotion(api.platform)

    api.post(DECIDE, {"decision": "approve", "report_digest": "older"}, BEN).problem(409, "conflict")

    assert api.get("/projects/credit/promotions/promotion-1").ok()["status"] == "waiting_for_approval"


def test_bad_decisions_are_problems(api: Api) -> None:
    open_promotion(api.platform)

    problem = api.post(DECIDE, {"decision": "perhaps"}, BEN).problem(422, "invalid")
    assert problem["errors"][0]["path"] == "decision"
    api.post(DECIDE.replace("promotion-1", "nope"), {"decision": "approve"}, BEN).problem(404, "not_found")


def test_the_task_token_stays_inside(api: Api) -> None:
    open_promotion(api.platform)

    shown = [
        api.get("/projects/credit/promotions").ok(),
        api.get("/projects/credit/promotions/promotion-1").ok(),
    ]

    assert "secret-token" not in json.dumps(shown)


def test_a_version_is_promoted_on_request_and_once(api: Api) -> None:
    api.post("/projects", {"spec": spec()}).ok()
    register_model(api.platform)

    first = api.post("/projects/credit/promotions", {"version": 1, "environment": "production"}, CID)
    again = api.post("/projects/credit/promotions", {"version": 1, "environment": "production"}, CID)

    assert first.status == 201
    assert again.body["promotion_id"] == first.body["promotion_id"]
    assert api.platform.promotion_workflow.started == [(first.body["promotion_id"], 1)]
    wrong = {"version": 1, "environment": "moon"}
    api.post("/projects/credit/promotions", wrong, CID).problem(422, "invalid")
    api.post("/projects/credit/promotions", {"version": 7}, CID).problem(404, "not_found")
    api.post("/projects/credit/promotions", {"version": 1}, ADA).problem(403, "forbidden")
