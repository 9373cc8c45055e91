"""A second project is trained on the past, lives through what came, and is trained again by policy."""

from collections.abc import Callable

from sluice.cli import show
from sluice.cli.demo.journal import Journal
from sluice.cli.demo.lifecycle import EXAMPLES, approve, push_project, train
from sluice.cli.demo.live_on import PROJECT, live_window
from sluice.cli.demo.marketing_rows import TRAINED_ROWS, Calls, read_calls
from sluice.cli.demo.waiting import settled_upload, wait_for
from sluice.cli.failures import AnswerIsNo
from sluice.cli.follow import follow_training
from sluice.cli.session import Session

Put = Callable[[str, str, bytes], str]
_MOST_WINDOWS = 6
_WINDOW_ROWS = 1_500
_SHOWN_SENTENCES = 5


def close_loop(journal: Journal, session: Session, put: Put) -> None:
    """From the first model to the verdict on its challenger."""
    calls = _first_model(journal, session, put)
    journal.explain(
        f"\nThe calls from {TRAINED_ROWS:,} on, each scored once, in their real order; "
        "what became of them is sent back as labels."
    )
    for number in range(_MOST_WINDOWS):
        rows = calls.later[number * _WINDOW_ROWS : (number + 1) * _WINDOW_ROWS]
        if live_window(journal, session, rows)["policy"]["retrain"]:
            break
    else:
        raise AnswerIsNo("the policy has not asked for a new model")
    _challenge(journal, session)


def _first_model(journal: Journal, session: Session, put: Put) -> Calls:
    push_project(journal, session, EXAMPLES / PROJECT)
    calls = read_calls()
    version_id = put(PROJECT, "calls.csv", calls.history)
    journal.done(f"uploaded the first {TRAINED_ROWS:,} calls, without call_seconds and seq")
    upload = settled_upload(session.api("viewer"), PROJECT, version_id)
    training = train(journal, session, upload)
    approve(journal, session, training, brief=True)
    return calls


def _challenge(journal: Journal, session: Session) -> None:
    """The training that the policy asked for, to its verdict: whatever the test says."""
    api = session.api("viewer")

    def look() -> show.Json | None:
        newest = next(api.of(PROJECT, "trainings", limit=1), None)
        return newest if newest and newest["cause"] == "drift" else None

    journal.explain("\nThe policy asks for a new model: old data plus feedback become a dataset version.")
    begun = wait_for("assembling the dataset", look)
    dataset = begun["dataset"]
    journal.done(f"dataset {dataset['key']} (sha256 {show.short(dataset['sha256'])})")
    training = follow_training(session, PROJECT, begun["training_id"])
    journal.done(f"challenger: {training['outcome'] or training['status']}")
    version = training.get("model_version")
    verdict = api.one(PROJECT, "models", version)["verdict"] if version else {}
    sentences = verdict.get("sentences") or [reason["message"] for reason in training["reasons"]]
    for sentence in sentences[:_SHOWN_SENTENCES]:
        journal.print(f"  · {sentence}")
    journal.facts["challenger"] = {
        "training_id": training["training_id"],
        "status": training["status"],
        "outcome": training["outcome"],
        "model_version": version,
        "verdict": verdict,
    }
