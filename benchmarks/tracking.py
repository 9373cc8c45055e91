"""The tracking server beside `mlflow server` (SQLite): the same requests to both in turn, medians and ratios.

    eval "$(sluice env)" && python -m benchmarks.tracking [--only calls history …] [--runs 5000]

Parts: calls, batches, history, registry, search (both servers, at one client and at eight); inside (handler
CPU, DynamoDB requests and write units of each call), large (100,000 runs) and init. Needs a running stack and
starts MLflow's server itself. The first answers of both are compared before anything is measured.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from benchmarks.tracking_inside import measure_init, measure_inside, measure_large
from benchmarks.tracking_scenes import SCENES, Scene, Server
from benchmarks.tracking_seeds import Seed, seed_mlflow, seed_sluice

_PORT = 5055
_SETTLED = 12
"""Seconds: a search looks again at what changed in the last ten, which is not what is measured here."""
_CLIENTS = 8
_INSIDE: dict[str, Callable[[], None]] = {
    "inside": measure_inside,
    "large": measure_large,
    "init": measure_init,
}


@dataclass(frozen=True)
class Measured:
    """Median milliseconds of one client, and calls a second of eight."""

    median: float
    rate: float


def measure(scenes: Sequence[Scene]) -> list[Measured]:
    """The same scene of each server, in turn, so that both meet the same noise."""
    taken: list[list[float]] = [[] for _ in scenes]
    for number in range(scenes[0].count):
        for scene, times in zip(scenes, taken, strict=True):
            begun = time.perf_counter()
            scene.act(number)
            times.append((time.perf_counter() - begun) * 1000)
    rates = [_rate(scene) for scene in scenes]
    return [Measured(statistics.median(times), rate) for times, rate in zip(taken, rates, strict=True)]


def _rate(scene: Scene) -> float:
    """After a round that is not counted: eight clients at once want eight workers, which are started once."""
    calls = max(_CLIENTS, scene.count)
    with concurrent.futures.ThreadPoolExecutor(_CLIENTS) as pool:
        list(pool.map(scene.act, range(scene.count, scene.count + _CLIENTS)))
        begun = time.perf_counter()
        list(pool.map(scene.act, range(scene.count + _CLIENTS, scene.count + _CLIENTS + calls)))
        return calls / (time.perf_counter() - begun)


def beside(parts: Sequence[str], ours: Server, theirs: Server, runs: int) -> None:
    print(f"{'operation':30} {'sluice':>9} {'mlflow':>9} {'ratio':>6}   {'at 8 clients, calls a second':>20}")
    for part in parts:
        pairs = list(zip(*(SCENES[part](server, runs) for server in (ours, theirs)), strict=True))
        if part == "search":
            time.sleep(_SETTLED)
        for mine, other in pairs:
            answers = [scene.answer() for scene in (mine, other)]
            if answers[0] != answers[1]:
                raise AssertionError(f"{mine.name}: sluice says {answers[0]!r}, mlflow {answers[1]!r}")
            a, b = measure((mine, other))
            print(
                f"{mine.name:30} {a.median:6.1f} ms {b.median:6.1f} ms {b.median / a.median:5.1f}x"
                f"   {a.rate:6.1f} {b.rate:6.1f} {a.rate / b.rate:5.1f}x",
                flush=True,
            )


@contextmanager
def mlflow_server() -> Iterator[tuple[str, Seed]]:
    """Its address, and what puts runs into its store."""
    with tempfile.TemporaryDirectory() as folder:
        backend = f"sqlite:///{folder}/m.db"
        command = ["mlflow", "server", "--port", str(_PORT), "--workers", "1"]
        command += ["--backend-store-uri", backend, "--artifacts-destination", folder]
        # Eight more processes, for jobs that nothing here asks for, would take from its time.
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        log = Path(folder, "server.log")
        with log.open("wb") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], env=environment, stdout=told, stderr=told
            )
        url = f"http://127.0.0.1:{_PORT}"
        try:
            _await(url)
            yield url, seed_mlflow(backend, folder)
        except httpx.HTTPStatusError:
            print(log.read_text()[-3_000:])
            raise
        finally:
            process.terminate()
            process.wait(10)


def _await(url: str) -> None:
    for _ in range(240):
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise TimeoutError("mlflow server did not start")


def main() -> None:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = [*SCENES, *_INSIDE]
    reader.add_argument("--only", nargs="+", choices=parts, default=parts)
    reader.add_argument("--runs", type=int, default=5_000, help="runs that are searched")
    asked = reader.parse_args()
    token = {"authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"}
    client = partial(httpx.Client, timeout=120)
    shared = [part for part in SCENES if part in asked.only]
    if shared:
        uri = os.environ["MLFLOW_TRACKING_URI"]
        ours = Server("sluice", client(base_url=uri, headers=token), seed_sluice)
        with mlflow_server() as (url, seed):
            beside(shared, ours, Server("mlflow", client(base_url=url), seed), asked.runs)
    for part, act in _INSIDE.items():
        if part in asked.only:
            act()


if __name__ == "__main__":
    main()
