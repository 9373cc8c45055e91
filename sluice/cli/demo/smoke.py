"""`sluice smoke`: the main job through a deployment's own doors, wherever it is."""

from sluice.cli.demo.journal import Journal
from sluice.cli.demo.lifecycle import EXAMPLES, approve, push_project, train
from sluice.cli.demo.score_credit import DATA, score_applicants
from sluice.cli.follow import await_upload
from sluice.cli.send_file import send_file
from sluice.cli.session import Session


def run_smoke(session: Session) -> None:
    """Push, train, approve, score, tell. Raises at the first thing that is not as it should be."""
    journal = Journal()
    caller = session.api("viewer").me()
    journal.done(f"{session.connection.api_url} knows us as {caller['principal']}")
    with journal.step(1, "push", "Push the credit example and its data"):
        project = push_project(journal, session, EXAMPLES / "credit")
        upload = await_upload(session, project, send_file(session, project, DATA, forced=True))
    with journal.step(2, "train", "Train"):
        training = train(journal, session, upload)
    with journal.step(3, "approve", "Approve"):
        approve(journal, session, training)
    with journal.step(4, "score", "Score, and tell the story"):
        score_applicants(journal, session, project)
    journal.done(f"smoke test passed in {sum(journal.seconds.values()):.0f} s")
