"""Monitoring: predictions become archives, archives become reports, and the records are kept in order."""

import json
from typing import Any

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
        self._snapshot(stage, functions["snapshot_runs"])
        reactions = Reactions(self, "Reactions")
        reactions.on_event("DriftCheckRequested", ["DriftCheckRequested"], functions["check_drift"])
        reactions.every("DriftCheckDue", stage.drift_check_every, functions["check_drift"])
        reactions.on_event("RetrainingRequested", ["RetrainingRequested"], functions["assemble_dataset"])
        reactions.every("SealDue", Duration.minutes(1), functions["seal_audit"])
        reactions.on_event("TenantDeletion", ["TenantDeletionRequested"], functions["collect_garbage"])
        reactions.every("CollectionDue", Duration.minutes(5), functions["collect_garbage"])
        reactions.every("ResumeDue", Duration.minutes(5), functions["resume_workflows"])

    def _archive(self, stage: Stage, function: lambda_.Function) -> None:
        """Feed the ledger's new items to the archive, in order, each batch whole.

        A batch is archived exactly once under a name made from its ends: split on error it would have others.
        """
        self._feed(
            stage,
            function,
            "Ledger",
            batch_size=100,
            max_batching_window=Duration.seconds(2),
            bisect_batch_on_error=False,
            on_failure=sources.SqsDlq(dead_letters(self, "UnarchivedPredictions")),
        )

    def _snapshot(self, stage: Stage, function: lambda_.Function) -> None:
        """Wake it by notes of changes, by who asks, by what has expired and by experiments that are gone.

        Records only say which experiment to look at: what could not be done in twenty hours is dropped, and
        searches ask again.
        """
        noted = {"NewImage": {"kind": {"S": ["run", "model", "asked"]}}}
        expired = {"Keys": {"sk": {"S": ["snapshot-later"]}}}
        gone = {"Keys": {"pk": {"S": [{"suffix": "#experiments"}]}}}
        wanted = [(["INSERT", "MODIFY"], noted), (["REMOVE"], expired), (["REMOVE"], gone)]
        self._feed(
            stage,
            function,
            "Tracking",
            batch_size=1000,
            max_batching_window=Duration.seconds(30),
            bisect_batch_on_error=True,
            filters=[
                {"pattern": json.dumps({"eventName": names, "dynamodb": found})} for names, found in wanted
            ],
        )

    def _feed(self, stage: Stage, function: lambda_.Function, role: str, **options: Any) -> None:
        """Have a function read a table's stream from its beginning."""
        table = dynamodb.Table.from_table_attributes(
            self,
            role,
            table_name=look_up(self, stage, f"{role.lower()}-table"),
            table_stream_arn=look_up(self, stage, f"{role.lower()}-stream-arn"),
        )
        source = sources.DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            retry_attempts=20,
            max_record_age=Duration.hours(20),
            **options,
        )
        function.add_event_source(source)
