"""Batch: files that are scored as a whole, and requests too large for the door."""

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.function import FunctionFactory
from infra.constructs.reachable import state_machine
from infra.constructs.reaction import Reactions
from infra.constructs.workflow import Conclusion, FanOut, Persistent, Step, Workflow, execution_ids
from infra.parameters import look_up, publish
from infra.settings import Build
from infra.stages import Stage


class BatchStack(Stack):
    """start_batch, and the BATCH workflow: plan, score the parts or answer the request, conclude, tell."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, build: Build) -> None:
        super().__init__(scope, construct_id, description=f"Sluice {stage.name}: batches")
        name = f"{self.stack_name}-workflow"
        reach = state_machine(self, name, "batch_state_machine")
        functions = FunctionFactory(self, stage, build, batch_state_machine=reach).all_rooms("Batch")
        score = functions["score_batch"]
        data = look_up(self, stage, "data-bucket")
        predict = lambda_.Function.from_function_attributes(
            self, "Predict", function_arn=look_up(self, stage, "predict-function-arn"), same_environment=True
        )
        ids = execution_ids("tenant", "project", "batch_id", "attempt")
        jumps = {"planned": "score", "unfinished": "plan"}
        workflow = Workflow(
            self,
            "Workflow",
            name=name,
            stage=stage,
            steps=[
                Step("plan", score, {"step": "plan", **ids}, ("request",), jumps),
                # Whatever the answer is, it concludes: no outcome leads on to the parts.
                Step("answer", predict, {"step": "answer", **ids}, ("parts",), {}),
                FanOut(
                    "score",
                    score,
                    {"step": "score", **ids},
                    bucket=data,
                    items_at="$.last.Payload.plan_key",
                    item_name="part",
                    concurrency=stage.batch_concurrency,
                ),
            ],
            end=Conclusion(
                "conclude",
                score,
                {"step": "conclude", **ids},
                then=Persistent("deliver", functions["deliver_callback"], ids),
            ),
        )
        publish(self, stage, "batch-machine", workflow.machine.state_machine_name)
        Reactions(self, "Reactions").on_object(
            "Arrived", data, ["projects/*/batch/*/in/*"], functions["start_batch"]
        )
