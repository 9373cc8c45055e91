"""What a command means that names nothing: the newest one."""

from sluice.cli import show
from sluice.client.api import Api
from sluice.domain.errors import Invalid


def newest(api: Api, project: str, kind: str) -> show.Json:
    """The newest of a project's `models`, `trainings` and the like; Invalid where it has none yet."""
    found = next(api.of(project, kind, limit=1), None)
    if found is None:
        raise Invalid(f"{project} has no {'drift reports' if kind == 'drift' else kind} yet")
    return found
