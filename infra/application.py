"""The whole application: seven stacks of one stage, in the order in which they find each other."""

from aws_cdk import App, Stack, Tags

from infra.settings import Build
from infra.stacks.api import ApiStack
from infra.stacks.batch import BatchStack
from infra.stacks.data import DataStack
from infra.stacks.monitoring import MonitoringStack
from infra.stacks.promotion import PromotionStack
from infra.stacks.serving import ServingStack
from infra.stacks.training import TrainingStack
from infra.stages import Stage

# Behaviour that the CDK keeps off for old applications. Not in cdk.json: every way to synthesize must agree.
FLAGS: dict[str, object] = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/core:target-partitions": ["aws"],
    "@aws-cdk/core:enablePartitionLiterals": True,
}


def compose(app: App, stage: Stage, build: Build) -> None:
    """Add the stage's stacks to `app`."""
    prefix = f"Sluice-{stage.name}"
    data = DataStack(app, f"{prefix}-Data", stage=stage)
    training = TrainingStack(app, f"{prefix}-Training", stage=stage, build=build)
    promotion = PromotionStack(app, f"{prefix}-Promotion", stage=stage, build=build)
    serving = ServingStack(app, f"{prefix}-Serving", stage=stage, build=build)
    batch = BatchStack(app, f"{prefix}-Batch", stage=stage, build=build)
    monitoring = MonitoringStack(app, f"{prefix}-Monitoring", stage=stage, build=build)
    api = ApiStack(app, f"{prefix}-Api", stage=stage, build=build)
    # What a stack looks up by parameter must be published before it is deployed.
    needs: dict[Stack, list[Stack]] = {
        training: [data],
        promotion: [data],
        serving: [data],
        batch: [data, serving],
        monitoring: [data, training, promotion, batch],
        api: [data, training, promotion, serving, batch],
    }
    for stack, earlier in needs.items():
        for dependency in earlier:
            stack.add_stack_dependency(dependency)
    Tags.of(app).add("application", "sluice")
    Tags.of(app).add("stage", stage.name)
