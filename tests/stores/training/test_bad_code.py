"""Training code that misbehaves: each way ends in a recorded rejection, and the next training can run."""

from __future__ import annotations

import pytest

from sluice.domain.training import Training
from tests.stores.deployments import MotoDeployment
from tests.stores.training.line import code_of, go_through, start, training_code
from tests.stores.workflows.projects import document

_FIT = """
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

def train(data, context):
    columns = ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), %s)])
    return Pipeline([("columns", columns), ("model", %s)]).fit(data[context.features], data[context.target])
"""


def trained(deployment: MotoDeployment, code: bytes, **training: object) -> Training:
    """Without its tests, and with a fixed threshold, so that the code is called once."""
    evaluation = {name: value for name, value in document()["evaluation"].items() if name != "cost_matrix"}
    spec = {**document()["training"], **training}
    begun = start(deployment, code=code, evaluation=evaluation, training=spec)
    return go_through(deployment, begun, leave_out="run_project_tests")


BODIES = {
    "raises": ("def train(data, context):\n    raise KeyError('incoem')\n", "train:train raised KeyError"),
    "dies": ("def train(data, context):\n    import os; os._exit(1)\n", "the process ended by itself"),
    "needs too much": ("def train(data, context):\n    bytearray(8 << 30)\n", "more memory than there is"),
    "returns a number": ("def train(data, context):\n    return 42\n", "train returned something else"),
}


@pytest.mark.parametrize("case", BODIES)
def test_code_that_gives_no_model_is_rejected_with_the_reason(deployment: MotoDeployment, case: str) -> None:
    body, said = BODIES[case]

    training = trained(deployment, training_code(body))

    assert (training.status, training.outcome) == ("rejected", "rejected")
    assert training.stages["train_model"].outcome == "rejected"
    assert said in training.reasons[0].message
    assert training.model_version is None
    assert "training_log" in training.artefacts


def test_code_that_never_ends_is_ended(deployment: MotoDeployment) -> None:
    training = trained(
        deployment,
        training_code("def train(data, context):\n    while True: pass\n"),
        limit_seconds=5,
    )

    assert "ended after its time limit" in training.reasons[0].message
    assert training.stages["train_model"].outcome == "rejected"


def test_a_model_that_converts_wrongly_is_rejected_with_the_numbers(deployment: MotoDeployment) -> None:
    isotonic = 'CalibratedClassifierCV(LogisticRegression(), method="isotonic")'

    training = trained(deployment, training_code(_FIT % ("context.categorical", isotonic)))

    assert training.stages["score_dataset"].outcome == "rejected"
    assert training.reasons[0].path == "model.onnx"
    assert training.details["parity"]["max_difference"] > 1e-5
    assert "largest difference" in (training.reasons[0].value or "")


def test_a_model_no_better_than_a_constant_is_rejected(deployment: MotoDeployment) -> None:
    training = trained(deployment, training_code(_FIT % ('["telephone"]', "LogisticRegression()")))

    assert training.stages["evaluate_model"].outcome == "rejected"
    assert {reason.path for reason in training.reasons} >= {"evaluation.auc", "evaluation.floors.auc"}
    assert training.model_version is None


TESTS = {
    "fail": ({"tests/test_a.py": "def test_a():\n    assert 1 == 2\n"}, "this test failed"),
    "are none": ({"train.py": "def train(): ...\n"}, "no test was found"),
    "end the process": ({"test_a.py": "import os\nos._exit(0)\n"}, "ended without a result"),
}


@pytest.mark.parametrize("case", TESTS)
def test_code_whose_tests_do_not_pass_never_trains(deployment: MotoDeployment, case: str) -> None:
    files, said = TESTS[case]

    training = go_through(deployment, start(deployment, code=code_of(files)))

    assert training.stages["run_project_tests"].outcome == "rejected"
    assert "train_model" not in training.stages
    assert said in training.reasons[0].message
    assert "test_log" in training.artefacts
