"""What the model must do whatever data it is trained on; the platform runs this before every training."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from train import train

CONTEXT = SimpleNamespace(
    target="subscribed",
    features=["balance", "poutcome"],
    numeric=["balance"],
    categorical=["poutcome"],
    positive_class="1",
    parameters={},
    seed=7,
    log=print,
)


def customers(count=300, seed=1):
    """Made-up customers, of whom those who subscribed before do so again more often."""
    random = np.random.default_rng(seed)
    outcome = random.choice(["success", "failure", "unknown"], count).astype(object)
    chance = np.where(outcome == "success", 0.6, 0.1)
    return pd.DataFrame(
        {
            "balance": random.normal(1_000, 500, count).round(),
            "poutcome": outcome,
            "subscribed": np.where(random.random(count) < chance, "1", "0"),
        }
    )


def chance_of(model, rows):
    return model.predict_proba(rows[CONTEXT.features])[:, list(model.classes_).index("1")]


def test_an_earlier_success_raises_the_chance():
    model = train(customers(), CONTEXT)
    success, failure = customers(1).assign(poutcome="success"), customers(1).assign(poutcome="failure")
    assert chance_of(model, success) > chance_of(model, failure)


def test_missing_and_unknown_values_get_an_answer():
    model = train(customers(), CONTEXT)
    rows = customers(3)
    rows["balance"] = [np.nan, 0.0, 1e6]
    rows["poutcome"] = ["success", "", "never seen before"]
    assert np.isfinite(chance_of(model, rows)).all()
