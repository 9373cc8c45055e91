"""Is a folder the bundle that was signed: every file of it, and nothing else?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sluice.bundle.contents import MANIFEST, SIGNATURE, Bundle, File
from sluice.bundle.signature import verify
from sluice.domain.errors import IntegrityError

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Verified:
    """A bundle whose files are what was signed, and the key that signed."""

    root: Path
    bundle: Bundle
    key: str

    def read(self, path: str) -> bytes:
        """A file of the bundle; IntegrityError where it changed since."""
        content = (self.root / path).read_bytes()
        if File.of(content) != self.bundle.files[path]:
            raise IntegrityError(f"{path} is not what was signed")
        return content


def verify_bundle(root: Path, key: str | None = None) -> Verified:
    """IntegrityError names the first files that are changed, missing or not of the bundle."""
    try:
        manifest, signature = (root / MANIFEST).read_bytes(), (root / SIGNATURE).read_bytes()
    except OSError as error:
        raise IntegrityError(f"{root} holds no bundle: {error.strerror} ({error.filename})") from error
    signer = verify(manifest, signature, key)
    bundle = Bundle.parse(manifest)
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if not _is_folder(path)}
    expected = {*bundle.files, MANIFEST, SIGNATURE}
    wrong = [f"{name} is not of the bundle" for name in sorted(set(found) - expected)]
    wrong += [f"{name} is missing" for name in sorted(expected - set(found))]
    wrong += [
        f"{name} is not what was signed"
        for name, file in sorted(bundle.files.items())
        if name in found and (found[name].is_symlink() or File.of(found[name].read_bytes()) != file)
    ]
    if wrong:
        more = f" (and {len(wrong) - _SHOWN} more)" if len(wrong) > _SHOWN else ""
        raise IntegrityError("; ".join(wrong[:_SHOWN]) + more)
    return Verified(root, bundle, signer)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
