"""Files from one server to another: streamed over the disk, sizes and digests compared."""

from __future__ import annotations

import tempfile

from sluice.client.errors import ClientError
from sluice.client.transfer.folders import Folder, Proxied, folder_of
from sluice.client.transfer.plan import Known, Plan


class NotCopied(ClientError):  # noqa: N818 - it says what it is
    """A file could not be brought over; the text says which and why."""


def copy_files(plan: Plan, known: Known, kind: str, whose: str) -> None:
    """Bring over what is not there in the same size. NotCopied says what went wrong.

    Where a server gives no files over REST, that is a note about `whose` they are, and no failure.
    """
    source = folder_of(plan.source, known.source_uri, kind, known.source_id)
    target = folder_of(plan.target, known.target_uri, kind, known.target_id)
    with plan.without(f"{whose}: this server gives its files to nobody over REST"):
        if wanted := dict(source.files()):
            _bring(plan, source, target, wanted)


def _bring(plan: Plan, source: Folder, target: Folder, wanted: dict[str, int | None]) -> None:
    if not isinstance(target, Proxied):
        raise NotCopied(f"files at {target.uri} cannot be written through the server")
    held = dict(target.files())
    missing = [path for path, size in wanted.items() if path not in held or size not in {None, held[path]}]
    for path in missing:
        wanted[path] = _copy(plan, source, target, path, wanted[path])
    now = dict(target.files()) if missing else held
    for path in missing:
        if now.get(path) != wanted[path]:
            raise NotCopied(f"{path} has {now.get(path, 0)} bytes, not {wanted[path]}")


def _copy(plan: Plan, source: Folder, target: Proxied, path: str, told: int | None) -> int:
    """Gives the file's bytes. A link that breaks off gives fewer than the server told of."""
    with tempfile.TemporaryFile(dir=plan.scratch) as file:
        digest = source.fetch(path, file)
        size = file.seek(0, 2)
        if told not in {None, size}:
            raise NotCopied(f"{path} came with {size} bytes, not {told}")
        target.put(path, file, size)
        if plan.verify and target.fetch(path, file) != digest:
            raise NotCopied(f"{path} came back with another digest")
    return size
