"""Training: from an upload to a registered model version."""

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.function import FunctionFactory
from infra.constructs.reachable import state_machine, target
from infra.constructs.reaction import Reactions
from infra.constructs.workflow import Conclusion, Step, Workflow, execution_ids
from infra.parameters import look_up, publish
from infra.settings import Build
from infra.stages import Stage

# A state, and the outcomes that lead to the next one.
STEPS = (
    # A model that somebody registered brings no code whose tests could run.
    ("validate_dataset", ("accepted",)),
    ("run_project_tests", ("passed",)),
    ("train_model", ("trained",)),
    ("score_dataset", ("scored",)),
    # A version that lost is registered too: lineage knows it, promotion asks the policy.
    ("evaluate_model", ("first", "better", "non_inferior", "inconclusive", "worse")),
    ("register_model", ("registered",)),
)
JUMPS = {"validate_dataset": {"model_given": "train_model"}}
STARTS = ("TrainingRequested", "DatasetAssembled", "UploadFound", "ModelVersionCreated")
ISOLATED = ("run_project_tests", "train_model")


class TrainingStack(Stack):
    """start_training, the TRAINING workflow and its rooms, and the role of somebody else's code."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, build: Build) -> None:
        super().__init__(scope, construct_id, description=f"Sluice {stage.name}: training")
        name = f"{self.stack_name}-workflow"
        reach = state_machine(self, name, "training_state_machine")
        factory = FunctionFactory(self, stage, build, training_state_machine=reach)
        functions = factory.all_rooms("Training")
        TrainingData(self, "TrainingData", stage=stage, users=[functions[room] for room in ISOLATED])
        ids = execution_ids("tenant", "project", "training_id", "attempt")
        workflow = Workflow(
            self,
            "Workflow",
            name=name,
            stage=stage,
            steps=[Step(room, functions[room], ids, go_on, JUMPS.get(room, {})) for room, go_on in STEPS],
            end=Conclusion("conclude_training", functions["conclude_training"], ids),
        )
        publish(self, stage, "training-machine", workflow.machine.state_machine_name)
        self._react(stage, functions)

    def _react(self, stage: Stage, functions: Mapping[str, lambda_.Function]) -> None:
        start = functions["start_training"]
        reactions = Reactions(self, "Reactions")
        reactions.on_upload("Uploaded", look_up(self, stage, "data-bucket"), start)
        reactions.on_event("Requested", STARTS, start)


class TrainingData(Construct):
    """What training code may reach: code to read, the files of trainings to read and write.

    Only the isolated functions may assume the role, and each narrows it by a session policy to one training.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, users: list[lambda_.Function]
    ) -> None:
        super().__init__(scope, construct_id)
        principals = [iam.ArnPrincipal(user.role.role_arn) for user in users if user.role]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.CompositePrincipal(*principals),
            description="Assumed by the functions that run project code, never by anything else",
        )
        bucket = target(Stack.of(self), stage, "data")
        arn = bucket.arns["bucket"][0]
        trainings = f"{arn}/projects/*/derived/trainings/*"
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resource_arns=[f"{arn}/projects/*/code/*", trainings],
        )
        iam.Grant.add_to_principal(grantee=role, actions=["s3:PutObject"], resource_arns=[trainings])
        for user in users:
            role.grant_assume_role(user.grant_principal)
            for name, value in {"TRAINING_DATA_ROLE_ARN": role.role_arn, **bucket.environment}.items():
                user.add_environment(name, value)
