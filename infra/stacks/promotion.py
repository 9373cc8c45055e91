"""Promotion: from a registered model version to an endpoint, past gates and a person."""

from aws_cdk import Stack
from constructs import Construct

from infra.constructs.function import FunctionFactory
from infra.constructs.reachable import state_machine
from infra.constructs.reaction import Reactions
from infra.constructs.workflow import Conclusion, Step, Workflow, execution_ids
from infra.parameters import publish
from infra.settings import Build
from infra.stages import Stage

# A step of promote_model, the outcomes that lead to the next one, and those that lead elsewhere.
STEPS: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    ("check_gates", ("passed",), {}),
    ("deploy", ("deployed",), {}),
    ("smoke_test", ("passed",), {"approved": "roll_out"}),
    ("request_approval", ("approved",), {}),
    ("roll_out", ("rolled_out",), {}),
)
# smoke_test answers for how many seconds the approval after it stays open.
APPROVAL_SECONDS = "$.last.Payload.approval_seconds"


class PromotionStack(Stack):
    """start_promotion, and the PROMOTION workflow whose every state is a step of promote_model."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, build: Build) -> None:
        super().__init__(scope, construct_id, description=f"Sluice {stage.name}: promotion")
        name = f"{self.stack_name}-workflow"
        reach = state_machine(self, name, "promotion_state_machine")
        functions = FunctionFactory(self, stage, build, promotion_state_machine=reach).all_rooms("Promotion")
        promote = functions["promote_model"]
        ids = execution_ids("tenant", "project", "promotion_id", "attempt")
        steps = [
            Step(step, promote, {"step": step, **ids}, go_on, jumps, _waits(step))
            for step, go_on, jumps in STEPS
        ]
        workflow = Workflow(
            self,
            "Workflow",
            name=name,
            stage=stage,
            steps=steps,
            end=Conclusion("conclude", promote, {"step": "conclude", **ids}),
        )
        publish(self, stage, "promotion-machine", workflow.machine.state_machine_name)
        reactions = Reactions(self, "Reactions")
        reactions.on_event("Registered", ["ModelRegistered"], functions["start_promotion"])


def _waits(step: str) -> str | None:
    return APPROVAL_SECONDS if step == "request_approval" else None
