"""Scoring, the story of a score, and the truth that comes later."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.cli.rows_file import Row, in_batches, read_rows
from sluice.cli.session import AsJson, ProjectName, session_of
from sluice.cli.story_card import story_card
from sluice.client.api import Api
from sluice.client.errors import Refused
from sluice.client.scoring import Scored, infer, model_address, model_inputs
from sluice.domain.errors import Invalid

app = typer.Typer(help="How a score came about.")
feedback_app = typer.Typer(help="Say what turned out to be true.")

_ROWS_A_REQUEST = 100
_LABELS_A_REQUEST = 500


def predict(
    context: typer.Context,
    project: ProjectName,
    file: Annotated[Path, typer.Argument(help="Rows: .csv, .json or JSON lines; - reads JSON.")],
    environment: Annotated[str, typer.Option("--environment", "-e")] = "production",
    as_json: AsJson = False,
) -> None:
    """Score rows of a file. Columns that are not model inputs are left out."""
    rows = read_rows(file)
    model = model_address(project, environment)
    with session_of(context).transport("invoker") as transport:
        inputs = model_inputs(transport, model)
        scored = [infer(transport, model, inputs, batch) for batch in in_batches(rows, _ROWS_A_REQUEST)]
    answers = [answer for batch in scored for answer in _answers(batch)]
    columns: dict[str, str | show.Cell] = {name: name for name in answers[0]}
    if "label" in columns:
        columns["probability"] = lambda item: _probabilities(item["probability"])
    else:
        columns["value"] = lambda item: f"{item['value']:.6g}"
    show.listing(answers, columns, as_json=as_json)


def _probabilities(probability: show.Json) -> str:
    return "  ".join(f"{name}: {value:.4f}" for name, value in probability.items())


def _answers(scored: Scored) -> Iterator[show.Json]:
    for place, prediction_id in enumerate(scored.prediction_ids):
        yield {
            "prediction": prediction_id,
            **{name: _shown(values[place], scored) for name, values in scored.outputs.items()},
            "model": scored.model_version,
        }


def _shown(value: Any, scored: Scored) -> Any:  # noqa: ANN401 - a tensor's element
    if isinstance(value, list):
        named = zip(scored.classes, value, strict=True)
        return {name: round(probability, 6) for name, probability in named}
    return value


@app.command("show")
def show_prediction(
    context: typer.Context,
    prediction_id: Annotated[str, typer.Argument(help="As it came back with the score.")],
    counterfactuals: Annotated[
        bool, typer.Option("--counterfactuals", help="And what would have changed the decision.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How did they land on this score? Model, data, code, approval, and what spoke for and against."""
    api = session_of(context).api("auditor")
    story = api.story(prediction_id)
    if counterfactuals or (story["explanation"] is None and not story["forgotten"]):
        story |= _explained(api, prediction_id, counterfactuals=counterfactuals)
    show.one(story, story_card, as_json=as_json)


def forget(
    context: typer.Context,
    project: ProjectName,
    entity: Annotated[str | None, typer.Option("--entity", help="As requests named it.")] = None,
    prediction_id: Annotated[
        str | None, typer.Option("--prediction", help="A prediction of a request that named no entity.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Forget an entity: delete the key of its personal fields, in the ledger and in every archive."""
    named = {name: value for name, value in (("entity", entity), ("prediction_id", prediction_id)) if value}
    if len(named) != 1:
        raise Invalid("say whom to forget: either --entity or --prediction")
    answer = session_of(context).api("admin").forget(project, **named)
    show.one(answer, lambda told: f"✓ forgotten: {told['keys']} keys deleted", as_json=as_json)


def _explained(api: Api, prediction_id: str, *, counterfactuals: bool) -> show.Json:
    """What the scoring function says of it; an older version that cannot be explained still has its story."""
    try:
        told = api.explanation(prediction_id, counterfactuals=counterfactuals)
    except Refused as refused:
        return {"unexplained": refused.problem.detail}
    return {name: told[name] for name in ("explanation", "counterfactuals") if name in told}


@feedback_app.command("push")
def push_feedback(
    context: typer.Context,
    project: ProjectName,
    file: Annotated[Path, typer.Argument(help="Columns prediction_id and label: .csv, .json or JSON lines.")],
    as_json: AsJson = False,
) -> None:
    """Send labels for predictions."""
    items = [_label(number, row) for number, row in enumerate(read_rows(file), start=1)]
    api = session_of(context).api("invoker")
    answers = [api.feedback(project, batch) for batch in in_batches(items, _LABELS_A_REQUEST)]
    rejected = [each for answer in answers for each in answer["rejected"]]
    taken = {"accepted": sum(answer["accepted"] for answer in answers), "rejected": rejected}
    if as_json:
        show.dump(taken)
    else:
        _print_taken(taken["accepted"], rejected)
    if rejected:
        raise AnswerIsNo(f"{len(rejected)} of {len(items)} labels were not taken")


def _print_taken(accepted: int, rejected: Sequence[show.Json]) -> None:
    show.console().print(f"✓ {accepted} labels taken")
    if rejected:
        show.listing(rejected, {"prediction": "prediction_id", "reason": "reason"}, as_json=False)


def _label(number: int, row: Row) -> dict[str, object]:
    missing = [name for name in ("prediction_id", "label") if row.get(name) is None]
    if missing:
        raise Invalid(f"row {number} has no {missing[0]}")
    label = row["label"]
    return {"prediction_id": str(row["prediction_id"]), "label": label}
