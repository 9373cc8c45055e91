"""A served credit model, files to score, and the BATCH workflow without Step Functions, over moto."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from functions.score_batch.conclude import conclude
from functions.score_batch.plan import plan
from functions.score_batch.score_part import score_part
from functions.score_batch.settings import Room
from sluice.domain.artefacts import ArtefactRef, sha256_of
from sluice.domain.batch import Batch, Part, derived_key
from sluice.domain.endpoints import Variant
from sluice.project.schema import canonical, digest, parse_project
from sluice.stores import clients
from sluice.workflows.batches import receive_file
from tests.stores.deployments import MotoDeployment
from tests.unit.scoring.models import credit_manifest, credit_onnx

TENANT, PROJECT = "default", "credit"
COLUMNS = ("id", "age", "purpose", "foreign")
DOCUMENT: dict[str, Any] = {
    "name": PROJECT,
    "purpose": "tests",
    "owners": ["ann@example.org"],
    "contract": {
        "columns": [
            {"name": "id", "role": "id", "dtype": "string"},
            {"name": "age", "role": "feature", "dtype": "number", "nullable": True},
            {"name": "purpose", "role": "feature", "dtype": "string", "nullable": True},
            {"name": "foreign", "role": "feature", "dtype": "boolean"},
            {"name": "default", "role": "target", "dtype": "integer"},
        ]
    },
    "target": {"name": "default", "positive": "1"},
    "training": {"pipeline": {"model": {"use": "LogisticRegression"}}},
    "evaluation": {"task": "binary"},
}


class BatchRoom(MotoDeployment, Room):
    """The room over one moto deployment."""

    def put(self, content: bytes, file: str = "rows.csv") -> tuple[str, str]:
        """Drop a file; gives its key and version."""
        key = f"projects/{PROJECT}/batch/production/in/{file}"
        answer = clients.s3().put_object(Bucket=self.setting("DATA_BUCKET"), Key=key, Body=content)
        return key, answer["VersionId"]

    def drop(self, content: bytes, file: str = "rows.csv", **changes: Any) -> Batch:
        """Drop a file and deliver its event; `changes` are made before it is planned."""
        batch = receive_file(self, *self.put(content, file), "somebody")
        assert batch is not None
        return self.batches.change(TENANT, batch, **changes) if changes else batch


def serve(room: BatchRoom) -> None:
    spec = parse_project(DOCUMENT)
    document = canonical(spec).decode()
    room.projects.push(
        TENANT,
        PROJECT,
        digest=digest(spec),
        document=document,
        owners=spec.owners,
        purpose=spec.purpose,
        by="ann",
    )
    model = credit_onnx()
    manifest = credit_manifest(model)
    artefacts = {
        name: room.artefacts.write("artifacts", name, content)
        for name, content in (("model", model), ("manifest", manifest))
    }
    room.endpoints.put_revision(
        TENANT,
        PROJECT,
        "production",
        variants=[Variant("champion", 1, sha256_of(manifest), 1, artefacts)],
        promotion_id="p1",
        change_id="c1",
        expected_revision=0,
    )


def go_through(
    room: BatchRoom,
    batch: Batch,
    *,
    left: Callable[[], int] = lambda: 900_000,
    leave_out: tuple[int, ...] = (),
    conclusion: bool = True,
) -> Batch:
    """Plan until it is planned, score the parts, conclude; as the state machine does."""

    def now() -> Batch:
        return room.batches.get(TENANT, PROJECT, batch.batch_id)

    while (answer := plan(room, TENANT, now(), {}, left))["outcome"] == "unfinished":
        pass
    if answer["outcome"] == "planned":
        for part in planned(room, batch):
            if part["part"] not in leave_out:
                score_part(room, TENANT, now(), {"part": part}, left)
    if conclusion:
        conclude(room, TENANT, now(), {}, left)
    return now()


def planned(room: BatchRoom, batch: Batch) -> list[dict[str, int]]:
    content = b"".join(
        room.artefacts.stream("data", derived_key(TENANT, PROJECT, batch.batch_id, "plan.json"), "")
    )
    parts: list[dict[str, int]] = json.loads(content)
    return parts


def parts_of(room: BatchRoom, batch: Batch) -> list[Part]:
    return room.batches.parts(TENANT, batch.batch_id)


def results(room: BatchRoom, batch: Batch) -> list[dict[str, Any]]:
    """Every result line, in order."""
    refs = [ref for part in parts_of(room, batch) for ref in part.results]
    return [row for ref in refs for row in _lines(room, ref)]


def failures(room: BatchRoom, batch: Batch) -> list[dict[str, Any]]:
    refs = [ref for part in parts_of(room, batch) for ref in part.failures]
    return [row for ref in refs for row in _lines(room, ref)]


def outcome(room: BatchRoom, file: str) -> dict[str, Any]:
    """What is left for whoever dropped the file."""
    key = f"projects/{PROJECT}/batch/production/out/{file}.json"
    told: dict[str, Any] = json.loads(b"".join(room.artefacts.stream("data", key, "")))
    return told


def _lines(room: BatchRoom, ref: ArtefactRef) -> Iterator[dict[str, Any]]:
    text = room.artefacts.read(ref).decode()
    if ref.key.endswith(".csv"):
        yield from csv.DictReader(io.StringIO(text, newline=""))
    else:
        yield from (json.loads(line) for line in text.splitlines())


def as_csv(rows: list[list[Any]], columns: tuple[str, ...] = COLUMNS, end: str = "\n") -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=end)
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def people(count: int) -> list[list[Any]]:
    """Rows with missing values, unknown categories and every word for a boolean."""
    purposes = ("car", "house", "", "unheard of")
    words = ("true", "0", "1.0", "FALSE")
    return [
        [f"p{n}", "" if n % 7 == 0 else 18 + n % 60 + n % 8 / 8, purposes[n % 4], words[n % 3]]
        for n in range(count)
    ]
