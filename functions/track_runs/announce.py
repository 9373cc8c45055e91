"""A new version under a project's name is told to the platform: the project may want it judged."""

from __future__ import annotations

from functions.track_runs.call import Call
from sluice.domain.errors import Unavailable
from sluice.domain.event import version_created
from sluice.domain.tracking.entities import ModelVersion
from sluice.web.observability import LogKey, logger


def is_of_project(call: Call, name: str) -> bool:
    return call.platform is not None and call.platform().projects.find(call.tenant, name) is not None


def announce(call: Call, made: ModelVersion) -> None:
    """Tell of a version that waits. What cannot be told now is found and told by resume_workflows."""
    if call.platform is None:
        return
    event = version_created(call.tenant, made.name, made.version, made.user_id)
    try:
        call.platform().events.publish(event)
    except Unavailable:
        logger().exception(LogKey.UNFORESEEN, version=made.version)
