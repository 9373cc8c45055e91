"""The synthesized templates: what must hold of them, whatever else changes."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.rooms import ROOMS
from sluice.web.observability import LogKey
from tests.infra.conftest import ROOT, Assembly, Resource
from tests.infra.stateful import RECORD, stateful


def test_every_rule_holds_or_is_answered(assembly: Assembly) -> None:
    assert assembly.problem == ""


def test_stateful_resources_keep_their_ids_and_keys(assembly: Assembly) -> None:
    """At most one index may come or go with a release: DynamoDB changes one at a time."""
    recorded, now = json.loads(RECORD.read_text()), stateful(assembly)

    assert set(recorded) <= set(now), "a table or bucket would be replaced or dropped"
    for name, before in recorded.items():
        after = now[name]
        indexes = "GlobalSecondaryIndexes"
        assert {**before, indexes: None} == {**after, indexes: None}, name
        assert len(_names(before.get(indexes, [])) ^ _names(after.get(indexes, []))) <= 1, name
    assert set(now) == set(recorded), "record new resources: python -m tests.infra.stateful"


def test_stateful_resources_are_in_the_data_stack_and_retained(assembly: Assembly) -> None:
    for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket"):
        for stack, logical_id, resource in assembly.resources(kind):
            assert stack == "Sluice-dev-Data", logical_id
            assert resource["DeletionPolicy"] == "Retain", logical_id
            assert resource["UpdateReplacePolicy"] == "Retain", logical_id


def test_tables_recover_expire_and_stream(assembly: Assembly) -> None:
    tables = [resource["Properties"] for _, _, resource in assembly.resources("AWS::DynamoDB::Table")]

    assert len(tables) == 4
    for table in tables:
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_buckets_are_private_encrypted_and_what_matters_is_versioned(assembly: Assembly) -> None:
    buckets = {name: resource["Properties"] for _, name, resource in assembly.resources("AWS::S3::Bucket")}

    for name, bucket in buckets.items():
        assert all(bucket["PublicAccessBlockConfiguration"].values()), name
        assert "BucketEncryption" in bucket, name
        if not name.startswith("AccessLogs"):
            assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, name
    locked = [name for name, bucket in buckets.items() if bucket.get("ObjectLockEnabled")]
    announcing = [name for name, bucket in buckets.items() if "NotificationConfiguration" in bucket]
    assert [name[:11] for name in locked] == ["AuditBucket"]
    assert [name[:10] for name in announcing] == ["DataBucket"]


def test_every_function_comes_from_the_factory(assembly: Assembly) -> None:
    functions = {_room(r): r["Properties"] for _, _, r in assembly.resources("AWS::Lambda::Function")}

    assert set(functions) == {room.name for room in ROOMS}
    for room in ROOMS:
        function = functions[room.name]
        assert function["Architectures"] == ["arm64"], room.name
        assert function["Runtime"] == "python3.13", room.name
        assert function["LoggingConfig"]["LogFormat"] == "JSON", room.name
        assert ("DeadLetterConfig" in function) == room.asynchronous, room.name
        assert len(function["Layers"]) == len(room.layers), room.name


def test_log_groups_expire(assembly: Assembly) -> None:
    groups = [resource["Properties"] for _, _, resource in assembly.resources("AWS::Logs::LogGroup")]

    assert len(groups) == len(ROOMS) + 4
    assert all(group["RetentionInDays"] == 7 for group in groups)


def test_nothing_needs_node_or_a_custom_resource(assembly: Assembly) -> None:
    kinds = {resource["Type"] for _, _, resource in assembly.resources()}

    assert not {kind for kind in kinds if kind.startswith("Custom::") or kind.endswith("::CustomResource")}


def test_nobody_changes_or_deletes_audit_items(assembly: Assembly) -> None:
    for _, logical_id, resource in assembly.resources("AWS::IAM::Policy"):
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            if "audittable" in json.dumps(statement["Resource"]):
                actions = _listed(statement["Action"])
                assert not {a for a in actions if "Update" in a or "Delete" in a or "Write" in a}, logical_id


@pytest.mark.parametrize("room", ["RunProjectTests", "TrainModel"])
def test_isolated_functions_have_next_to_nothing(assembly: Assembly, room: str) -> None:
    policies = [r for _, name, r in assembly.resources("AWS::IAM::Policy") if name.startswith(f"{room}Role")]

    actions = {action for policy in policies for action in _actions(policy)}
    assert actions == {"logs:CreateLogStream", "logs:PutLogEvents", "sts:AssumeRole"}


def test_only_isolated_functions_assume_the_training_role(assembly: Assembly) -> None:
    role = next(r for _, name, r in assembly.resources("AWS::IAM::Role") if name.startswith("TrainingData"))

    trusted = [s["Principal"]["AWS"] for s in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]]
    names = {principal["Fn::GetAtt"][0] for principals in trusted for principal in _listed(principals)}
    assert {name[:10] for name in names} == {"RunProject", "TrainModel"}


def test_what_the_platform_generates_starts_nothing(assembly: Assembly) -> None:
    patterns = [
        rule["Properties"]["EventPattern"]["detail"]["object"]["key"]
        for _, _, rule in assembly.resources("AWS::Events::Rule")
        if "aws.s3" in rule["Properties"].get("EventPattern", {}).get("source", [])
    ]

    wildcards = {key["wildcard"] for keys in patterns for key in keys}
    assert wildcards == {"projects/*/data/*", "projects/*/code/*", "projects/*/batch/*/in/*"}
    for made in ("batch/1/results/part-00000-000.csv", "batch/1/plan.json", "trainings/1/test.npz"):
        assert not any(fnmatchcase(f"projects/credit/derived/{made}", wildcard) for wildcard in wildcards)


def test_only_health_the_sign_in_and_the_public_files_are_open(assembly: Assembly) -> None:
    routes = [route["Properties"] for _, _, route in assembly.resources("AWS::ApiGatewayV2::Route")]

    open_routes = {route["RouteKey"] for route in routes if route["AuthorizationType"] == "NONE"}
    signing_in = {"ANY /sign-in", "ANY /sign-in/{proxy+}", "ANY /sign-out", "ANY /static-files/{proxy+}"}
    assert open_routes == {"GET /health", "GET /sluice/v1/health"} | signing_in
    assert {r["AuthorizationType"] for r in routes} == {"NONE", "CUSTOM"}


def test_every_folder_of_functions_is_a_room_and_has_a_door() -> None:
    folders = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()} - {"__pycache__"}

    assert folders == {room.name for room in ROOMS}
    assert all((ROOT / "functions" / room.name / "handler.py").exists() for room in ROOMS)


def _names(indexes: list[dict[str, Any]]) -> set[str]:
    return {index["IndexName"] for index in indexes}


def _room(function: Resource) -> str:
    return str(function["Properties"]["Handler"]).split(".")[1]


def _actions(policy: Resource) -> set[str]:
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    return {action for statement in statements for action in _listed(statement["Action"])}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_refused_artefact_raises_an_alarm(assembly: Assembly) -> None:
    (listens,) = [found for *_, found in assembly.resources("AWS::Logs::MetricFilter")]
    (alarm,) = [found for *_, found in assembly.resources("AWS::CloudWatch::Alarm")]
    (measured,) = listens["Properties"]["MetricTransformations"]

    assert listens["Properties"]["FilterPattern"] == f'{{ $.message = "{LogKey.ARTEFACT_REFUSED}" }}'
    assert (alarm["Properties"]["Namespace"], alarm["Properties"]["MetricName"]) == (
        measured["MetricNamespace"],
        measured["MetricName"],
    )
    assert alarm["Properties"]["TreatMissingData"] == "notBreaching"
