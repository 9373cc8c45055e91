"""Models, lineage, audit, drift and tokens through the door."""

from __future__ import annotations

import json
from dataclasses import replace

from sluice.domain.audit import GENESIS, seal
from sluice.domain.counts import Counts
from sluice.domain.lineage import Edge
from sluice.domain.monitor import Monitor
from sluice.stores import keys
from sluice.stores.drift_reports import Report, report_item
from tests.stores.control_api.api import ADA, EVE, ROOT, Api, person
from tests.stores.control_api.scenes import register_model
from tests.stores.control_api.test_projects import spec


def test_model_versions_come_newest_first(api: Api) -> None:
    register_model(api.platform, 1)
    register_model(api.platform, 2)

    assert [each["version"] for each in api.get("/projects/credit/models", EVE).ok()["items"]] == [2, 1]
    assert api.get("/projects/credit/models/1", EVE).ok()["dataset"]["key"].endswith("german.csv")
    api.get("/projects/credit/models/3", EVE).problem(404, "not_found")


def test_lineage_is_followed_both_ways(api: Api) -> None:
    edges = [Edge("dataset:d", "trained", "training:t"), Edge("training:t", "made", "model:credit/1")]
    api.platform.lineage.link("default", "credit", *edges, Edge("model:credit/1", "serves", "endpoint:e/1"))

    found = api.get("/projects/credit/lineage", EVE, node="model:credit/1").ok()

    assert [edge["source"] for edge in found["upstream"]] == ["training:t", "dataset:d"]
    assert [edge["target"] for edge in found["downstream"]] == ["endpoint:e/1"]
    assert found["truncated"] is False
    api.get("/projects/credit/lineage", EVE).problem(400, "bad_request")
    api.get("/projects/credit/lineage", EVE, node="model").problem(400, "bad_request")


def test_the_audit_verifies_and_shows_where_it_was_changed(api: Api) -> None:
    api.post("/projects", {"spec": spec()}).ok()
    api.post("/projects", {"spec": spec(purpose="Another.")}).ok()
    audit = api.platform.audit
    events = sorted(audit.events("default", "credit").values(), key=lambda event: event.event_id)
    for link in seal(events[:1], number=0, head=GENESIS):
        audit.append_link("default", "credit", link)

    before = api.get("/projects/credit/audit/verification", ROOT).ok()
    key = keys.audit_event(tenant="default", project="credit", event_id=events[0].event_id)
    audit.items.update(key, {"actor": "somebody else"})
    after = api.get("/projects/credit/audit/verification", ROOT).ok()

    assert (before["holds"], before["links"], before["unsealed"]) == (True, 1, 1)
    assert (after["holds"], after["broken_at"]) == (False, 1)
    api.get("/projects/credit/audit", ADA).problem(403, "forbidden")


def test_drift_reports_are_found_and_a_check_is_asked_for(api: Api) -> None:
    api.post("/projects", {"spec": spec()}).ok()
    for environment, report_id in (("production", "r1"), ("production", "r2"), ("staging", "r3")):
        whole = json.dumps({"report_id": report_id, "features": ["every", "one"]}).encode()
        full = api.platform.artefacts.write("archive", f"reports/{report_id}.json", whole)
        document = {"report_id": report_id, "environment": environment}
        report = Report("credit", environment, 1, report_id, "alarm", document, full, "correlation")
        api.platform.records.put_new(report_item("default", report))

    production = api.get("/projects/credit/drift", EVE, environment="production").ok()["items"]
    asked = api.post("/projects/credit/drift", {"environment": "production"})

    assert [each["report_id"] for each in production] == ["r2", "r1"]
    assert api.get("/projects/credit/drift/r3", EVE).ok()["features"] == ["every", "one"]
    assert asked.status == 202
    assert api.platform.events.of("DriftCheckRequested")[0].data["environment"] == "production"
    api.get("/projects/credit/drift/r9", EVE).problem(404, "not_found")
    api.post("/projects/credit/drift", {"environment": "moon"}).problem(422, "invalid")


def test_how_far_a_window_is_stands_beside_its_reports(api: Api) -> None:
    nothing = api.get("/projects/credit/drift", EVE, environment="production").ok()
    for version, rows in ((1, 70), (2, 30)):
        monitor = replace(
            Monitor("credit", "production", version), total=Counts({"rows": (rows,), "labels": (rows // 2,)})
        )
        assert api.platform.counts.advance("default", monitor, [])

    found = api.get("/projects/credit/drift", EVE, environment="production").ok()

    assert (nothing["items"], nothing["progress"]["rows_open"]) == ([], 0)
    assert found["progress"] == {
        "environment": "production",
        "model_version": 2,
        "windows": 0,
        "rows_open": 30,
        "labels_open": 15,
    }
    assert api.get("/projects/credit/drift", EVE).ok()["progress"] is None


def test_tokens_are_issued_shown_once_and_revoked(api: Api) -> None:
    issued = api.post("/tokens", {"principal": "bot", "roles": ["invoker"], "projects": ["credit"]}, ROOT)
    token_id = issued.body["token_id"]

    listed = api.get("/tokens", ROOT).ok()
    revoked = api.send("DELETE", f"/tokens/{token_id}", ROOT).ok()
    again = api.send("DELETE", f"/tokens/{token_id}", ROOT).ok()

    secret = issued.body["token"].rsplit("_", 1)[1]
    assert secret not in json.dumps(listed)
    assert "secret_sha256" not in json.dumps([issued.body, listed])
    assert revoked["revoked_at"] == again["revoked_at"]
    api.send("DELETE", "/tokens/unknown", ROOT).problem(404, "not_found")
    audit = api.get("/projects/_platform/audit", ROOT).ok()["items"]
    assert {event["action"] for event in audit} == {"token.issue", "token.revoke"}


def test_only_an_admin_of_everything_hands_out_tokens(api: Api) -> None:
    body = {"principal": "bot", "roles": ["admin"]}

    api.post("/tokens", body, ADA).problem(403, "forbidden")
    api.post("/tokens", body, person("half", "admin", projects="credit")).problem(403, "forbidden")
    wrongs: tuple[dict[str, object], ...] = (
        {"roles": ["root"]},
        {"roles": []},
        {"principal": "a,b"},
        {"projects": ["A"]},
    )
    for wrong in wrongs:
        api.post("/tokens", body | wrong, ROOT).problem(422, "invalid")


def test_a_token_can_be_for_a_time_only(api: Api) -> None:
    body = {"principal": "bot", "roles": ["viewer"], "expires_days": 1}
    issued = api.post("/tokens", body, ROOT).ok()

    assert issued["expires_on"].startswith("2026-11-24T10:00:00")
    assert api.platform.tokens.find("default", issued["token_id"]) is not None
    api.platform.pass_time(days=2)
    assert api.platform.tokens.find("default", issued["token_id"]) is None
