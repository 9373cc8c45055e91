"""Training code that misbehaves: each way ends in a recorded rejection, and the next training can run."""

from __future__ import annotations

import io
import zipfile

import pytest

from sluice.domain.training import Training
from tests.stores.deployments import MotoDeployment
from tests.stores.training.line import PASSING_TEST, code_of, go_through, start, training_code
from tests.stores.workflows.projects import document

_FIT = """
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

def columns(context, *numeric):
    return ColumnTransformer([
        ("text", OneHotEncoder(handle_unknown="ignore", sparse_output=False), context.categorical),
        ("number", *numeric, context.numeric),
    ])
"""


def trained(deployment: MotoDeployment, code: bytes, **training: object) -> Training:
    """With a fixed threshold, so that the code is called once."""
    evaluation = {name: value for name, value in document()["evaluation"].items() if name != "cost_matrix"}
    spec = {**document()["training"], **training}
    return go_through(deployment, start(deployment, code=code, evaluation=evaluation, training=spec))


TRAIN = {
    "raises": ("def train(data, context):\n    raise KeyError('incoem')\n", "train:train raised KeyError"),
    "leaves": ("def train(data, context):\n    import sys; sys.exit(3)\n", "raised SystemExit"),
    "dies": ("def train(data, context):\n    import os; os._exit(1)\n", "the process ended by itself"),
    "needs too much": ("def train(data, context):\n    bytearray(8 << 30)\n", "more memory than there is"),
    "returns a number": ("def train(data, context):\n    return 42\n", "train returned something else"),
    "is not fitted": (_FIT + "def train(data, context):\n    return LogisticRegression()\n", "is it fitted"),
    "has no entry": ("def tarin(data, context): ...\n", "the module has no such function"),
    "cannot be imported": ("import nothing_like_this\n", "cannot be imported"),
    "fits the target too": (
        _FIT
        + "def train(data, context):\n"
        + "    return Pipeline([('c', columns(context, 'passthrough')), ('m', LogisticRegression())])"
        + ".fit(data, data[context.target])\n",
        "fitted on columns that are no features",
    ),
    "stops at unseen texts": (
        _FIT
        + "def train(data, context):\n"
        + "    c = ColumnTransformer([('t', OneHotEncoder(), context.categorical)])\n"
        + "    return Pipeline([('c', c), ('m', LogisticRegression(max_iter=999))])"
        + ".fit(data[context.features], data[context.target])\n",
        "cannot answer rows with unseen texts",
    ),
    "does not convert": (
        "from sklearn.preprocessing import FunctionTransformer\n"
        + _FIT
        + "def train(data, context):\n"
        + "    f = FunctionTransformer(lambda x: x)\n"
        + "    return Pipeline([('c', columns(context, f)), ('m', LogisticRegression(max_iter=999))])"
        + ".fit(data[context.features], data[context.target])\n",
        "cannot be converted to ONNX",
    ),
}


@pytest.mark.parametrize("case", TRAIN)
def test_code_that_gives_no_model_is_rejected_with_the_reason(deployment: MotoDeployment, case: str) -> None:
    body, said = TRAIN[case]

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
    body = (
        _FIT
        + "def train(data, context):\n"
        + "    tree = DecisionTreeClassifier(random_state=0)\n"
        + "    return Pipeline([('c', columns(context, StandardScaler())), ('m', tree)])"
        + ".fit(data[context.features], data[context.target])\n"
    )

    training = trained(deployment, training_code(body))

    assert training.stages["score_dataset"].outcome == "rejected"
    assert training.reasons[0].path == "model.onnx"
    assert training.details["parity"]["max_difference"] > 1e-5
    assert "largest difference" in (training.reasons[0].value or "")


def test_a_model_no_better_than_a_constant_is_rejected(deployment: MotoDeployment) -> None:
    body = (
        _FIT
        + "def train(data, context):\n"
        + "    only = ColumnTransformer([('t', OneHotEncoder(handle_unknown='ignore'), ['telephone'])])\n"
        + "    return Pipeline([('c', only), ('m', LogisticRegression())])"
        + ".fit(data[context.features], data[context.target])\n"
    )

    training = trained(deployment, training_code(body))

    assert training.stages["evaluate_model"].outcome == "rejected"
    assert {reason.path for reason in training.reasons} >= {"evaluation.auc", "evaluation.floors.auc"}
    assert training.model_version is None


TESTS = {
    "fail": ({"tests/test_a.py": "def test_a():\n    assert 1 == 2\n"}, "this test failed"),
    "are none": ({"train.py": "def train(): ...\n"}, "no test was found"),
    "are all skipped": (
        {"test_a.py": "import pytest\n@pytest.mark.skip\ndef test_a(): ...\n"},
        "no test was run",
    ),
    "cannot be collected": ({"test_a.py": "import nothing_like_this\n"}, "this test failed"),
    "end the process": ({"test_a.py": "import os\nos._exit(0)\n"}, "ended without a result"),
}


@pytest.mark.parametrize("case", TESTS)
def test_code_whose_tests_do_not_pass_never_trains(deployment: MotoDeployment, case: str) -> None:
    files, said = TESTS[case]

    training = trained(deployment, code_of(files))

    assert training.stages["run_project_tests"].outcome == "rejected"
    assert "train_model" not in training.stages
    assert said in training.reasons[0].message
    assert "test_log" in training.artefacts


def test_an_archive_that_leads_outside_is_refused(deployment: MotoDeployment) -> None:
    training = trained(deployment, code_of({"../outside.py": "", "test_a.py": PASSING_TEST}))

    assert training.reasons[0].message == "this path leads outside"


def test_an_archive_with_a_link_is_refused(deployment: MotoDeployment) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        link = zipfile.ZipInfo("train.py")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
        packed.writestr("test_a.py", PASSING_TEST)

    training = trained(deployment, buffer.getvalue())

    assert training.reasons[0].message == "links are not unpacked"
