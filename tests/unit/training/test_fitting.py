"""Calling somebody else's train, checking what it returns, choosing the threshold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from functions.train_model.check_model import checked_model
from functions.train_model.choose_threshold import cheapest, choose_threshold
from functions.train_model.export_onnx import export_onnx
from functions.train_model.training_context import data_frame
from functions.train_model.training_entry import training_of
from sluice.domain.errors import Invalid
from sluice.domain.parity import parity_rows
from tests.unit.training.models import context, fitted, project, rows


def written(folder: Path, text: str) -> Path:
    """Each test's module has its own name: modules are imported once a process."""
    (folder / f"{folder.name}.py").write_text(text)
    return folder


def refusal(code: Path, name: str = "train") -> str:
    spec, frame = project(training={"entry": f"{code.name}:{name}"}), rows()
    with pytest.raises(Invalid) as refused:
        training_of(spec, code)(data_frame(frame), context(spec, frame))
    (reason,) = refused.value.reasons
    return f"{reason.path}: {reason.message} | {reason.value}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def train(data, context):\n    return data['incoem']", "KeyError: 'incoem'"),
        ("def train(data, context):\n    raise SystemExit(3)", "raised SystemExit: 3"),
        ("def train(data):\n    pass", "raised TypeError"),
        ("def tarin(data, context): ...", "the module has no such function"),
        ("train = 42", "is no function | int"),
        ("import nothing_like_this", "cannot be imported: No module named 'nothing_like_this'"),
        ("def train(:", "raised SyntaxError"),
    ],
    ids=["raises", "leaves", "wrong signature", "no entry", "no function", "no module", "no Python"],
)
def test_every_mistake_is_told_in_the_authors_terms(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(written(tmp_path, text))


def test_the_traceback_ends_where_the_mistake_is(tmp_path: Path) -> None:
    text = "def train(data, context):\n    return helper(data)\n\ndef helper(data):\n    return 1 / 0\n"

    assert "in helper" in refusal(written(tmp_path, text))


def test_the_context_is_what_the_docs_promise(tmp_path: Path) -> None:
    documented = Path("docs/training-code.md").read_text()
    spec, frame = project(), rows()

    given = context(spec, frame)

    assert all(f"`{name}`" in documented for name in vars(given))
    assert (given.numeric, given.categorical) == (["amount", "months", "known"], ["status"])
    assert given.classes == ["no", "yes"]
    data = data_frame(frame)
    assert [str(kind) for kind in data.dtypes] == ["float64", "float64", "float64", "object", "object"]
    assert isinstance(data["status"].iloc[0], str)


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (42, "something else"),
        (LogisticRegression, "something else"),
        (LogisticRegression(), "is it fitted"),
        (KMeans(2, n_init=1).fit(np.zeros((4, 1)) + np.arange(4)[:, None]), "predict_proba"),
        (LinearRegression().fit(np.eye(4), np.arange(4)), "predict_proba"),
    ],
    ids=["a number", "a class", "not fitted", "a clustering", "a regression"],
)
def test_only_a_fitted_model_of_the_task_is_one(estimator: Any, said: str) -> None:
    spec, frame = project(), rows()

    with pytest.raises(Invalid, match=said):
        checked_model(estimator, spec, list(frame), np.unique(frame["y"]))


def test_a_model_fitted_on_the_target_or_other_classes_is_refused() -> None:
    spec, frame = project(nullable=False), rows(nullable=False)
    data = data_frame(frame)
    numbers = ["amount", "months", "known"]
    leaking = LogisticRegression(max_iter=500).fit(data[numbers].assign(y=1.0), data["y"])
    other = LogisticRegression(max_iter=500).fit(data[numbers], np.where(data["y"] == "yes", "good", "bad"))

    with pytest.raises(Invalid, match="no features"):
        checked_model(leaking, spec, numbers, np.unique(frame["y"]))
    with pytest.raises(Invalid, match="not those of the target"):
        checked_model(other, spec, numbers, np.unique(frame["y"]))


@pytest.mark.parametrize(
    ("text", "numeric"),
    [(OneHotEncoder(), SimpleImputer()), (OneHotEncoder(handle_unknown="ignore"), "passthrough")],
    ids=["unseen texts", "missing numbers"],
)
def test_a_model_that_cannot_answer_what_will_come_is_refused(text: Any, numeric: Any) -> None:
    spec, frame = project(), rows()
    if numeric == "passthrough":
        frame = {**frame, "amount": np.nan_to_num(frame["amount"].astype(np.float64))}
    columns = ColumnTransformer([("t", text, ["status"]), ("n", numeric, ["amount"])])
    model = fitted(Pipeline([("c", columns), ("m", LogisticRegression(max_iter=500))]), spec, frame)

    with pytest.raises(Invalid, match="cannot answer rows with unseen texts"):
        model.answers(parity_rows(frame, spec.contract.features, seed=0))


def test_what_does_not_convert_is_a_reason_not_a_crash() -> None:
    spec, frame = project(), rows()
    columns = ColumnTransformer(
        [("f", make_pipeline(SimpleImputer(), FunctionTransformer(np.log1p)), ["months"])]
    )
    model = fitted(Pipeline([("c", columns), ("m", LogisticRegression())]), spec, frame)

    with pytest.raises(Invalid, match="cannot be converted"):
        export_onnx(model, spec.contract.features)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_declared_pipeline_trains_without_code(tmp_path: Path, task: str) -> None:
    model = (
        {"use": "Ridge"} if task == "regression" else {"use": "LogisticRegression", "arguments": {"C": 0.5}}
    )
    pipeline = {
        "numeric": [{"use": "SimpleImputer", "arguments": {"strategy": "median"}}, {"use": "StandardScaler"}],
        "categorical": [{"use": "OneHotEncoder"}],
        "model": model,
    }
    spec, frame = project(task, training={"pipeline": pipeline, "seed": 1}), rows(task)

    estimator = training_of(spec, tmp_path)(data_frame(frame), context(spec, frame))

    names = [column.name for column in spec.contract.features]
    answers = checked_model(estimator, spec, names, np.unique(frame["y"])).answers(
        parity_rows(frame, spec.contract.features, seed=0)
    )
    assert np.isfinite(answers).all()


def test_the_cheapest_threshold_is_the_one_that_costs_least() -> None:
    generator = np.random.default_rng(0)
    chances = generator.random(500)
    positive = generator.random(500) < chances

    chosen = cheapest(chances, positive, 1.0, 5.0)

    def cost(threshold: float) -> float:
        labels = chances >= threshold
        return float((labels & ~positive).sum() + 5 * (~labels & positive).sum())

    assert cost(chosen) == min(cost(threshold) for threshold in [0.0, 1.1, *(chances + 1e-9), *chances])
    assert chosen == pytest.approx(1 / 6, abs=0.08)


def test_a_threshold_is_chosen_on_rows_that_the_folds_model_never_saw() -> None:
    spec = project(
        evaluation={"task": "binary", "cost_matrix": {"false_positive": 1.0, "false_negative": 9.0}}
    )
    frame = rows(n=300)
    seen: list[int] = []

    def train(side: Any) -> Any:
        seen.append(len(side["y"]))
        columns = ColumnTransformer([("n", SimpleImputer(), ["amount", "months", "known"])])
        return fitted(Pipeline([("c", columns), ("m", LogisticRegression(max_iter=500))]), spec, side)

    threshold = choose_threshold(spec, frame, train)

    assert seen == [240] * 5
    assert 0.0 < threshold < 0.35
    assert choose_threshold(project(evaluation={"task": "binary", "threshold": 0.3}), frame, train) == 0.3
    assert len(seen) == 5
