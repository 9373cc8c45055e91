"""What is in a bundle: its list of files by digest, and the code that every bundle carries."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sluice.domain.artefacts import sha256_of
from sluice.domain.errors import IntegrityError

Format = Literal["bundle", "container"]

MANIFEST, SIGNATURE = "bundle.json", "bundle.sig"
VERSION = 1

#: Where a file of this repository goes, for every bundle and for those that become a container.
_PLACES: Mapping[Format, Mapping[str, str]] = {
    "bundle": {
        "edge/serve.py": "serve.py",
        "edge/requirements.txt": "requirements.txt",
        "edge/README.md": "README.md",
    },
    "container": {"edge/Containerfile": "Containerfile"},
}
_CODE = (
    "edge/*.py",
    "functions/__init__.py",
    "functions/predict/*.py",
    "sluice/__init__.py",
    "sluice/bundle/*.py",
    "sluice/domain/**/*.py",
    "sluice/scoring/*.py",
    "sluice/web/__init__.py",
    *(f"sluice/web/{name}.py" for name in ("caller", "limits", "observability", "permissions", "problems")),
)
_RELATIVE = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[A-Za-z0-9_][A-Za-z0-9._/-]*")


@dataclass(frozen=True, slots=True)
class File:
    """`size` in bytes."""

    sha256: str
    size: int

    @classmethod
    def of(cls, content: bytes) -> File:
        return cls(sha256_of(content), len(content))


@dataclass(frozen=True, slots=True)
class Bundle:
    """`artefacts`: the model's files by their name in the platform, as paths in `files`. `promotion_id` is
    the newest promotion of this version, "" for one that was never promoted. `salt`: see `entity_salt`.
    """

    format: Format
    project: str
    model_version: int
    model_digest: str
    promotion_id: str
    salt: str
    software: str
    artefacts: Mapping[str, str]
    files: Mapping[str, File]

    def dump(self) -> bytes:
        """As JSON, always the same bytes."""
        document = {"v": VERSION, **asdict(self)}
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def parse(cls, content: bytes) -> Bundle:
        """IntegrityError for anything that `dump` does not write."""
        try:
            bundle = _bundle(json.loads(content))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"{MANIFEST} cannot be read: {type(error).__name__}: {error}") from error
        return bundle


def serving_code(root: Path, form: Format) -> dict[str, bytes]:
    """The first-party files of a bundle of this form, by their path in it, from this repository or asset."""
    wanted = {name: name for pattern in _CODE for name in _matching(root, pattern)}
    wanted |= _PLACES["bundle"]
    if form == "container":
        wanted |= _PLACES["container"]
    return {place: (root / name).read_bytes() for name, place in sorted(wanted.items())}


def entity_salt(secret: bytes, project: str) -> str:
    """What hides entities in records of a project's bundles: one for all, so that home can forget."""
    return hmac.new(secret, f"entities of {project}".encode(), hashlib.sha256).hexdigest()[:16]


def _matching(root: Path, pattern: str) -> Iterator[str]:
    for path in root.glob(pattern):
        yield path.relative_to(root).as_posix()


def _bundle(document: Mapping[str, Any]) -> Bundle:
    if document["v"] != VERSION:
        raise ValueError(f"version {document['v']} is not known here")
    files = {path: File(entry["sha256"], int(entry["size"])) for path, entry in document["files"].items()}
    if outside := [path for path in files if not _RELATIVE.fullmatch(path)]:
        raise ValueError(f"{outside[0]!r} is no path inside of a bundle")
    artefacts = dict(document["artefacts"])
    if not {"model", "manifest"} <= set(artefacts) or not set(artefacts.values()) <= set(files):
        raise ValueError("the artefacts are not among the files")
    return Bundle(
        format=document["format"],
        project=str(document["project"]),
        model_version=int(document["model_version"]),
        model_digest=str(document["model_digest"]),
        promotion_id=str(document["promotion_id"]),
        salt=str(document["salt"]),
        software=str(document["software"]),
        artefacts=artefacts,
        files=files,
    )
