"""Monitoring: predictions become archives, archives become reports, and the records are kept in order."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.constructs.function import FunctionFactory, dead_letters
from infra.constructs.reaction import Reactions
from infra.parameters import look_up, publish
from infra.settings import Build
from infra.stages import Stage


class MonitoringStack(Stack):
    """The ledger's stream, the drift checks, the audit sealer, and what picks up interrupted work."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, build: Build) -> None:
        super().__init__(scope, construct_id, description=f"Sluice {stage.name}: monitoring")
        functions = FunctionFactory(self, stage, build).all_rooms("Monitoring")
        publish(self, stage, "resume-function", functions["resume_workflows"].function_name)
        self._archive(stage, functions["archive_predictions"])
        reactions = Reactions(self, "Reactions")
        reactions.on_event("DriftCheckRequested", ["DriftCheckRequested"], functions["check_drift"])
        reactions.every("DriftCheckDue", stage.drift_check_every, functions["check_drift"])
        reactions.on_event("RetrainingRequested", ["RetrainingRequested"], functions["assemble_dataset"])
        reactions.every("SealDue", Duration.minutes(1), functions["seal_audit"])
        reactions.every("ResumeDue", Duration.minutes(5), functions["resume_workflows"])

    def _archive(self, stage: Stage, function: lambda_.Function) -> None:
        """Feed the ledger's new items to the archive, in order, each batch whole.

        A batch is archived exactly once under a name made from its ends: split on error it would have others.
        """
        table = dynamodb.Table.from_table_attributes(
            self,
            "Ledger",
            table_name=look_up(self, stage, "ledger-table"),
            table_stream_arn=look_up(self, stage, "ledger-stream-arn"),
        )
        function.add_event_source(
            sources.DynamoEventSource(
                table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                max_batching_window=Duration.seconds(2),
                bisect_batch_on_error=False,
                retry_attempts=20,
                max_record_age=Duration.hours(20),
                on_failure=sources.SqsDlq(dead_letters(self, "UnarchivedPredictions")),
            )
        )
