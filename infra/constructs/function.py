"""The one factory that makes every Lambda function."""

from pathlib import Path
from typing import Any

from aws_cdk import AssetHashType, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.access import grant
from infra.constructs.reachable import Target, target
from infra.packaging.functions import fingerprint
from infra.rooms import Room, rooms_of
from infra.settings import Build
from infra.stages import Stage


def pascal(name: str) -> str:
    """verb_noun -> VerbNoun, the form of construct ids."""
    return "".join(part.capitalize() for part in name.split("_"))


class FunctionFactory:
    """Makes the functions of one stack, all alike; layers are created once per stack, on first use."""

    def __init__(self, stack: Stack, stage: Stage, build: Build, **local_targets: Target) -> None:
        """`local_targets` are resources of this very stack, which cannot be looked up by parameter yet."""
        self._stack, self._stage, self._build, self._local = stack, stage, build, local_targets
        self._layers: dict[str, lambda_.ILayerVersion] = {}

    def all_rooms(self, stack_name: str, **options: Any) -> dict[str, lambda_.Function]:
        """Every room that the table assigns to this stack, by name; `options` are more of CDK's own."""
        return {room.name: self.room(room, **options) for room in rooms_of(stack_name)}

    def room(self, room: Room, **options: Any) -> lambda_.Function:
        scope = Construct(self._stack, pascal(room.name))
        log_group = logs.LogGroup(
            scope, "Logs", retention=self._stage.log_retention, removal_policy=RemovalPolicy.DESTROY
        )
        role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        environment = self._environment(room)
        for name, verbs in room.access.items():
            reached = self._local.get(name) or target(self._stack, self._stage, name)
            grant(role, reached.arns, verbs)
            environment.update(reached.environment)
        return lambda_.Function(
            scope,
            "Function",
            description=f"{room.name} ({self._stage.name})",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.{room.name}.handler.handler",
            code=_code(self._build.function_asset(room.name)),
            layers=[self._layer(name) for name in room.layers],
            memory_size=room.memory,
            timeout=Duration.seconds(room.timeout),
            role=role,
            environment=environment,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            dead_letter_queue=dead_letters(scope) if room.asynchronous else None,
            **options,
        )

    def _environment(self, room: Room) -> dict[str, str]:
        environment = {
            "STAGE": self._stage.name,
            "LOG_LEVEL": self._stage.log_level,
            "POWERTOOLS_SERVICE_NAME": room.name,
        }
        if room.needs_retention:
            environment["TRACKING_RETENTION_DAYS"] = str(self._stage.tracking_retention.to_days())
        if room.needs_callbacks and self._stage.callback_hosts:
            environment["CALLBACK_HOSTS"] = ",".join(self._stage.callback_hosts)
            environment |= {"CALLBACK_CA": self._stage.callback_ca} if self._stage.callback_ca else {}
        if not room.needs_origins:
            return environment
        environment["ARTIFACT_ROOT_MODE"] = self._stage.artifact_root_mode
        origins = {
            "PUBLIC_ORIGIN": self._stage.public_origin,
            "S3_PUBLIC_ENDPOINT": self._stage.s3_public_endpoint,
        }
        return environment | {name: origin for name, origin in origins.items() if origin}

    def _layer(self, name: str) -> lambda_.ILayerVersion:
        if name not in self._layers:
            self._layers[name] = lambda_.LayerVersion(
                self._stack,
                f"{name.capitalize()}Layer",
                code=_code(self._build.layer_asset(name)),
                compatible_architectures=[lambda_.Architecture.ARM_64],
                compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
                description=f"Third-party code: {name}",
            )
        return self._layers[name]


def _code(asset: Path) -> lambda_.Code:
    return lambda_.Code.from_asset(
        str(asset), asset_hash=fingerprint(asset), asset_hash_type=AssetHashType.CUSTOM
    )


def dead_letters(scope: Construct, construct_id: str = "DeadLetters") -> sqs.Queue:
    """Where events end that no attempt could handle: kept for the longest time there is."""
    return sqs.Queue(scope, construct_id, retention_period=Duration.days(14), enforce_ssl=True)
