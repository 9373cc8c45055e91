"""Artifact files through the door: within the tenant's folder, small ones in full, large ones by link."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.stores.tracking.artifacts import ArtifactFiles
from tests.stores.tracking.scenes import Client

ROOT = "/api/2.0/mlflow-artifacts"
LIST = "/ajax-api/2.0/mlflow/artifacts/list"
BINARY = "application/octet-stream"


@pytest.fixture
def run(client: Client) -> dict[str, Any]:
    experiment = client.post("experiments/create", name="credit").json["experiment_id"]
    answer = client.post("runs/create", experiment_id=experiment)
    info: dict[str, Any] = answer.json["run"]["info"]
    return info


@pytest.fixture
def folder(run: dict[str, Any]) -> str:
    return f"{run['experiment_id']}/{run['run_id']}/artifacts"


def put(client: Client, path: str, content: bytes) -> Any:
    return client.send("PUT", f"{ROOT}/artifacts/{path}", content, kind=BINARY)


def test_a_file_comes_back_byte_for_byte_and_never_as_a_page(client: Client, folder: str) -> None:
    content = bytes(range(256)) * 10
    assert put(client, f"{folder}/deep/page.html", content).status == 200
    answer = client.send("GET", f"{ROOT}/artifacts/{folder}/deep/page.html")
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_listings_name_files_and_folders_of_one_level(
    client: Client, folder: str, run: dict[str, Any]
) -> None:
    for name in ("a.txt", "deep/b.txt", "deep/er/c.txt"):
        put(client, f"{folder}/{name}", b"12345")
    listed = client.send("GET", f"{ROOT}/artifacts", query={"path": folder}).json["files"]
    assert listed == [
        {"path": "a.txt", "is_dir": False, "file_size": 5},
        {"path": "deep", "is_dir": True},
    ]
    shown = client.send("GET", LIST, query={"run_id": run["run_id"], "path": "deep"}).json
    assert shown["root_uri"] == run["artifact_uri"]
    assert [one["path"] for one in shown["files"]] == ["deep/b.txt", "deep/er"]
    assert client.send("GET", LIST, query={"run_id": run["run_id"], "path": "a.txt"}).json["files"] == []


def test_a_large_file_is_behind_a_link(client: Client, folder: str, files: ArtifactFiles) -> None:
    files.write("default", f"{folder}/large.bin", b"x" * 1_000_001)
    answer = client.send("GET", f"{ROOT}/artifacts/{folder}/large.bin")
    assert answer.status == 302
    assert "X-Amz-Signature" in answer.headers["location"]
    assert f"default/{folder}/large.bin" in answer.headers["location"]
    signed = client.send("GET", f"{ROOT}/presigned/{folder}/large.bin").json
    assert signed["file_size"] == 1_000_001
    assert "X-Amz-Signature" in signed["url"]


def test_uploads_over_the_limit_are_told_the_way_out(client: Client, folder: str) -> None:
    assert put(client, f"{folder}/a", b"x" * 4_500_000).status == 200
    answer = put(client, f"{folder}/b", b"x" * 4_500_001)
    assert (answer.status, answer.code) == (413, "INVALID_PARAMETER_VALUE")
    assert "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD" in answer.json["message"]
    assert "s3://" in answer.json["message"]


def test_a_multipart_upload_is_joined_or_given_up(client: Client, folder: str, files: ArtifactFiles) -> None:
    begun = client.send(
        "POST", f"{ROOT}/mpu/create/{folder}/sub", b'{"path": "/home/me/big.bin", "num_parts": 2}'
    ).json
    assert [one["part_number"] for one in begun["credentials"]] == [1, 2]
    parts = []
    for one, content in zip(begun["credentials"], (b"a" * 5_242_880, b"b"), strict=True):
        sent = files.client.upload_part(
            Bucket="artifacts",
            Key=f"default/{folder}/sub/big.bin",
            UploadId=begun["upload_id"],
            PartNumber=one["part_number"],
            Body=content,
        )
        parts.append({"part_number": one["part_number"], "etag": sent["ETag"], "url": one["url"]})
    done = {"path": "/home/me/big.bin", "upload_id": begun["upload_id"], "parts": parts}
    assert client.send("POST", f"{ROOT}/mpu/complete/{folder}/sub", _json(done)).status == 200
    assert client.send("GET", f"{ROOT}/presigned/{folder}/sub/big.bin").json["file_size"] == 5_242_881
    other = client.send("POST", f"{ROOT}/mpu/create/{folder}", b'{"path": "c:\\\\x\\\\y.bin"}').json
    given_up = {"path": "c:\\x\\y.bin", "upload_id": other["upload_id"]}
    assert client.send("POST", f"{ROOT}/mpu/abort/{folder}", _json(given_up)).status == 200


def test_folders_go_with_everything_in_them_and_nothing_else(client: Client, folder: str) -> None:
    for name in ("out/a", "out/deep/b", "outer"):
        put(client, f"{folder}/{name}", b"x")
    assert client.send("DELETE", f"{ROOT}/artifacts/{folder}/out").status == 200
    listed = client.send("GET", f"{ROOT}/artifacts", query={"path": folder}).json["files"]
    assert [one["path"] for one in listed] == ["outer"]


@pytest.mark.parametrize(
    "path",
    [
        "../other/x",
        "0/../../other/x",
        "0/%2e%2e/x",
        "0/%252e%252e/x",
        "0//x",
        "0/./x",
        "0/a\\b",
        "0/a\x00b",
        "c:/x",
    ],
)
def test_no_path_leads_out_of_the_tenants_folder(client: Client, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = client.send(method, f"{ROOT}/artifacts/{path}", b"x" if method == "PUT" else b"")
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    listed = client.send("GET", f"{ROOT}/artifacts", query={"path": path})
    assert listed.status == 400


def test_files_of_versions_are_found_behind_their_source(client: Client, run: dict[str, Any]) -> None:
    client.post("registered-models/create", name="m")
    source = f"runs:/{run['run_id']}/model"
    client.post("model-versions/create", name="m", source=source, run_id=run["run_id"])
    put(client, f"{run['experiment_id']}/{run['run_id']}/artifacts/model/MLmodel", b"flavors")
    query = {"name": "m", "version": "1", "path": "MLmodel"}
    assert client.send("GET", "/model-versions/get-artifact", query=query).content == b"flavors"
    query["path"] = "../../secret"
    assert client.send("GET", "/model-versions/get-artifact", query=query).status == 400


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
