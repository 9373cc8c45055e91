"""A file on its way up: leave asked for, bytes sent with progress, the upload's id given."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from sluice.cli import show
from sluice.cli.session import Session
from sluice.client.api import put_file
from sluice.domain.errors import Invalid

_CHUNK = 256 * 1024


def send_file(session: Session, project: str, file: Path, *, forced: bool = False) -> str:
    """Push a data file; gives the upload's id."""

    def leave(size: int) -> show.Json:
        name = safe_name(file.name)
        return session.api("contributor").open_upload(project, "data", name, size, forced=forced)

    return str(send_to(file, leave)["upload_id"])


def send_to(file: Path, leave: Callable[[int], show.Json]) -> show.Json:
    """Send a file by the link that `leave` gives for its size; gives what came with the link."""
    if not file.is_file():
        raise Invalid(f"{file} is no file")
    size = file.stat().st_size
    ticket = leave(size)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=show.console(), transient=True) as progress:
        task = progress.add_task(file.name, total=size)

        def chunks() -> Iterator[bytes]:
            with file.open("rb") as opened:
                while chunk := opened.read(_CHUNK):
                    yield chunk
                    progress.advance(task, len(chunk))

        put_file(ticket, chunks(), size)
    return ticket


def send_bytes(session: Session, project: str, name: str, content: bytes) -> str:
    """Push code; gives the upload's id."""
    ticket = session.api("contributor").open_upload(project, "code", name, len(content))
    put_file(ticket, iter([content]), len(content))
    return str(ticket["upload_id"])


def safe_name(name: str) -> str:
    """The name as part of an object's key: other characters become hyphens."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")
    return cleaned[-200:] or "data.csv"
