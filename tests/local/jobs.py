"""A small project on made-up rows, and what a person does with one: push, upload, wait."""

from __future__ import annotations

import io
import random
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

V1 = "/sluice/v1"
COLUMNS = ("id", "age", "income", "region", "bad")

GOOD_CODE = """
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

def train(data, context):
    prepare = ColumnTransformer([
        ("n", StandardScaler(), list(context.numeric)),
        ("c", OneHotEncoder(handle_unknown="ignore"), list(context.categorical)),
    ])
    model = make_pipeline(prepare, LogisticRegression(max_iter=500))
    return model.fit(data[context.features], data[context.target])
"""
GOOD_TEST = "from train import train\n\ndef test_it_is_there():\n    assert callable(train)\n"
CONFTEST = "import pathlib, sys\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"


def specification(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "purpose": "Who pays back.",
        "owners": ["ann@example.org"],
        "contract": {
            "columns": [
                {"name": "id", "role": "id", "dtype": "string", "unique": True},
                {"name": "age", "role": "feature", "dtype": "integer", "minimum": 18, "maximum": 120},
                {"name": "income", "role": "feature", "dtype": "number"},
                {"name": "region", "role": "feature", "dtype": "string", "categories": ["north", "south"]},
                {"name": "bad", "role": "target", "dtype": "integer"},
            ],
            "minimum_rows": 100,
            "size_limit_mb": 1,
        },
        "target": {"name": "bad", "positive": "1"},
        "training": {"entry": "train:train", "limit_seconds": 20},
        "evaluation": {"task": "binary"},
        **changes,
    }


def rows(count: int = 600, seed: int = 1) -> list[list[Any]]:
    """People of whom the poor and the young are worse risks: enough for a model to beat a constant."""
    chance = random.Random(seed)
    made: list[list[Any]] = []
    for number in range(count):
        age, income = chance.randint(18, 90), round(chance.uniform(500, 9000), 2)
        risk = 0.85 - income / 12_000 - age / 300
        made.append(
            [f"p{number}", age, income, chance.choice(["north", "south"]), int(chance.random() < risk)]
        )
    return made


def csv(table: list[list[Any]], columns: tuple[str, ...] = COLUMNS) -> bytes:
    return "\n".join(",".join(map(str, line)) for line in [columns, *table]).encode() + b"\n"


def archive(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return buffer.getvalue()


def code(train: str = GOOD_CODE, test: str = GOOD_TEST) -> bytes:
    return archive({"train.py": train, "test_train.py": test, "conftest.py": CONFTEST})


@dataclass
class Job:
    """One project of one test: `put` uploads as `aws s3 cp` would."""

    name: str
    bucket: str
    s3: Any
    api: httpx.Client
    changes: dict[str, Any] = field(default_factory=dict)

    def push(self) -> None:
        answer = self.api.post(f"{V1}/projects", json={"spec": specification(self.name, **self.changes)})
        assert answer.status_code == 201, answer.text

    def put(self, kind: str, content: bytes, file: str = "") -> str:
        key = f"projects/{self.name}/{kind}/{file or ('data.csv' if kind == 'data' else 'code.zip')}"
        answer = self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return str(answer["VersionId"])

    def upload(self, kind: str, content: bytes, file: str = "") -> dict[str, Any]:
        """Put, and wait for the upload's record to settle."""
        version = self.put(kind, content, file)
        settled: dict[str, Any] = eventually(lambda: self._settled(version), "the record of an upload")
        return settled

    def train(self, content: bytes, file: str = "") -> dict[str, Any]:
        """Upload data and wait for the end of the training it starts."""
        upload = self.upload("data", content, file)
        assert upload["status"] == "accepted", upload
        return self.ended(upload["training_id"])

    def ended(self, training_id: str, seconds: float = 90) -> dict[str, Any]:
        ended: dict[str, Any] = eventually(lambda: self._ended(training_id), "the end of a training", seconds)
        return ended

    def list(self, what: str) -> list[dict[str, Any]]:
        answer = self.api.get(f"{V1}/projects/{self.name}/{what}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def waiting_promotion(self) -> dict[str, Any]:
        def waiting() -> dict[str, Any] | None:
            found = self.list("promotions")
            return next((each for each in found if each["status"] == "waiting_for_approval"), None)

        promotion: dict[str, Any] = eventually(waiting, "a promotion that waits")
        return promotion

    def _settled(self, version_id: str) -> dict[str, Any] | None:
        found = [each for each in self.list("uploads") if each["version_id"] == version_id]
        return next((each for each in found if each["status"] != "received"), None)

    def _ended(self, training_id: str) -> dict[str, Any] | None:
        answer = self.api.get(f"{V1}/projects/{self.name}/trainings/{training_id}")
        training: dict[str, Any] = answer.json()
        return training if training.get("status") in {"succeeded", "rejected", "failed"} else None


def new_name() -> str:
    return f"job-{uuid.uuid4().hex[:10]}"


def eventually(ask: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """What `ask` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.2)
    return found


def paths(record: Mapping[str, Any]) -> list[str]:
    return [reason["path"] for reason in record["reasons"]]
