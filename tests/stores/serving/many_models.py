"""`python -m tests.stores.serving.many_models COUNT BUDGET_MB`: one process serves so many models.

The room's real stores, caches and doors over clients that answer from memory and disk; prints what was found
as JSON. A process of its own, because its memory is what is measured.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from functions.predict.build_serving import build_serving
from functions.predict.door import answer
from functions.predict.serving import Serving
from functions.predict.settings import read_settings
from sluice.domain.endpoints import Variant
from sluice.scoring.sessions import resident_bytes
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.endpoints import EndpointStore
from sluice.stores.items import Items
from tests.unit.predict.room import event
from tests.unit.scoring import models

NAMES = {"platform": "PLATFORM_TABLE", "ledger": "LEDGER_TABLE", "artifacts": "ARTIFACTS_BUCKET"}


class Table:
    """DynamoDB's client: endpoints are kept, ledger items are counted."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str, str], Any] = {}
        self.recorded = 0

    def get_item(self, **asked: Any) -> dict[str, Any]:
        key = asked["Key"]
        item = self.items.get((asked["TableName"], key["pk"]["S"], key["sk"]["S"]))
        return {"Item": item} if item else {}

    def put_item(self, **asked: Any) -> dict[str, Any]:
        self.recorded += 1
        return {}

    def transact_write_items(self, **asked: Any) -> dict[str, Any]:
        for write in asked["TransactItems"]:
            item = write["Put"]["Item"]
            self.items[write["Put"]["TableName"], item["pk"]["S"], item["sk"]["S"]] = item
        return {}


class Folder:
    """S3's client over a folder; reads are counted."""

    def __init__(self, path: Path) -> None:
        self.path, self.reads = path, 0

    def put_object(self, **asked: Any) -> dict[str, Any]:
        (self.path / asked["Key"]).write_bytes(asked["Body"])
        return {"VersionId": "null"}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        self.reads += 1
        return {"Body": Content((self.path / asked["Key"]).read_bytes())}


class Content(bytes):
    def iter_chunks(self, _: int) -> list[bytes]:
        return [self]


def main(count: int, budget: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TMPDIR"] = tempfile.tempdir = scratch
        (Path(scratch) / "s3").mkdir()
        table, folder = Table(), Folder(Path(scratch) / "s3")
        seed(table, folder, count)
        # Models may take half of what the function has.
        names = {variable: name for name, variable in NAMES.items()} | {
            "ARCHIVE_BUCKET": "archive",
            "AUDIT_TABLE": "audit",
        }
        settings = read_settings(names | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(2 * budget)})
        serving = build_serving(settings, table, folder)  # type: ignore[arg-type] # all that it asks of clients
        return measure(serving, table, folder, count)


def measure(serving: Serving, table: Table, folder: Folder, count: int) -> dict[str, Any]:
    """Each model once, a few of them again and again, and the first ones again, which have left by then."""
    ask(serving, 0)
    before, peak, started, wrong = resident_bytes(), 0, time.process_time(), 0
    order = [*range(count), *([*range(count - 20, count)] * 10), *range(100)]
    for number in order:
        wrong += ask(serving, number) != float(number + 1) * 2
        peak = max(peak, resident_bytes())
    return {
        "wrong": wrong,
        "recorded": table.recorded,
        "grown_mb": (peak - before) / (1 << 20),
        "loaded": len(serving.source.models),
        "reads": folder.reads,
        "seconds": time.process_time() - started,
    }


def ask(serving: Serving, number: int) -> float:
    path = f"/endpoints/model-{number}/production/invocations"
    said = answer(serving, event("POST", path, {"instances": [{"x": 2}]}))
    return float(json.loads(said["body"])["predictions"][0])


def seed(table: Table, folder: Folder, count: int) -> None:
    endpoints = EndpointStore(Items(table, "platform"))  # type: ignore[arg-type]
    artefacts = ArtefactStore(folder, {"artifacts": "artifacts"})  # type: ignore[arg-type]
    for number in range(count):
        onnx = models.value_onnx(float(number + 1))
        manifest = models.value_manifest(onnx, project=f"model-{number}")
        refs = {
            name: artefacts.write("artifacts", f"{number}.{name}", content)
            for name, content in {"model": onnx, "manifest": manifest}.items()
        }
        endpoints.put_revision(
            "default",
            f"model-{number}",
            "production",
            variants=[Variant("v1", 1, refs["manifest"].sha256, 100, refs)],
            promotion_id="p",
            change_id="c",
            expected_revision=0,
        )


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))  # noqa: T201
