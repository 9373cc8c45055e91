"""Artifact paths and URIs: where a run's files are, and what no path may contain."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from sluice.domain.errors import Invalid

PROXIED = "mlflow-artifacts"
_LONGEST = 900
"""Bytes of a path: S3 keys hold 1,024, and the tenant stands before it."""


def safe_path(path: str) -> str:
    """The path, relative and without ways out of it; Invalid otherwise, however it is disguised."""
    decoded = path
    for _ in range(8):
        _refuse_ways_out(decoded, path)
        following = unquote(decoded)
        if following == decoded:
            break
        decoded = following
    else:
        raise Invalid(f"Invalid path: {path[:200]!r} is encoded too often")
    if len(path.encode()) > _LONGEST:
        raise Invalid(f"Invalid path: it has more than {_LONGEST} bytes")
    return path


def path_of_uri(uri: str, bucket: str, tenant: str) -> str:
    """The tenant's path behind an artifact URI of ours; Invalid for one of somebody else's."""
    parts = urlsplit(uri)
    if parts.scheme == PROXIED:
        return safe_path(unquote(parts.path).strip("/"))
    if parts.scheme == "s3" and parts.netloc == bucket and parts.path.startswith(f"/{tenant}/"):
        return safe_path(unquote(parts.path).removeprefix(f"/{tenant}/").strip("/"))
    raise Invalid(f"{uri[:500]!r} is not kept here: read it with its own client")


def is_below(uri: str, root: str) -> bool:
    """Whether a URI lies under another, by their decoded parts."""
    return _parts(uri)[: len(_parts(root))] == _parts(root)


def _parts(uri: str) -> list[str]:
    parts = urlsplit(uri)
    return [parts.scheme.lower(), parts.netloc.lower(), *filter(None, unquote(parts.path).split("/"))]


def _refuse_ways_out(decoded: str, path: str) -> None:
    segments = decoded.split("/")
    bad = not decoded or any(segment in {"", ".", ".."} for segment in segments)
    if bad or "\\" in decoded or "\x00" in decoded or (len(decoded) > 1 and decoded[1] == ":"):
        raise Invalid(f"Invalid path: {path[:200]!r} must be relative, without '..' or empty parts")
