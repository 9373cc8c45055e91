"""What a person changes in the interface: experiments, runs, models, versions; and that no other page can."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Watched
from tests.browser.scene import Scene, make_scene

API = "/ajax-api/2.0/mlflow"


@pytest.fixture(scope="module")
def scene(api_as: Callable[[str], httpx.Client]) -> Scene:
    return make_scene(api_as("contributor"))


@pytest.fixture
def ask(api_as: Callable[[str], httpx.Client]) -> Callable[..., Any]:
    """What the server holds, asked by a token."""

    def get(path: str, **query: str) -> Any:
        answer = api_as("contributor").get(f"/api/2.0/mlflow/{path}", params=query)
        return answer.json() if answer.is_success else answer.status_code

    return get


def menu(page: Page, entry: str) -> None:
    page.get_by_role("button", name="Open header dropdown menu").click()
    page.get_by_role("menuitem", name=entry).click()


def confirm(page: Page, button: str) -> None:
    """Press the button of the open dialog, and see that it goes."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=button, exact=True).click()
    dialog.wait_for(state="hidden")


def test_an_experiment_is_made_renamed_and_deleted(
    watched: Watched, scene: Scene, ask: Callable[..., Any]
) -> None:
    page = watched.open("/experiments")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_placeholder("experiment name").fill(f"{scene.name}-made")
    confirm(page, "Create")
    page.wait_for_url("**/runs?*")
    made = ask("experiments/get-by-name", experiment_name=f"{scene.name}-made")["experiment"]
    assert made["experiment_id"] in page.url

    menu(page, "Edit experiment")
    page.get_by_role("dialog").get_by_role("textbox").first.fill(f"{scene.name}-renamed")
    confirm(page, "Save")
    page.get_by_text(f"{scene.name}-renamed").first.wait_for()

    menu(page, "Delete")
    confirm(page, "Delete")
    page.get_by_role("heading", name="Experiments").wait_for()
    left = ask("experiments/get", experiment_id=made["experiment_id"])["experiment"]
    assert (left["name"], left["lifecycle_stage"]) == (f"{scene.name}-renamed", "deleted")
    # The interface has no page to restore it from: its session may, as a client's token.
    body = {"experiment_id": made["experiment_id"]}
    sent = page.evaluate(
        "([to, body]) => fetch(to, {method: 'POST', headers: {'content-type': 'application/json'},"
        " body: JSON.stringify(body)}).then(answer => answer.status)",
        [f"{API}/experiments/restore", body],
    )
    assert sent == 200
    assert ask("experiments/get", **body)["experiment"]["lifecycle_stage"] == "active"


def test_a_run_gets_a_name_a_note_and_tags(watched: Watched, scene: Scene, ask: Callable[..., Any]) -> None:
    page = watched.open(f"/experiments/{scene.experiment}/runs/{scene.runs[0]}")
    page.get_by_text("applicants").first.wait_for()
    menu(page, "Rename")
    page.get_by_role("dialog").get_by_role("textbox").fill("better name")
    confirm(page, "Save")
    page.get_by_role("heading", name="better name").wait_for()

    page.get_by_role("button", name="Edit description").click()
    page.get_by_test_id("text-area").fill("what was **tried**")
    page.get_by_role("button", name="Save").click()
    page.locator("strong", has_text="tried").wait_for()

    page.get_by_role("button", name="Edit tags").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("ticket")
    page.keyboard.press("Enter")
    dialog.get_by_label("Value").fill("R-17")
    dialog.get_by_role("button", name="Add tag").click()
    watched.picture("edit-tags")
    confirm(page, "Save tags")
    page.get_by_text("R-17").wait_for()

    run = ask("runs/get", run_id=scene.runs[0])["run"]
    tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    assert run["info"]["run_name"] == "better name"
    assert tags["mlflow.note.content"] == "what was **tried**"
    assert tags["ticket"] == "R-17"


def test_a_run_is_deleted_and_restored(watched: Watched, scene: Scene, ask: Callable[..., Any]) -> None:
    page = watched.open(f"/experiments/{scene.experiment}/runs")
    page.get_by_text("3 matching runs").wait_for()
    chosen = page.locator(f"[row-id='{scene.runs[1]}']").get_by_label("toggle row selection")
    chosen.check()
    page.get_by_role("button", name="Delete").click()
    confirm(page, "Delete selected")
    page.get_by_text("2 matching runs").wait_for()

    page = watched.open(f"/experiments/{scene.experiment}/runs?lifecycleFilter=Deleted")
    page.get_by_text("1 matching run").wait_for()
    chosen.check()
    page.get_by_role("button", name="Restore").click()
    confirm(page, "Restore")
    page.get_by_text("0 matching runs").wait_for()
    assert ask("runs/get", run_id=scene.runs[1])["run"]["info"]["lifecycle_stage"] == "active"


def test_a_model_is_registered_from_a_run_and_its_version_named_and_deleted(
    watched: Watched, scene: Scene, ask: Callable[..., Any]
) -> None:
    page = watched.open(f"/experiments/{scene.experiment}/runs/{scene.runs[2]}/artifacts/model")
    page.get_by_role("button", name="Register model").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").click()
    page.get_by_text(scene.name, exact=True).last.click()
    confirm(page, "Register")
    made = ask("model-versions/get", name=scene.name, version="3")["model_version"]
    assert made["run_id"] == scene.runs[2]

    page = watched.open(f"/models/{scene.name}/versions/3")
    page.get_by_role("heading", name="Version 3").wait_for()
    page.get_by_role("button", name="Add").first.click()
    page.get_by_role("dialog").get_by_role("combobox").fill("challenger")
    page.keyboard.press("Enter")
    confirm(page, "Save aliases")
    page.get_by_text("challenger").first.wait_for()
    watched.picture("alias")
    assert (
        ask("registered-models/alias", name=scene.name, alias="challenger")["model_version"]["version"] == "3"
    )

    menu(page, "Delete")
    confirm(page, "Delete")
    page.get_by_role("link", name=re.compile("Version 2")).wait_for()
    assert ask("model-versions/get", name=scene.name, version="3") == 404


def test_a_write_that_does_not_say_where_it_comes_from_is_refused(watched: Watched, scene: Scene) -> None:
    """A browser always says it; so does everything below but for what the cookie alone would allow."""
    session = watched.page.context.cookies()[0]
    cookies, to = {session["name"]: session["value"]}, f"{watched.origin}{API}/runs/set-tag"
    body = {"run_id": scene.runs[0], "key": "forged", "value": "1"}

    refused = httpx.post(to, json=body, cookies=cookies, timeout=35)
    assert (refused.status_code, refused.json()["error_code"]) == (403, "PERMISSION_DENIED")
    own = {"origin": watched.origin}
    assert httpx.post(to, json=body, cookies=cookies, headers=own, timeout=35).status_code == 200
