"""What happens to a broken file, and to the same good file a second time."""

import csv
import io
from collections.abc import Callable

from sluice.cli import show
from sluice.cli.demo.journal import Journal
from sluice.cli.demo.score_credit import DATA
from sluice.cli.demo.waiting import settled_upload, wait_for
from sluice.cli.follow import STAGES
from sluice.cli.session import Session

Put = Callable[[str, str, bytes], str]
"""Puts an object (project, file name, content) straight into the bucket; gives its version id."""
_ENDED = ("rejected", "failed", "succeeded")


def upload_broken(journal: Journal, session: Session, put: Put) -> None:
    """A file without a column and with an impossible age ends in reasons."""
    api = session.api("viewer")
    upload = settled_upload(api, "credit", put("credit", "broken.csv", _broken()))
    found = upload
    if upload.get("training_id"):

        def look() -> show.Json | None:
            training = api.one("credit", "trainings", upload["training_id"])
            return training if training["status"] in _ENDED else None

        found = wait_for(STAGES["validate_dataset"], look)
    journal.done(f"broken.csv: {found['status']}")
    journal.print(show.reasons(found["reasons"]))
    journal.facts["broken"] = {"status": found["status"], "reasons": list(found["reasons"])}


def upload_again(journal: Journal, session: Session, put: Put) -> None:
    """The good file once more changes nothing."""
    version_id = put("credit", DATA.name, DATA.read_bytes())
    upload = settled_upload(session.api("viewer"), "credit", version_id)
    journal.done(f"{DATA.name} again: {upload['status']}, duplicate_of {upload['duplicate_of']}")
    journal.facts["again"] = {"status": upload["status"], "duplicate_of": upload["duplicate_of"]}


def _broken() -> bytes:
    with DATA.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    rows[41]["age"] = "241"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [name for name in rows[0] if name != "savings"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
