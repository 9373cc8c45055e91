"""After an end without a goodbye: what came back, and what may not have."""

import json
import time

from sluice.local.emulator import ended_badly
from sluice.local.profile import ACCOUNT, Profile


def what_may_be_lost(profile: Profile) -> list[str]:
    """Sentences for a person; none after a clean end or while the stack runs."""
    if not ended_badly(profile):
        return []
    if not profile.snapshot.exists():
        return ["The embedded AWS was killed before it had written anything: the stack starts empty."]
    written = json.loads(profile.snapshot.read_text())
    moment = time.strftime("%H:%M:%S", time.localtime(written["at"]))
    newer = _objects_since(profile, written["at"])
    sentences = [
        f"The embedded AWS was killed. Tables are as of {moment}; what was written to them later is lost."
    ]
    if newer:
        sentences.append(
            f"{newer} object(s) in S3 are newer than the tables: uploads among them are picked up again, "
            "half-finished results are made anew."
        )
    return sentences


def _objects_since(profile: Profile, moment: float) -> int:
    """Objects of the platform's buckets that were written after `moment`; deployed assets are not counted."""
    folders = (profile.objects / ACCOUNT).glob("sluice-*")
    files = (path for folder in folders for path in folder.rglob("*") if not path.name.endswith(".meta.json"))
    return sum(1 for path in files if path.is_file() and path.stat().st_mtime > moment)
