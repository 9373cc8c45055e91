"""What starts functions by itself: events on the bus and the clock."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.function import dead_letters


class Reactions(Construct):
    """Rules that invoke functions of one stack; what cannot be delivered ends in the stack's dead letters."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._undelivered = dead_letters(self, "Undelivered")

    def on_event(self, name: str, types: Sequence[str], function: lambda_.IFunction) -> None:
        """React to the platform's own events of these types."""
        self._rule(name, events.EventPattern(source=["sluice"], detail_type=list(types)), function)

    def on_upload(self, name: str, bucket: str, function: lambda_.IFunction) -> None:
        """React to data and code that arrive for a project. What the platform generates is neither."""
        self.on_object(name, bucket, ["projects/*/data/*", "projects/*/code/*"], function)

    def on_object(self, name: str, bucket: str, keys: Sequence[str], function: lambda_.IFunction) -> None:
        """React to objects that are created under keys like these, `*` for anything."""
        pattern = events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={"bucket": {"name": [bucket]}, "object": {"key": [{"wildcard": key} for key in keys]}},
        )
        self._rule(name, pattern, function)

    def every(self, name: str, interval: Duration, function: lambda_.IFunction) -> None:
        events.Rule(
            self,
            name,
            schedule=events.Schedule.rate(interval),
            targets=[targets.LambdaFunction(function, dead_letter_queue=self._undelivered)],
        )

    def _rule(self, name: str, pattern: events.EventPattern, function: lambda_.IFunction) -> None:
        events.Rule(
            self,
            name,
            event_pattern=pattern,
            targets=[targets.LambdaFunction(function, dead_letter_queue=self._undelivered, retry_attempts=8)],
        )
