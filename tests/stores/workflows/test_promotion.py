"""A promotion walks its steps, waits for a person, and ends once, however often a step is repeated."""

from __future__ import annotations

from typing import Any

import pytest

from functions.promote_model.check_gates import check_gates
from functions.promote_model.conclude import conclude
from functions.promote_model.deploy import deploy
from functions.promote_model.request_approval import request_approval
from functions.promote_model.roll_out import roll_out
from functions.promote_model.step import StepInput
from functions.resume_workflows.resume import resume_promotions
from sluice.domain.errors import Conflict, Forbidden
from sluice.domain.promotion import Decision, Promotion
from sluice.workflows.open_promotion import PromotionRequest, open_promotion
from tests.stores.deployments import MotoDeployment
from tests.stores.workflows.projects import ANN, PROJECT, TENANT, document, push, register_model

BEN = "ben@example.org"


def opened(deployment: MotoDeployment, version: int = 1) -> Promotion:
    return open_promotion(deployment, TENANT, PromotionRequest(PROJECT, version, ANN, "correlation"))


def given(promotion: Promotion, **more: Any) -> StepInput:
    return StepInput(TENANT, PROJECT, promotion.promotion_id, **more)


def now(deployment: MotoDeployment, promotion: Promotion) -> Promotion:
    return deployment.promotions.get(TENANT, PROJECT, promotion.promotion_id)


def until_approval(deployment: MotoDeployment, promotion: Promotion, token: str = "token-1") -> Promotion:
    for step in (check_gates, deploy):
        step(deployment, given(promotion), now(deployment, promotion))
    request_approval(deployment, given(promotion, task_token=token), now(deployment, promotion))
    return now(deployment, promotion)


def decision(
    promotion: Promotion, principal: str = BEN, verdict: Any = "approve", **changes: Any
) -> Decision:
    parts: dict[str, Any] = {
        "principal": principal,
        "decision": verdict,
        "comment": "",
        "at": "2026-11-23T11:00:00.000Z",
        "self_approval": principal == promotion.requested_by,
        "model_digest": promotion.model_digest,
        "report_digest": promotion.report_digest,
    }
    return Decision(**parts | changes)


@pytest.fixture
def promotion(deployment: MotoDeployment) -> Promotion:
    push(deployment)
    register_model(deployment)
    return opened(deployment)


def test_an_approved_version_goes_live(deployment: MotoDeployment, promotion: Promotion) -> None:
    waiting = until_approval(deployment, promotion)
    deployment.promotions.decide(TENANT, PROJECT, promotion.promotion_id, decision(waiting))

    rolled = roll_out(deployment, given(promotion), now(deployment, promotion))
    ended = conclude(deployment, given(promotion), now(deployment, promotion))

    assert (rolled["outcome"], ended["outcome"]) == ("rolled_out", "completed")
    live = deployment.endpoints.get(TENANT, PROJECT, "production")
    assert live is not None
    assert (live.variants[0].model_version, live.promotion_id) == (1, promotion.promotion_id)
    assert deployment.tracking.registry.get(TENANT, PROJECT).aliases == {"champion": 1}
    assert deployment.models.get(TENANT, PROJECT, 1).promotions == {
        "staging": promotion.promotion_id,
        "production": promotion.promotion_id,
    }


def test_staging_serves_before_anybody_is_asked(deployment: MotoDeployment, promotion: Promotion) -> None:
    waiting = until_approval(deployment, promotion)

    assert waiting.status == "waiting_for_approval"
    assert [event.data["environment"] for event in deployment.events.of("PromotionWaiting")] == ["production"]
    assert deployment.endpoints.get(TENANT, PROJECT, "staging") is not None
    assert deployment.endpoints.get(TENANT, PROJECT, "production") is None


def test_steps_that_run_again_change_nothing(deployment: MotoDeployment, promotion: Promotion) -> None:
    waiting = until_approval(deployment, promotion)
    deployment.promotions.decide(TENANT, PROJECT, promotion.promotion_id, decision(waiting))
    for _ in range(2):
        roll_out(deployment, given(promotion), now(deployment, promotion))

    first = conclude(deployment, given(promotion), now(deployment, promotion))
    second = conclude(deployment, given(promotion), now(deployment, promotion))

    live = deployment.endpoints.get(TENANT, PROJECT, "production")
    assert live is not None
    assert (live.revision, first, second) == (1, {"outcome": "completed"}, {"outcome": "completed"})


@pytest.mark.parametrize(
    ("report", "gate"),
    [
        ({"parity": {"passed": False, "max_difference": 0.84, "rows": 1000}}, "gates.parity"),
        ({"floors": [{"metric": "auc", "passed": False}]}, "gates.floors"),
        (
            {"bias": [{"attribute": "sex", "measures": [{"finding": "exceeds"}]}]},
            "gates.bias",
        ),
    ],
)
def test_a_gate_that_does_not_hold_rejects(deployment: MotoDeployment, report: Any, gate: str) -> None:
    push(deployment)
    register_model(deployment, report=report)
    promotion = opened(deployment)

    outcome = check_gates(deployment, given(promotion), now(deployment, promotion))
    ended = conclude(deployment, given(promotion), now(deployment, promotion))

    assert (outcome["outcome"], ended["outcome"]) == ("rejected", "rejected")
    assert [reason.path for reason in now(deployment, promotion).reasons] == [gate]


def test_bytes_that_changed_after_registration_reject(deployment: MotoDeployment) -> None:
    push(deployment)
    register_model(deployment, report_digest="another")
    promotion = opened(deployment)

    outcome = check_gates(deployment, given(promotion), now(deployment, promotion))

    assert outcome["outcome"] == "rejected"


def test_a_version_that_lost_cannot_be_promoted(deployment: MotoDeployment) -> None:
    push(deployment)
    register_model(deployment, report={"outcome": "worse"})

    with pytest.raises(Conflict, match="evaluated as worse"):
        opened(deployment)


def test_the_same_version_opens_one_promotion_until_it_ends(
    deployment: MotoDeployment, promotion: Promotion
) -> None:
    again = opened(deployment)
    waiting = until_approval(deployment, promotion)
    deployment.promotions.decide(TENANT, PROJECT, promotion.promotion_id, decision(waiting, verdict="reject"))
    conclude(deployment, given(promotion), now(deployment, promotion))

    later = opened(deployment)

    assert again.promotion_id == promotion.promotion_id
    assert now(deployment, promotion).status == "rejected"
    assert later.promotion_id != promotion.promotion_id


class TestDecisions:
    def test_a_second_decision_is_told_who_decided(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        waiting = until_approval(deployment, promotion)
        deployment.promotions.decide(TENANT, PROJECT, promotion.promotion_id, decision(waiting))

        with pytest.raises(Conflict, match=f"{BEN} chose to approve"):
            deployment.promotions.decide(
                TENANT, PROJECT, promotion.promotion_id, decision(waiting, "eve", "reject")
            )

    @pytest.mark.parametrize(("known", "approvers"), [(True, [BEN]), (False, [BEN, "eve"])])
    def test_four_eyes_are_two_people_of_whom_the_requester_may_be_one(
        self, deployment: MotoDeployment, known: bool, approvers: list[str]
    ) -> None:
        environments = [
            {"name": "staging", "approval": "auto"},
            {"name": "production", "approval": "four_eyes"},
        ]
        push(deployment, promotion={**document().get("promotion", {}), "environments": environments})
        register_model(deployment)
        request = PromotionRequest(PROJECT, 1, ANN, "correlation", requester_known=known)
        waiting = until_approval(deployment, open_promotion(deployment, TENANT, request))

        with pytest.raises(Forbidden, match="four eyes"):
            deployment.promotions.decide(TENANT, PROJECT, waiting.promotion_id, decision(waiting, ANN))
        statuses = [
            deployment.promotions.decide(
                TENANT, PROJECT, waiting.promotion_id, decision(waiting, each)
            ).status
            for each in approvers
        ]

        assert statuses == [*["waiting_for_approval"] * (len(approvers) - 1), "approved"]

    def test_nobody_decides_twice(self, deployment: MotoDeployment) -> None:
        environments = [{"name": "production", "approval": "four_eyes"}]
        push(deployment, promotion={**document().get("promotion", {}), "environments": environments})
        register_model(deployment)
        request = PromotionRequest(PROJECT, 1, ANN, "correlation", requester_known=False)
        waiting = until_approval(deployment, open_promotion(deployment, TENANT, request))
        deployment.promotions.decide(TENANT, PROJECT, waiting.promotion_id, decision(waiting))

        with pytest.raises(Conflict, match="decided already"):
            deployment.promotions.decide(TENANT, PROJECT, waiting.promotion_id, decision(waiting))

    def test_a_late_decision_is_refused(self, deployment: MotoDeployment, promotion: Promotion) -> None:
        waiting = until_approval(deployment, promotion)

        with pytest.raises(Conflict, match="expired"):
            deployment.promotions.decide(
                TENANT, PROJECT, promotion.promotion_id, decision(waiting, at="2027-01-01T00:00:00.000Z")
            )

    def test_a_decision_about_another_model_is_refused(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        waiting = until_approval(deployment, promotion)

        with pytest.raises(Conflict, match="not the one"):
            deployment.promotions.decide(
                TENANT, PROJECT, promotion.promotion_id, decision(waiting, model_digest="other")
            )

    def test_nobody_approved_so_nothing_rolls_out(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        until_approval(deployment, promotion)

        with pytest.raises(Conflict, match="not approved"):
            roll_out(deployment, given(promotion), now(deployment, promotion))

    def test_an_approval_that_nobody_gave_expires(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        until_approval(deployment, promotion)

        ended = conclude(
            deployment, given(promotion, error={"Error": "States.Timeout"}), now(deployment, promotion)
        )

        assert ended["outcome"] == "expired"


class TestRestart:
    def test_a_promotion_that_waited_waits_again(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        before = until_approval(deployment, promotion)
        deployment.promotion_workflow.running.clear()

        moved = resume_promotions(deployment, TENANT).moved
        after = until_approval(deployment, promotion, token="token-2")

        assert moved == [promotion.promotion_id]
        assert deployment.promotion_workflow.started[-1] == (promotion.promotion_id, 2)
        assert (after.status, after.task_token, after.expires_on) == (
            "waiting_for_approval",
            "token-2",
            before.expires_on,
        )

    def test_a_decision_taken_while_nothing_ran_wakes_the_new_workflow(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        waiting = until_approval(deployment, promotion)
        deployment.promotions.decide(TENANT, PROJECT, promotion.promotion_id, decision(waiting))

        request_approval(deployment, given(promotion, task_token="token-2"), now(deployment, promotion))

        assert deployment.promotion_workflow.woken[-1] == ("token-2", {"outcome": "approved"})

    def test_what_runs_is_left_alone(self, deployment: MotoDeployment, promotion: Promotion) -> None:
        assert resume_promotions(deployment, TENANT).moved == []

    def test_a_decision_that_nobody_heard_is_told(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        waiting = until_approval(deployment, promotion)
        deployment.promotions.decide(TENANT, PROJECT, promotion.promotion_id, decision(waiting))
        deployment.promotion_workflow.known_tokens.add("token-1")

        moved = resume_promotions(deployment, TENANT).moved

        assert moved == [promotion.promotion_id]
        assert deployment.promotion_workflow.woken == [("token-1", {"outcome": "approved"})]

    def test_a_rejection_without_a_workflow_is_concluded_by_the_next(
        self, deployment: MotoDeployment, promotion: Promotion
    ) -> None:
        waiting = until_approval(deployment, promotion)
        deployment.promotions.decide(
            TENANT, PROJECT, promotion.promotion_id, decision(waiting, verdict="reject")
        )
        deployment.promotion_workflow.running.clear()

        moved = resume_promotions(deployment, TENANT).moved
        outcome = check_gates(deployment, given(promotion), now(deployment, promotion))
        conclude(deployment, given(promotion), now(deployment, promotion))

        assert (moved, outcome) == ([promotion.promotion_id], {"outcome": "rejected"})
        assert deployment.promotions.open(TENANT) == []
