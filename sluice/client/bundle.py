"""A serving bundle put together on this machine: whole and verified, or not there at all."""

import base64
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from sluice.bundle.verify import Verified, verify_bundle
from sluice.client.errors import NotReachable, Problem, Refused
from sluice.domain.errors import IntegrityError, Invalid


def write_bundle(told: Mapping[str, Any], target: Path) -> Verified:
    """Write what the deployment told into `target`, which must not exist; fetch what it gave links for.

    Invalid where there is something already, NotReachable or Refused where a file cannot be fetched,
    IntegrityError where what arrived is not what was signed.
    """
    if target.exists():
        raise Invalid(f"{target} is there already: name another folder with --output")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".bundle-") as scratch:
        root = Path(scratch) / "bundle"
        for path, content in told["texts"].items():
            _inside(root, path).write_bytes(base64.b64decode(content))
        for path, url in told["links"].items():
            _fetch(url, _inside(root, path))
        verified = verify_bundle(root, told["key"])
        shutil.move(root, target)
    return Verified(target, verified.bundle, verified.key)


def _inside(root: Path, name: str) -> Path:
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise IntegrityError(f"{name!r} is no path inside of a bundle")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _fetch(url: str, path: Path) -> None:
    try:
        with httpx.stream("GET", url, timeout=60.0) as response, path.open("wb") as file:
            if not response.is_success:
                title = f"the storage refused {path.name} (HTTP {response.status_code})"
                raise Refused(Problem(response.status_code, title, response.read()[:300].decode()))
            for chunk in response.iter_bytes():
                file.write(chunk)
    except httpx.TransportError as error:
        raise NotReachable(f"the download of {path.name} broke off: {error}") from error
