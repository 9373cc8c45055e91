"""Scoring beside its peers on one machine: processor time a call, answers compared before speed.

    python -m benchmarks.scoring [--only rows tensors cold]

`mlflow models serve` and FastAPI with ONNX Runtime are servers of their own, whose processes' time is read
from /proc (Linux); the handler runs in a process of its own, against one that answers like DynamoDB and S3.
Needs the groups `test` and `benchmarks` of pyproject.toml.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.scoring_scene import make_scene

PARTS = ("rows", "tensors", "cold")
CALLS = {1: 200, 100: 60, 10_000: 5}
#: rows: at least so many times less than MLflow, alone and with the durable write.
TARGETS = {1: (30, 6), 100: (10, None), 10_000: (2.2, None)}
TICK = os.sysconf("SC_CLK_TCK")
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    wanted = reader.parse_args().only
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_scene(folder)
        with _process([sys.executable, "-m", "benchmarks.scoring_scene", scratch], folder) as (aws, _):
            environment = _environment(aws)
            for name in wanted:
                _MEASURES[name](folder, environment)


def _rows(folder: Path, environment: Mapping[str, str]) -> None:
    ours = {count: _child(folder, f"scoring:{count}", environment) for count in CALLS}
    limit = {count: _child(folder, f"in_process:{count}", environment) for count in CALLS}
    uvicorn = [
        sys.executable,
        "-m",
        "uvicorn",
        "benchmarks.scoring_fastapi:app",
        "--log-level",
        "error",
        "--port",
    ]
    mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "mlflow")]
    mlflow += ["--env-manager", "local", "--workers", "1", "--port"]
    with _process(uvicorn, folder) as (url, pid):
        fastapi = {count: _server(url, pid, folder, count) for count in CALLS}
    with _process(mlflow, folder) as (url, pid):
        theirs = {count: _server(url, pid, folder, count) for count in CALLS}
    for count in CALLS:
        _agree(count, ours[count], limit[count], fastapi[count], theirs[count])
    print("forest of 200, 20 features: processor ms a call (answers equal)")
    print(f"{'rows':>7} {'onnxruntime':>12} {'sluice':>9} {'+ ledger':>9} {'FastAPI':>9} {'mlflow':>9}")
    for count in CALLS:
        cells = (limit[count]["cpu"], ours[count]["cpu"], ours[count]["durable"])
        cells = (*cells, fastapi[count]["cpu"], theirs[count]["cpu"])
        print(
            f"{count:7,} "
            + " ".join(f"{cell:{12 if place == 0 else 9}.3f}" for place, cell in enumerate(cells))
        )
    for count, (alone, durable) in TARGETS.items():
        peer = theirs[count]["cpu"]
        _judge(f"{count:,} rows, times less than mlflow", peer / ours[count]["cpu"], at_least=alone)
        if durable:
            _judge(f"{count:,} rows with the durable write", peer / ours[count]["durable"], at_least=durable)
    _judge("1 row, times FastAPI + onnxruntime", ours[1]["cpu"] / fastapi[1]["cpu"], at_most=1.2)


def _tensors(folder: Path, environment: Mapping[str, str]) -> None:
    found = _child(folder, "tensors:10000", environment)
    told = f"JSON {found['json']:.1f} ms, binary {found['binary']:.1f} ms of processor time"
    print(f"10,000 x 20 numbers, logistic regression: {told}")
    _judge("binary tensors, times less than JSON", found["json"] / found["binary"], at_least=5)


def _cold(folder: Path, environment: Mapping[str, str]) -> None:
    runs = [_child(folder, "cold", environment) for _ in range(3)]
    ours = min(runs, key=lambda run: run["cpu"])
    theirs = min((_child(folder, "pyfunc", environment) for _ in range(2)), key=lambda run: run["cpu"])
    print(f"fresh process to first answer: sluice {ours['cpu']:.0f} ms, {ours['mb']:.0f} MB")
    print(f"                       mlflow pyfunc {theirs['cpu']:.0f} ms, {theirs['mb']:.0f} MB")
    _judge("init + first answered request, ms", ours["cpu"], at_most=600)
    _judge("its memory, MB", ours["mb"], at_most=130)
    _judge("times less than load_model + first predict", theirs["cpu"] / ours["cpu"], at_least=5)
    size = ours["switched_bytes"] / 1e6
    _judge(f"first call of another model ({size:.2f} MB), ms", min(r["switch"] for r in runs), at_most=80)


_MEASURES = {"rows": _rows, "tensors": _tensors, "cold": _cold}


def _judge(what: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    reached = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    wanted = f">= {at_least}" if at_least is not None else f"<= {at_most}"
    print(f"  {'reached' if reached else 'MISSED':8} {what}: {value:.2f} (wanted {wanted})")


def _agree(count: int, *found: Mapping[str, Any]) -> None:
    answers = [[str(each) for each in one["answers"]] for one in found]
    differing = sum(len(set(row)) > 1 for row in zip(*answers, strict=True))
    # One library sums a forest's votes in float32, the other in float64: a tie may fall either way.
    if differing > count // 1000:
        raise SystemExit(f"{differing} of {count} answers differ: there is nothing to compare")


def _child(folder: Path, part: str, environment: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scoring_ours", str(folder), part]
    with tempfile.TemporaryDirectory() as own:  # a new function's /tmp is empty
        environment = {**environment, "TMPDIR": own}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _server(url: str, pid: int, folder: Path, count: int) -> dict[str, Any]:
    """Processor ms a call of the server's processes: the smallest of three rounds."""
    body = json.dumps({"dataframe_split": json.loads((folder / f"{count}.json").read_text())})
    rounds = []
    with httpx.Client(base_url=url, timeout=120, headers={"content-type": "application/json"}) as client:
        for _ in range(5):
            answer = client.post("/invocations", content=body).raise_for_status().json()
        for _ in range(3):
            before = _used(pid)
            for _ in range(CALLS[count]):
                client.post("/invocations", content=body)
            rounds.append((_used(pid) - before) / CALLS[count] * 1000)
    return {"cpu": min(rounds), "answers": answer["predictions"]}


def _used(pid: int) -> float:
    """Seconds of processor time of a process and of those it started, ended ones included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICK
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_used(int(child)) for child in children)


@contextmanager
def _process(command: list[str], folder: Path) -> Iterator[tuple[str, int]]:
    """A server, the port appended to its command; its address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # MLflow finds uvicorn by the path alone.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **THREADS, "SCENE": str(folder), "PATH": path}
    log = (folder / f"{port}.log").open("w")
    process = subprocess.Popen([*command, str(port)], env=environment, stdout=log, stderr=log)
    try:
        _await(port, process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(480):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended by itself")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise SystemExit(f"{process.args!r} does not listen")


def _environment(aws: str) -> dict[str, str]:
    names = {"platform": "PLATFORM_TABLE", "ledger": "LEDGER_TABLE", "audit": "AUDIT_TABLE"}
    buckets = {"artifacts": "ARTIFACTS_BUCKET", "archive": "ARCHIVE_BUCKET"}
    return {
        **os.environ,
        **THREADS,
        **{variable: name for name, variable in (names | buckets).items()},
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "eu-central-1",
        # Bytecode is kept from the first of several runs: a deployed function's comes with it.
        "PYTHONDONTWRITEBYTECODE": "",
    }


if __name__ == "__main__":
    main()
