"""`sluice demo`: eight steps from an empty machine to a closed loop."""

from dataclasses import asdict
from pathlib import Path

from sluice.cli.demo.bad_data import upload_again, upload_broken
from sluice.cli.demo.close_loop import close_loop
from sluice.cli.demo.closing import leave_pending, print_summary
from sluice.cli.demo.journal import Journal
from sluice.cli.demo.lifecycle import EXAMPLES, approve, push_project, train
from sluice.cli.demo.score_credit import DATA, score_applicants
from sluice.cli.demo.waiting import settled_upload
from sluice.cli.session import STATE, Session
from sluice.cli.start_stack import start_stack

PROFILE = "demo"
RESULT = STATE / "demo.json"


def run_demo(profile: str = PROFILE, result: Path = RESULT) -> None:
    """All steps in order, on an emptied stack. Raises at the first thing that is not as it should be.

    What was seen is written to `result`, whole or in part.
    """
    journal = Journal()
    outcome = "failed"
    try:
        _run(journal, Session(profile, environment={}))
        outcome = "passed"
    finally:
        journal.write(result, outcome)


def _run(journal: Journal, session: Session) -> None:
    with journal.step(1, "start", "The platform, on this machine"):
        _start(journal, session.profile)
    with journal.step(2, "push", "A project: project.yaml, training code with its tests, and data"):
        project = push_project(journal, session, EXAMPLES / "credit")
        version_id = _put(journal, session, project, DATA.name, DATA.read_bytes())
    with journal.step(3, "train", "The upload starts a training by itself"):
        training = train(journal, session, settled_upload(session.api("viewer"), project, version_id))
    with journal.step(4, "approve", "Gates, staging, and a person who says yes"):
        approve(journal, session, training)
    with journal.step(5, "score", "Scores, and why"):
        score_applicants(journal, session, project)
    with journal.step(6, "loop", "The world changes: drift, labels, a new model"):
        close_loop(journal, session, lambda *upload: _put(journal, session, *upload))
    with journal.step(7, "bad data", "A broken file, and a file that is known"):
        upload_broken(journal, session, lambda *upload: _put(journal, session, *upload))
        upload_again(journal, session, lambda *upload: _put(journal, session, *upload))
    with journal.step(8, "pending", "What waits for you"):
        waiting = leave_pending(journal, session)
    print_summary(journal, session, waiting)


def _start(journal: Journal, profile: str) -> None:
    from sluice.local import stack  # noqa: PLC0415 - what talks to AWS loads slowly

    journal.explain(
        "The CDK application is synthesized and deployed into an embedded AWS, with IAM enforced."
    )
    stack.reset(profile)
    status = start_stack(profile)
    journal.done(f"ready at {status.api_url}: real functions, tables, buckets, events and workflows")
    document = asdict(status)
    journal.facts["stack"] = {name: document[name] for name in document if name != "tokens"}


def _put(journal: Journal, session: Session, project: str, name: str, content: bytes) -> str:
    """A plain upload to the data bucket; gives the object's version."""
    from sluice.local.s3_upload import upload_to_s3  # noqa: PLC0415

    status = session.connection.status
    key = f"projects/{project}/data/{name}"
    version_id = upload_to_s3(status, key, content)
    journal.done(f"put s3://{status['data_bucket']}/{key}")
    return version_id
