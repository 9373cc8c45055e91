"""Files scored as a whole through the real doors: command, link, drop folder, Step Functions, results."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastparquet
import httpx
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from sluice.domain.endpoints import Variant
from sluice.local.stack import StackStatus
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.endpoints import EndpointStore
from sluice.stores.items import Items
from tests.local.command import Command
from tests.local.jobs import V1, eventually, new_name
from tests.stores.batch.scene import DOCUMENT, as_csv, people
from tests.unit.scoring.models import credit_manifest, credit_onnx

ApiAs = Callable[[str], httpx.Client]
Aws = Callable[[str], Any]


@pytest.fixture(scope="module")
def buckets(aws: Aws) -> dict[str, str]:
    """What the batch function knows of the deployment."""
    return settings_of_batches(aws)


def settings_of_batches(aws: Aws) -> dict[str, str]:
    found = aws("lambda").list_functions()["Functions"]
    (names,) = [each["Environment"]["Variables"] for each in found if "ScoreBatch" in each["FunctionName"]]
    return dict(names)


@pytest.fixture(scope="module")
def project(api_as: ApiAs, aws: Aws, buckets: dict[str, str]) -> str:
    """A project whose credit model serves in production."""
    return served_project(api_as("contributor"), aws, buckets)


def served_project(api: httpx.Client, aws: Aws, names: dict[str, str]) -> str:
    """Pushed, and its model put where it would be promoted to."""
    name = new_name()
    pushed = api.post(f"{V1}/projects", json={"spec": {**DOCUMENT, "name": name}})
    assert pushed.status_code == 201, pushed.text
    store = ArtefactStore(aws("s3"), {"artifacts": names["ARTIFACTS_BUCKET"]})
    model = credit_onnx()
    files = {"model": model, "manifest": credit_manifest(model, project=name)}
    refs = {part: store.write("artifacts", f"test/{name}/{part}", content) for part, content in files.items()}
    EndpointStore(Items(aws("dynamodb"), names["PLATFORM_TABLE"])).put_revision(
        "default",
        name,
        "production",
        variants=[Variant("champion", 3, refs["manifest"].sha256, 1, refs)],
        promotion_id="p1",
        change_id=name,
        expected_revision=0,
    )
    return name


def test_a_file_is_scored_by_one_command_like_the_door_scores_it(
    stack: StackStatus, project: str, api_as: ApiAs, tmp_path: Path
) -> None:
    rows = people(400)
    content = as_csv(rows)
    (tmp_path / "people.csv").write_bytes(content)

    said = Command(stack.profile, tmp_path).done(
        "batch", project, "people.csv", "--wait", "--output", "scored.csv"
    )

    scored = list(csv.DictReader(io.StringIO((tmp_path / "scored.csv").read_text(), newline="")))
    online = api_as("invoker").post(
        f"/endpoints/{project}/production/invocations",
        content=content,
        headers={"content-type": "text/csv"},
    )
    assert "400 rows scored by model version 3" in said
    assert [row["id"] for row in scored] == [row[0] for row in rows]
    assert [row["label"] for row in scored] == online.json()["predictions"]


def test_a_dropped_file_is_scored_in_parts_and_its_wrong_row_is_named(
    project: str, api_as: ApiAs, aws: Aws, buckets: dict[str, str]
) -> None:
    lines = [
        json.dumps({"id": f"n{n}", "age": 30 + n % 40, "purpose": "car", "foreign": n % 2 == 0})
        for n in range(200)
    ]
    lines[150] = '{"id": "n150", "age": 3, "purpose": "car", "foreign": true}'
    key = f"projects/{project}/batch/production/in/people.ndjson"

    aws("s3").put_object(Bucket=buckets["DATA_BUCKET"], Key=key, Body="\n".join(lines).encode())
    ended = eventually(lambda: _ended(api_as, project, key), "the end of a dropped batch", 120)
    parts = (
        api_as("invoker").get(f"{V1}/projects/{project}/batches/{ended['batch_id']}/parts").json()["items"]
    )
    (failures,) = [link for part in parts for link in part["failures"]]
    assert (ended["status"], ended["scored"], ended["failed"]) == ("succeeded", 199, 1)
    assert json.loads(httpx.get(failures["url"]).text) == {
        "row": 150,
        "id": "n150",
        "reasons": [{"field": "age", "value": "3", "expectation": "at least 18"}],
    }


def test_who_has_only_the_bucket_drops_a_file_and_finds_its_results(
    project: str, aws: Aws, buckets: dict[str, str]
) -> None:
    bucket, folder = buckets["DATA_BUCKET"], f"projects/{project}/batch/production"

    # as boto3 and the aws command put it: with a checksum of the whole, which no part of it has
    aws("s3").put_object(Bucket=bucket, Key=f"{folder}/in/people.csv", Body=as_csv(people(60)))
    told = json.loads(eventually(lambda: _content(aws, bucket, f"{folder}/out/people.csv.json"), "the word"))

    assert (told["status"], told["scored"], told["error"]) == ("succeeded", 60, None)
    (result,) = aws("s3").list_objects_v2(Bucket=bucket, Prefix=told["results"])["Contents"]
    scored = csv.DictReader(io.StringIO(_content(aws, bucket, result["Key"]), newline=""))
    assert [row["id"] for row in scored] == [row[0] for row in people(60)]


def test_a_parquet_file_is_scored_in_its_row_groups_like_the_door_scores_it(
    stack: StackStatus, project: str, api_as: ApiAs, tmp_path: Path
) -> None:
    rows = people(300)
    frame = pd.read_csv(io.BytesIO(as_csv(rows)), dtype={"id": str, "purpose": str, "foreign": str})
    frame["foreign"] = frame["foreign"].isin(["true", "1.0"])
    fastparquet.write(str(tmp_path / "people.parquet"), frame, row_group_offsets=[0, 100, 200])
    sluice = Command(stack.profile, tmp_path)

    sluice.done("batch", project, "people.parquet", "--wait", "--output", "scored.csv")

    scored = list(csv.DictReader(io.StringIO((tmp_path / "scored.csv").read_text(), newline="")))
    online = api_as("invoker").post(
        f"/endpoints/{project}/production/invocations",
        content=as_csv(rows),
        headers={"content-type": "text/csv"},
    )
    assert [row["row"] for row in scored] == [str(number) for number in range(300)]
    assert [row["id"] for row in scored] == [row[0] for row in rows]
    assert [row["label"] for row in scored] == online.json()["predictions"]


def test_a_batch_needs_something_that_serves_and_a_role_that_may_score(project: str, api_as: ApiAs) -> None:
    wanted = {"filename": "rows.csv", "size": 10, "environment": "staging"}
    address = f"{V1}/projects/{project}/batches"

    assert api_as("invoker").post(address, json=wanted).status_code == 409
    assert api_as("viewer").post(address, json=wanted).status_code == 403
    assert api_as("invoker").post(address, json={**wanted, "filename": "rows.xlsx"}).status_code == 422


def _content(aws: Aws, bucket: str, key: str) -> str:
    """Of an object; empty until it is there."""
    try:
        content: bytes = aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError:
        return ""
    return content.decode()


def _ended(api_as: ApiAs, project: str, key: str) -> dict[str, Any] | None:
    found = api_as("invoker").get(f"{V1}/projects/{project}/batches").json()["items"]
    mine = [each for each in found if each["key"] == key and each["ended_at"]]
    return mine[0] if mine else None
