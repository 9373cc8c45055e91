"""A deleted tenant goes with everything, in pieces, and its neighbours keep what is theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.collect_garbage.collect import collect_all
from functions.collect_garbage.remove_tenant import remove_tenant
from functions.collect_garbage.settings import Cleaning
from functions.track_runs.door import Door
from sluice.domain.batch import Batch, Part, derived_key, source_key
from sluice.stores import clients
from sluice.stores.tracking.artifacts import ArtifactFiles
from tests.stores.control_api import scenes
from tests.stores.control_api.api import ROOT, Api, person
from tests.stores.control_api.test_projects import spec
from tests.stores.deployments import BUCKETS, TABLES, MotoDeployment
from tests.stores.tracking.scenes import Client


class MotoCleaning(MotoDeployment, Cleaning):
    """The room's stores over moto."""


@pytest.fixture
def cleaning(deployment: MotoDeployment, api: Api) -> MotoCleaning:
    environment = {**deployment.environment, "TRACKING_RETENTION_DAYS": "30"}
    return MotoCleaning(environment, deployment.time)


def client(cleaning: MotoCleaning, tenant: str) -> Client:
    files = ArtifactFiles(clients.s3(), clients.s3(), cleaning.setting("ARTIFACTS_BUCKET"))
    return Client(Door(lambda: cleaning.tracking, lambda: files), tenant=tenant)


def fill(api: Api, cleaning: MotoCleaning, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something of every kind: runs, files, models, a project with data, an endpoint, a scored request."""
    monkeypatch.setattr(scenes, "TENANT", tenant)
    scenes.scored(api.platform, request_id=f"request-of-{tenant}")
    boss = person("root", "admin", tenant=tenant)
    api.post("/tokens", {"principal": "bot", "roles": ["viewer"]}, boss, idempotency_key="once").ok()
    folder = "credit" if tenant == "default" else f"{tenant}.credit"
    cleaning.artefacts.write("data", f"projects/{folder}/data/rows.csv", b"rows")
    cleaning.artefacts.write("archive", f"{tenant}/requests/big.json", b"{}")
    key = source_key(tenant, "credit", "production", "b1", "rows.csv")
    batch = Batch("b1", "batch", "credit", "production", "csv", key, "ann", True, "c1")
    cleaning.batches.create(tenant, batch)
    cleaning.batches.finish_part(tenant, "b1", Part(1, 10, 0, (), ()))
    cleaning.artefacts.write("data", derived_key(tenant, "credit", "b1", "manifest.json"), b"{}")
    server = client(cleaning, tenant)
    e = server.post("experiments/create", name="e", tags=[{"key": "t", "value": "v"}]).json["experiment_id"]
    run = server.post("runs/create", experiment_id=e).json["run"]["info"]["run_id"]
    points = [{"key": "m", "value": n, "timestamp": n, "step": n} for n in range(60)]
    server.post("runs/log-batch", run_id=run, metrics=points, params=[{"key": "p", "value": "x" * 5_000}])
    server.send(
        "PUT",
        f"/api/2.0/mlflow-artifacts/artifacts/{e}/{run}/artifacts/a",
        b"a",
        kind="application/octet-stream",
    )
    server.post("registered-models/create", name="m", tags=[{"key": "t", "value": "x" * 5_000}])
    server.post("model-versions/create", name="m", source=f"runs:/{run}/a", run_id=run)


def holdings(cleaning: MotoCleaning, tenant: str) -> set[str]:
    """Keys of all that a tenant has; its audit chain and what expires by itself aside."""
    found = set()
    for table in TABLES:
        for item in clients.dynamodb().scan(TableName=cleaning.setting(table))["Items"]:
            pk = item["pk"]["S"]
            if pk.startswith(f"{tenant}#") and "#audit#" not in pk and "#changes#" not in pk:
                found.add(f"{pk} {item['sk']['S']}")
    for bucket in BUCKETS:
        listed = clients.s3().list_object_versions(Bucket=cleaning.setting(bucket))
        for one in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
            if one["Key"].startswith((f"{tenant}/", f"projects/{tenant}.")):
                found.add(one["Key"])
    return found


def test_a_tenant_goes_in_pieces_and_its_neighbour_stays(
    api: Api, cleaning: MotoCleaning, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tenant in ("acme", "acme-2"):
        api.post("/tenants", {"name": tenant}, ROOT).ok()
        fill(api, cleaning, tenant, monkeypatch)
    api.send("DELETE", "/tenants/acme", ROOT)
    kept, before = holdings(cleaning, "acme-2"), len(holdings(cleaning, "acme"))
    assert before > 20

    rounds, steps = 0, iter(range(10**6))
    while holdings(cleaning, "acme"):
        rounds += 1
        assert rounds < before
        assert not remove_tenant(cleaning, "acme", lambda: next(steps) % 5 < 4)

    assert rounds >= 2
    shown = api.get("/tenants/acme", ROOT).ok()
    assert shown["status"] == "deleting"  # somebody's last request may still be under way
    assert shown["removed"]["runs"] == shown["removed"]["predictions"] == 1
    assert {event.tenant for event in cleaning.events.of("TenantDeletionRequested")} == {"acme"}
    cleaning.pass_time(minutes=3)
    assert remove_tenant(cleaning, "acme", lambda: True)
    assert api.get("/tenants/acme", ROOT).ok()["status"] == "deleted"
    assert holdings(cleaning, "acme-2") == kept
    assert api.get("/projects/_platform/audit", person("boss", "admin", tenant="acme")).ok()["items"]
    actions = [one["action"] for one in api.get("/projects/_platform/audit", ROOT).ok()["items"]]
    assert actions.count("tenant.removed") == 1


def test_an_active_tenant_is_not_touched(api: Api, cleaning: MotoCleaning) -> None:
    api.post("/tenants", {"name": "acme"}, ROOT).ok()
    kept = holdings(cleaning, "acme")

    assert not remove_tenant(cleaning, "acme", lambda: True)
    assert holdings(cleaning, "acme") == kept


def test_the_schedule_collects_in_every_tenant_what_is_old_enough(api: Api, cleaning: MotoCleaning) -> None:
    api.post("/tenants", {"name": "acme"}, ROOT).ok()
    runs: dict[str, Any] = {}
    for tenant in ("default", "acme"):
        server = client(cleaning, tenant)
        runs[tenant] = server.post("runs/create", experiment_id="0").json["run"]["info"]["run_id"]
        server.post("runs/delete", run_id=runs[tenant])

    assert collect_all(cleaning, lambda: True) == {}
    cleaning.environment["TRACKING_RETENTION_DAYS"] = "0"  # type: ignore[index]
    assert collect_all(cleaning, lambda: True) == {tenant: {"runs": 1} for tenant in ("default", "acme")}
    assert json.loads(client(cleaning, "acme").get("runs/get", run_id=runs["acme"]).content)["error_code"]


def test_uploads_of_a_tenant_are_its_own(api: Api, cleaning: MotoCleaning) -> None:
    """Two tenants may have projects of one name: neither's file is ever the other's."""
    from functions.start_training.receive_upload import ObjectCreated, receive_upload

    boss = person("boss", "admin", tenant="acme")
    for who in (ROOT, boss):
        api.post("/projects", {"spec": spec()}, person("x", "contributor", tenant=who.tenant)).ok()
    body = {"kind": "data", "filename": "rows.csv", "size": 4}
    link = api.post("/projects/credit/uploads", body, boss).ok()
    assert link["key"] == "projects/acme.credit/data/rows.csv"
    ref = cleaning.artefacts.write("data", link["key"], b"rows")

    receive_upload(cleaning, ObjectCreated(link["key"], ref.version_id, "1", "x"))

    assert len(api.get("/projects/credit/uploads", boss).ok()["items"]) == 1
    assert api.get("/projects/credit/uploads", ROOT).ok()["items"] == []
