"""The audit chain: every event is linked once, and a changed one is found."""

from __future__ import annotations

from functions.seal_audit.seal import seal_project
from sluice.domain.audit import Verification, verify
from sluice.stores import clients, keys
from tests.stores.deployments import MotoDeployment
from tests.stores.workflows.projects import PROJECT, TENANT


def record(deployment: MotoDeployment, number: int, *, event_id: str | None = None) -> str:
    return deployment.audit.record(
        TENANT,
        PROJECT,
        actor="ann",
        action="promotion.approve",
        subject=f"promotion:{number}",
        correlation_id="c",
        event_id=event_id,
    )


def verification(deployment: MotoDeployment) -> Verification:
    return verify(deployment.audit.links(TENANT, PROJECT), deployment.audit.events(TENANT, PROJECT))


def test_events_are_linked_once_however_often_the_sealer_runs(deployment: MotoDeployment) -> None:
    for number in range(5):
        record(deployment, number)
    first = seal_project(deployment, TENANT, PROJECT)
    record(deployment, 5)
    unsealed = verification(deployment).unsealed

    second, third = seal_project(deployment, TENANT, PROJECT), seal_project(deployment, TENANT, PROJECT)

    assert (first, unsealed, second, third) == (5, 1, 1, 0)
    found = verification(deployment)
    assert (found.links, found.broken_at, found.unsealed) == (6, None, 0)


def test_an_event_that_a_retry_repeats_is_one_event(deployment: MotoDeployment) -> None:
    record(deployment, 1, event_id="t.concluded")
    deployment.pass_time(minutes=5)
    record(deployment, 1, event_id="t.concluded")

    assert seal_project(deployment, TENANT, PROJECT) == 1


def test_a_changed_event_breaks_the_chain_where_it_stands(deployment: MotoDeployment) -> None:
    ids = [record(deployment, number) for number in range(3)]
    seal_project(deployment, TENANT, PROJECT)
    pk, sk = keys.audit_event(tenant=TENANT, project=PROJECT, event_id=ids[1])
    clients.dynamodb().update_item(
        TableName=deployment.setting("AUDIT_TABLE"),
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET actor = :somebody",
        ExpressionAttributeValues={":somebody": {"S": "eve"}},
    )

    found = verification(deployment)

    assert (found.broken_at, found.reason) == (2, f"event {ids[1]} was changed")


def test_the_head_is_anchored_where_nobody_changes_it(deployment: MotoDeployment) -> None:
    record(deployment, 1)
    seal_project(deployment, TENANT, PROJECT)

    head = verification(deployment).head
    anchored = clients.s3().get_object(
        Bucket=deployment.setting("AUDIT_BUCKET"), Key=f"{TENANT}/{PROJECT}/000000000001.json"
    )
    assert head in anchored["Body"].read().decode()
