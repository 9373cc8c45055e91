"""What the model must do whatever data it is trained on; the platform runs this before every training."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from train import train

CONTEXT = SimpleNamespace(
    target="default",
    features=["checking_status", "duration_months", "credit_amount"],
    numeric=["duration_months", "credit_amount"],
    categorical=["checking_status"],
    positive_class="1",
    parameters={"C": 0.3},
    seed=7,
    log=print,
)


def applicants(count=200, seed=1):
    """Made-up applicants, of whom those with longer loans default more often."""
    random = np.random.default_rng(seed)
    months = random.integers(4, 72, count).astype(float)
    return pd.DataFrame(
        {
            "checking_status": random.choice(["<0", "0-199", "none"], count).astype(object),
            "duration_months": months,
            "credit_amount": random.integers(250, 18_000, count).astype(float),
            "default": np.where(random.random(count) < months / 80, "1", "0"),
        }
    )


def risk(model, rows):
    return model.predict_proba(rows[CONTEXT.features])[:, list(model.classes_).index("1")]


def test_a_longer_loan_is_a_higher_risk():
    model = train(applicants(), CONTEXT)
    short, long = applicants(1).assign(duration_months=6.0), applicants(1).assign(duration_months=60.0)
    assert risk(model, long) > risk(model, short)


def test_missing_and_unknown_values_get_an_answer():
    model = train(applicants(), CONTEXT)
    rows = applicants(3)
    rows["duration_months"] = [np.nan, 12.0, 12.0]
    rows["checking_status"] = ["none", "", "never seen before"]
    assert np.isfinite(risk(model, rows)).all()


def test_the_same_data_gives_the_same_model():
    rows = applicants(50, seed=2)
    first, second = train(applicants(), CONTEXT), train(applicants(), CONTEXT)
    assert (risk(first, rows) == risk(second, rows)).all()
