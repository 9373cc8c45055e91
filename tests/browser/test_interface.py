"""MLflow's own web interface, clicked through in a real browser against the deployed stack."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.scene import Scene, make_scene


@pytest.fixture(scope="module")
def scene(api_as: Callable[[str], httpx.Client]) -> Scene:
    return make_scene(api_as("contributor"))


def test_from_the_experiments_to_the_runs_and_their_charts(watched: Watched, scene: Scene) -> None:
    page = watched.open("/experiments")
    page.get_by_role("link", name=scene.name, exact=True).click()
    page.wait_for_url(f"**/#/experiments/{scene.experiment}/runs?*")
    for number in range(3):
        page.get_by_role("link", name=f"run-{number}", exact=True).wait_for()
    page.get_by_text("3 matching runs").wait_for()
    watched.picture("runs")

    page.get_by_placeholder("metrics.rmse").fill("metrics.auc > 0.75")
    page.keyboard.press("Enter")
    page.get_by_text("2 matching runs").wait_for()

    page.goto(f"{watched.origin}/#/experiments/{scene.experiment}/runs?compareRunsMode=CHART")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    watched.picture("charts")


def test_a_run_shows_what_was_logged(watched: Watched, scene: Scene) -> None:
    place = f"/experiments/{scene.experiment}/runs/{scene.runs[2]}"
    page = watched.open(place)
    for words in ("run-2", "Finished", "applicants", "risk", "depth", "auc", scene.name):
        page.get_by_text(words).first.wait_for()
    watched.picture("run")
    page.get_by_role("tab", name="Model metrics").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    watched.picture("metrics")


def test_what_is_not_served_is_not_offered(watched: Watched, scene: Scene) -> None:
    """Of pages for generative models, of MLflow's webhooks and telemetry, nothing can be seen to click on."""
    run = f"/experiments/{scene.experiment}/runs/{scene.runs[2]}"
    for place, there, gone in (
        ("/", "Recent Experiments", ("GenAI", "Start Demo", "Information about UI telemetry")),
        (f"/experiments/{scene.experiment}/runs", "matching runs", ("Traces",)),
        (run, "Model metrics", ("Traces", "MLflow Assistant")),
        ("/settings/general", "Theme preference", ("LLM Connections", "Webhooks", "Clear all demo data")),
    ):
        page = watched.open(place)
        page.get_by_text(there).first.wait_for()
        page.get_by_role("button", name="Sign out").wait_for()
        watched.picture(f"offered-{there}")
        seen = page.evaluate("document.body.innerText").splitlines()
        assert not set(gone) & set(seen), place


def test_runs_are_compared(watched: Watched, scene: Scene) -> None:
    runs, experiments = (quote(json.dumps(ids)) for ids in (scene.runs, [scene.experiment]))
    page = watched.open(f"/compare-runs?runs={runs}&experiments={experiments}")
    page.get_by_role("heading", name="Comparing 3 Runs from 1 Experiment").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    watched.picture("compare")


def test_files_are_previewed(watched: Watched, scene: Scene) -> None:
    files = f"/experiments/{scene.experiment}/runs/{scene.runs[2]}/artifacts"
    page = watched.open(f"{files}/notes/readme.txt")
    page.get_by_text("what the notes say").wait_for()
    page.get_by_text("table.csv").first.click()
    page.get_by_text("Utrecht").wait_for()
    watched.picture("table")
    for name, size in (("picture.png", 40), ("large.png", 1300)):
        page.get_by_text(name).first.click()
        # large.png is over what passes through a function: the page follows a link to S3.
        page.wait_for_function(f"[...document.images].some(one => one.naturalWidth === {size})")
        watched.picture(name)


def test_a_logged_page_is_shown_and_its_script_is_not_run(shared_page: Watched, scene: Scene) -> None:
    files = f"/experiments/{scene.experiment}/runs/{scene.runs[2]}/artifacts"
    shared_page.problems.clear()
    page = shared_page.open(f"{files}/page.html")
    page.frame_locator("iframe").get_by_role("heading", name="a page").wait_for()

    assert page.evaluate("window.stolen") is None
    assert [one for one in shared_page.problems if "Content Security Policy" not in one] == []
    got = page.request.get(f"{shared_page.origin}/get-artifact?run_id={scene.runs[2]}&path=page.html")
    assert got.headers["content-security-policy"].startswith("sandbox;")
    assert got.headers["content-disposition"].startswith("attachment")


def test_models_versions_and_aliases(watched: Watched, scene: Scene) -> None:
    page = watched.open("/models")
    page.get_by_role("dialog").wait_for()  # it praises the new registry, once a browser
    page.keyboard.press("Escape")
    page.get_by_role("link", name=scene.name, exact=True).first.click()
    page.get_by_role("link", name=re.compile("Version 2")).wait_for()
    page.get_by_text("champion").first.wait_for()
    watched.picture("model")
    page.get_by_role("link", name=re.compile("Version 1")).click()
    page.get_by_role("heading", name="Version 1").wait_for()
    page.get_by_text("Inputs (1)").wait_for()
    page.get_by_text("champion").first.wait_for()
    watched.picture("version")
