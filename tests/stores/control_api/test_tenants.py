"""Tenants through the door: made by the operator alone, closed at once, never given out again."""

from __future__ import annotations

from sluice.stores.tokens import parse_token
from tests.stores.control_api.api import ADA, ROOT, Api, person
from tests.stores.control_api.test_projects import spec


def opens(api: Api, text: str) -> bool:
    """Whether the authorizer would find who the token stands for."""
    presented = parse_token(text)
    assert presented
    found = api.platform.tokens.find(presented.tenant, presented.token_id)
    return found is not None and found.admits(presented.secret)


def test_a_tenant_begins_with_an_administrators_token_and_nothing_else(api: Api) -> None:
    api.post("/projects", {"spec": spec()}).ok()
    made = api.post("/tenants", {"name": "acme"}, ROOT)

    assert made.status == 201
    assert opens(api, made.body["token"])
    boss = person("boss", "admin", tenant="acme")
    assert api.get("/projects", boss).ok()["items"] == []
    assert [one["principal"] for one in api.get("/tokens", boss).ok()["items"]] == ["root"]
    assert api.get("/projects/_platform/audit", boss).ok()["items"] == []
    listed = api.get("/tenants", ROOT).ok()["items"]
    assert [(one["name"], one["status"], one["created_by"]) for one in listed] == [("acme", "active", "root")]
    actions = [one["action"] for one in api.get("/projects/_platform/audit", ROOT).ok()["items"]]
    assert sorted(actions) == ["tenant.create", "tenant.issue_token"]


def test_a_deleted_tenants_tokens_open_nothing_and_its_name_stays_taken(api: Api) -> None:
    token = api.post("/tenants", {"name": "acme"}, ROOT).ok()["token"]
    lost = api.post("/tenants/acme/tokens", {}, ROOT).ok()["token"]

    deleted = api.send("DELETE", "/tenants/acme", ROOT)
    again = api.send("DELETE", "/tenants/acme", ROOT)

    assert (deleted.status, deleted.body["status"], deleted.body["deleted_by"]) == (202, "deleting", "root")
    assert again.body["status"] == "deleting"
    assert not opens(api, token)
    assert not opens(api, lost)
    api.post("/tenants", {"name": "acme"}, ROOT).problem(409, "already_exists")
    api.post("/tenants/acme/tokens", {}, ROOT).problem(409, "conflict")
    requested = api.platform.events.of("TenantDeletionRequested")
    assert {event.tenant for event in requested} == {"acme"}


def test_only_the_operator_administers_tenants(api: Api) -> None:
    api.post("/tenants", {"name": "acme"}, ROOT).ok()
    for nobody in (ADA, person("boss", "admin", tenant="acme"), person("half", "admin", projects="credit")):
        api.get("/tenants", nobody).problem(403, "forbidden")
        api.post("/tenants", {"name": "mine"}, nobody).problem(403, "forbidden")
        api.send("DELETE", "/tenants/acme", nobody).problem(403, "forbidden")
    api.send("DELETE", "/tenants/default", ROOT).problem(409, "conflict")
    api.post("/tenants", {"name": "default"}, ROOT).problem(409, "already_exists")
    api.get("/tenants/nobody", ROOT).problem(404, "not_found")
    for wrong in ("", "A", "a#b", "x" * 60):
        api.post("/tenants", {"name": wrong}, ROOT).problem(422, "invalid")
