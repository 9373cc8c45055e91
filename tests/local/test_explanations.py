"""A forest from upload to explanation on the deployed functions: card, reasons, the same from the record."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from sluice.local.stack import StackStatus
from tests.local.command import Command
from tests.local.jobs import V1, Job, code, csv, eventually, new_name, rows, specification

FOREST = """
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

def train(data, context):
    prepare = ColumnTransformer([
        ("n", "passthrough", list(context.numeric)),
        ("c", OneHotEncoder(handle_unknown="ignore"), list(context.categorical)),
    ])
    model = make_pipeline(prepare, RandomForestClassifier(30, max_depth=4, random_state=context.seed))
    return model.fit(data[context.features], data[context.target])
"""
ApiAs = Callable[[str], httpx.Client]


def contract() -> dict[str, Any]:
    """The usual project, but that nobody can become younger, and age is protected: it must not be shown."""
    found: dict[str, Any] = specification("x")["contract"]
    columns = {column["name"]: column for column in found["columns"]}
    columns["age"] |= {"role": "protected", "use_as_feature": {"reason": "It is what the test is about."}}
    columns["income"] |= {"change": "increase", "reason": "The income"}
    return found


def risks() -> list[list[Any]]:
    """The usual people, but the poor and young are so much worse risks that no forest thinks otherwise.

    Of the usual ones, every tenth forest lets the region, which means nothing, flip a decision.
    """
    sure = random.Random(2)
    return [
        [*person, int((income + 50 * age < 5_000) == (sure.random() < 0.97))]
        for *person, _ in rows()
        for _, age, income, _ in [person]
    ]


def test_from_a_forest_to_its_explanations(
    stack: StackStatus, api_as: ApiAs, aws: Callable[[str], Any], tmp_path: Path
) -> None:
    # given a forest in production
    sluice = Command(stack.profile, tmp_path)
    patient = {"entry": "train:train", "limit_seconds": 200}
    changes = {"contract": contract(), "training": patient}
    job = Job(new_name(), stack.data_bucket, aws("s3"), api_as("admin"), changes)
    job.push()
    job.upload("code", code(FOREST))
    training = job.train(csv(risks()))
    assert training["status"] == "succeeded", training
    job.waiting_promotion()
    sluice.done("promotion", "approve", job.name, "-m", "seen")
    eventually(lambda: job.list("promotions")[0]["status"] == "completed", "the forest in production")

    # then its card says what moves it, and that something protected does
    card = sluice("model", "card", job.name, "--json").json
    assert {entry["feature"] for entry in card["importance"][:2]} == {"income", "age"}
    assert card["method"] == "permutation"
    assert "protected_is_important" in {found["finding"] for found in card["findings"]}
    assert "income" in sluice.done("model", "card", job.name)

    # and a score is explained as it is given
    row = {"age": 30, "income": 900.0, "region": "north"}
    address = f"/endpoints/{job.name}/production/explain"
    body = {"instances": [row], "params": {"counterfactuals": True}}
    answer = api_as("invoker").post(address, json=body)
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["explanations"]
    why = told["explanation"]
    shown = [why["base"], why["withheld"], *(each["contribution"] for each in why["contributions"])]
    assert abs(sum(shown) - why["output"]) < 1e-12
    assert (why["unit"], why["reasons"][0]["text"]) == ("probability", "The income")
    assert '"age"' not in json.dumps(told)
    (first, *others) = told["counterfactuals"]["found"]
    assert [change["feature"] for change in first["changes"]] == ["income"]
    assert first["changes"][0]["to"] > 900
    assert "age" not in {change["feature"] for other in others for change in other["changes"]}

    # and the same bits come from the record, in the API and in the command
    name = told["prediction_id"]
    story = api_as("invoker").get(f"{V1}/predictions/{name}").json()
    again = api_as("invoker").get(story["links"]["explanation"], params={"counterfactuals": "true"})
    assert again.status_code == 200, again.text
    assert again.json() == told
    assert sluice("prediction", "show", name, "--json").json["explanation"] == why
    printed = sluice.done("prediction", "show", name, "--counterfactuals")
    assert "The income" in printed
    assert "would have changed the decision" in printed

    # and the finding is on record once, however often it was explained
    events = [each for each in job.list("audit") if each["action"] == "finding.protected_ranked"]
    assert [each["subject"] for each in events] == [f"prediction:{name}"]
