"""What receivers verify callbacks with, over the control API."""

from __future__ import annotations

import json

from sluice.domain.callback import OVERLAP
from tests.stores.control_api.api import ROOT, Api
from tests.stores.control_api.test_projects import spec

SECRET = "/projects/credit/callback-secret"


def test_a_secret_is_changed_once_a_day_or_at_once_and_each_time_is_audited(api: Api) -> None:
    api.post("/projects", {"spec": spec()}).ok()
    first = api.get(SECRET, ROOT).ok()

    rotated = api.post(f"{SECRET}/rotation", {}, ROOT).ok()
    second = api.get(SECRET, ROOT).ok()
    refused = api.post(f"{SECRET}/rotation", {}, ROOT)
    api.post(f"{SECRET}/rotation", {"at_once": True}, ROOT).ok()
    third = api.get(SECRET, ROOT).ok()

    assert (first["generation"], first["previous_until"]) == (0, None)
    assert rotated == {name: second[name] for name in ("generation", "previous_until")}
    assert refused.status == 409
    assert second["previous_until"] in json.dumps(refused.body)
    assert (third["generation"], third["previous_until"]) == (2, None)
    assert len({each["secret"] for each in (first, second, third)}) == 3
    actions = [event.action for event in api.platform.audit.events("default", "credit").values()]
    assert actions.count("callback.secret_rotated") == 2
    assert actions.count("callback.secret_read") == 3


def test_after_a_day_it_may_be_changed_again(api: Api) -> None:
    api.post("/projects", {"spec": spec()}).ok()
    api.post(f"{SECRET}/rotation", {}, ROOT).ok()
    api.platform.pass_time(seconds=OVERLAP.total_seconds())

    again = api.post(f"{SECRET}/rotation", {}, ROOT).ok()

    assert again["generation"] == 2


def test_a_project_that_is_not_there_has_none(api: Api) -> None:
    api.get(SECRET, ROOT).problem(404, "not_found")
    api.post(f"{SECRET}/rotation", {}, ROOT).problem(404, "not_found")
