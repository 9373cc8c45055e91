"""The main job in its parts, for any project: push, train, approve. Shared by demo and smoke."""

from pathlib import Path

from sluice.cli import show
from sluice.cli.code_zip import zip_code
from sluice.cli.demo.journal import Journal
from sluice.cli.demo.waiting import promotion_of
from sluice.cli.follow import await_upload, checked_upload, follow_training, print_verdict
from sluice.cli.project import push_spec
from sluice.cli.project_yaml import load_spec
from sluice.cli.promotion_card import promotion_card
from sluice.cli.send_file import send_bytes
from sluice.cli.session import Session

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

_FIRST = "first: nothing serves yet; it beats a constant answer by its interval and keeps the floors"


def push_project(journal: Journal, session: Session, folder: Path) -> str:
    """Push project.yaml and code; gives the project's name."""
    spec = load_spec(folder)
    pushed = push_spec(session, spec)
    code = zip_code(folder)
    upload_id = send_bytes(session, spec.name, f"{show.short(code.digest)}.zip", code.content)
    await_upload(session, spec.name, upload_id)
    journal.done(
        f"project.yaml of {spec.name}: version {pushed['version']}, digest {show.short(pushed['digest'])}"
    )
    journal.done(f"code: {', '.join(code.files)}, digest {show.short(code.digest)}")
    return spec.name


def train(journal: Journal, session: Session, upload: show.Json) -> show.Json:
    """Follow the training that an upload started; gives it when it has succeeded."""
    project, training_id = upload["project"], checked_upload(upload)["training_id"]
    training = follow_training(session, project, training_id)
    print_verdict(training)
    if training["outcome"] == "first":
        journal.explain(_FIRST)
    journal.facts.setdefault("trainings", []).append(
        {
            "project": project,
            "training_id": training_id,
            "outcome": training["outcome"],
            "model_version": training["model_version"],
            "run_id": training["run_id"],
            "metrics": training["metrics"],
        }
    )
    return training


def approve(journal: Journal, session: Session, training: show.Json, *, brief: bool = False) -> show.Json:
    """Show the approver what there is to know, approve as that person, and wait for production."""
    project, version = training["project"], training["model_version"]
    waiting = promotion_of(session.api("viewer"), project, version, "waiting_for_approval")
    journal.done(
        f"gates passed, version {version} serves in staging, smoke test passed; waiting for approval"
    )
    if not brief:
        journal.print(promotion_card(waiting))
    comment = "Verdict, gates and parity are as they should be."
    decided = session.api("approver").decide(project, waiting["promotion_id"], "approve", comment)
    by = decided["decisions"][-1]["principal"]
    journal.done(f"approved by {by}; asked for by {waiting['requested_by']}")
    completed = promotion_of(session.api("viewer"), project, version, "completed")
    journal.done(f"version {version} answers in production")
    journal.facts.setdefault("promotions", []).append(
        {
            "project": project,
            "promotion_id": completed["promotion_id"],
            "status": completed["status"],
            "by": by,
        }
    )
    return completed
