"""Projects through the door: versions, digests, mistakes, pages, who may."""

from __future__ import annotations

from typing import Any

from tests.stores.control_api.api import ADA, EVE, ROOT, Api, person


def spec(name: str = "credit", **changes: Any) -> dict[str, Any]:
    """The smallest project.yaml that is one."""
    return {
        "name": name,
        "purpose": "Who pays back.",
        "owners": ["ann@example.org"],
        "contract": {
            "columns": [
                {"name": "age", "role": "feature", "dtype": "integer", "minimum": 18, "maximum": 100},
                {"name": "bad", "role": "target", "dtype": "integer"},
            ]
        },
        "target": {"name": "bad", "positive": "1"},
        "training": {"pipeline": {"model": {"use": "LogisticRegression"}}},
        "evaluation": {"task": "binary"},
        **changes,
    }


def test_pushing_makes_versions_and_the_same_again_makes_none(api: Api) -> None:
    first = api.post("/projects", {"spec": spec()})
    again = api.post("/projects", {"spec": spec()})
    second = api.post("/projects", {"spec": spec(purpose="Who pays back in time.")})

    assert first.status == 201
    assert first.body["version"] == 1
    assert first.body["unchanged"] is False
    assert again.body == {**first.body, "unchanged": True}
    assert second.body["version"] == 2
    assert second.body["digest"] != first.body["digest"]
    assert api.get("/projects/credit").ok()["spec"]["purpose"] == "Who pays back in time."
    assert api.get("/projects/credit/versions/1").ok()["spec"]["purpose"] == "Who pays back."
    assert [e["action"] for e in api.get("/projects/credit/audit", ROOT).ok()["items"]] == [
        "project.push"
    ] * 2


def test_every_mistake_of_a_project_yaml_is_named(api: Api) -> None:
    wrong = spec(purpos="typo", owners=[])
    problem = api.post("/projects", {"spec": wrong}).problem(422, "invalid")

    paths = {error["path"] for error in problem["errors"]}
    assert {"purpos", "owners"} <= paths
    assert all(set(error) == {"path", "value", "expected", "message"} for error in problem["errors"])
    assert api.get("/projects").ok()["items"] == []


def test_a_project_is_not_renamed(api: Api) -> None:
    api.post("/projects", {"spec": spec()}).ok()

    problem = api.post("/projects", {"spec": spec("loans"), "name": "credit"}).problem(422, "invalid")

    assert problem["errors"][0]["path"] == "name"
    api.get("/projects/loans").problem(404, "not_found")


def test_a_list_comes_in_pages_whose_tokens_fit_no_other_list(api: Api) -> None:
    for name in ("alpha", "beta", "gamma"):
        api.post("/projects", {"spec": spec(name)}).ok()

    first = api.get("/projects", limit="2").ok()
    token = first["next_page_token"]
    second = api.get("/projects", limit="2", page_token=token).ok()

    assert [item["name"] for item in first["items"] + second["items"]] == ["alpha", "beta", "gamma"]
    assert second["next_page_token"] is None
    api.get("/projects/alpha/trainings", page_token=token).problem(400, "bad_page_token")
    api.get("/projects", page_token=token[:-2] + "AA").problem(400, "bad_page_token")
    api.get("/projects", person("out", "viewer", tenant="other"), page_token=token).problem(
        400, "bad_page_token"
    )
    api.get("/projects", limit="0").problem(400, "bad_request")


def test_callers_see_and_touch_only_their_projects(api: Api) -> None:
    api.post("/projects", {"spec": spec("alpha")}).ok()
    api.post("/projects", {"spec": spec("beta")}).ok()
    stranger = person("sam", "contributor", projects="beta")

    assert [item["name"] for item in api.get("/projects", stranger).ok()["items"]] == ["beta"]
    api.get("/projects/alpha", stranger).problem(403, "forbidden")
    api.post("/projects", {"spec": spec("alpha")}, stranger).problem(403, "forbidden")
    api.post("/projects", {"spec": spec("alpha")}, EVE).problem(403, "forbidden")
    api.get("/projects", None).problem(401, "unauthenticated")


def test_tenants_do_not_meet(api: Api) -> None:
    api.post("/projects", {"spec": spec()}, ADA).ok()
    other = person("olga", "admin", tenant="other")

    assert api.get("/projects", other).ok()["items"] == []
    api.get("/projects/credit", other).problem(404, "not_found")
