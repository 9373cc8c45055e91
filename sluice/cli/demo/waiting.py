"""Waiting for what the platform does by itself, with an end to the patience."""

import time
from collections.abc import Callable
from typing import TypeVar

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.client.api import Api

Found = TypeVar("Found")
_PAUSE = 0.3


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = 120) -> Found:
    """What `look` finds, as soon as it does. AnswerIsNo when it never does."""
    end = time.monotonic() + seconds
    with show.console().status(what):
        while time.monotonic() < end:
            found = look()
            if found is not None:
                return found
            time.sleep(_PAUSE)
    raise AnswerIsNo(f"{what}: nothing within {seconds:.0f} s")


def settled_upload(api: Api, project: str, version_id: str) -> show.Json:
    """The record of an object that was put straight into the bucket."""

    def look() -> show.Json | None:
        uploads = api.of(project, "uploads", limit=20)
        mine = (upload for upload in uploads if upload["version_id"] == version_id)
        return next((upload for upload in mine if upload["status"] != "received"), None)

    return wait_for("S3 tells EventBridge, EventBridge tells the platform", look)


def promotion_of(api: Api, project: str, model_version: int, *statuses: str) -> show.Json:
    """The newest promotion of a model version once it has one of these statuses."""

    def look() -> show.Json | None:
        promotions = api.of(project, "promotions", limit=20)
        mine = next((each for each in promotions if each["model_version"] == model_version), None)
        if mine is None or mine["status"] in {"running", "approved"} - set(statuses):
            return None
        if mine["status"] not in statuses:
            reasons = "; ".join(reason["message"] for reason in mine["reasons"]) or mine.get("error") or ""
            raise AnswerIsNo(f"the promotion is {mine['status']} {reasons}")
        return mine

    return wait_for("gates, staging, smoke test", look)
