"""What the pages show: an experiment with runs, files and a model of two versions, made below the client."""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass
from typing import Any

import httpx

API = "/api/2.0/mlflow"
MLMODEL = """flavors: {}
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
"""


@dataclass(frozen=True)
class Scene:
    name: str
    experiment: str
    runs: tuple[str, ...]


def make_scene(client: httpx.Client) -> Scene:
    """Made as a contributor by the protocol itself: the same addresses that MLflow's client calls."""
    name = f"ui-{uuid.uuid4().hex[:8]}"
    experiment = _post(client, "experiments/create", name=name)["experiment_id"]
    runs = tuple(_run(client, experiment, number) for number in range(3))
    _files(client, experiment, runs[2])
    _post(client, "registered-models/create", name=name)
    for _ in range(2):
        _post(client, "model-versions/create", name=name, source=f"runs:/{runs[2]}/model", run_id=runs[2])
    _post(client, "registered-models/alias", name=name, alias="champion", version="1")
    return Scene(name, experiment, runs)


def picture(size: int, seed: int) -> bytes:
    """A PNG of noise, which no packing makes smaller."""
    state, rows = seed, bytearray()
    for _ in range(size):
        rows.append(0)
        for _ in range(size):
            state = (state * 1103515245 + 12345) % 2**31
            rows += bytes(((state >> 8) & 255, (state >> 16) & 255, (state >> 4) & 255))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def _run(client: httpx.Client, experiment: str, number: int) -> str:
    made = _post(
        client, "runs/create", experiment_id=experiment, run_name=f"run-{number}", start_time=number + 1
    )
    run_id: str = made["run"]["info"]["run_id"]
    points = [
        {"key": "loss", "value": 1 / (step + 1 + number), "step": step, "timestamp": step}
        for step in range(20)
    ]
    auc = {"key": "auc", "value": 0.7 + number / 10, "step": 0, "timestamp": 1}
    _post(
        client, "runs/log-batch", run_id=run_id, metrics=[*points, auc],
        params=[{"key": "depth", "value": str(10**number)}], tags=[{"key": "team", "value": "risk"}],
    )  # fmt: skip
    dataset = {"name": "applicants", "digest": "d1", "source_type": "local", "source": "{}"}
    tags = [{"key": "mlflow.data.context", "value": "training"}]
    _post(client, "runs/log-inputs", run_id=run_id, datasets=[{"tags": tags, "dataset": dataset}])
    _post(client, "runs/update", run_id=run_id, status="FINISHED", end_time=1000)
    return run_id


def _files(client: httpx.Client, experiment: str, run_id: str) -> None:
    files = {
        "notes/readme.txt": b"what the notes say",
        "table.csv": b"city,rate\nUtrecht,0.25\nGent,0.5\n",
        "picture.png": picture(40, 1),
        "large.png": picture(1300, 2),
        "page.html": b"<h1>a page</h1><script>top.stolen = 1; self.stolen = 1</script>",
        "model/MLmodel": MLMODEL.encode(),
    }
    for path, content in files.items():
        address = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/{path}"
        if len(content) < 4_500_000:
            client.put(address, content=content).raise_for_status()
        else:
            _put_in_parts(client, f"{experiment}/{run_id}/artifacts", path, content)


def _put_in_parts(client: httpx.Client, folder: str, name: str, content: bytes) -> None:
    door = "/api/2.0/mlflow-artifacts/mpu"
    begun = client.post(f"{door}/create/{folder}", json={"path": name, "num_parts": 1}).json()
    (part,) = begun["credentials"]
    etag = httpx.put(part["url"], content=content).headers["etag"]
    parts = [{"part_number": 1, "etag": etag, "url": part["url"]}]
    done = {"path": name, "upload_id": begun["upload_id"], "parts": parts}
    client.post(f"{door}/complete/{folder}", json=done).raise_for_status()


def _post(client: httpx.Client, path: str, **body: object) -> Any:
    answer = client.post(f"{API}/{path}", json=body)
    answer.raise_for_status()
    return answer.json()
