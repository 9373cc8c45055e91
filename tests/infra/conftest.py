"""The synthesized application: once a run, with empty layers."""

import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.packaging.synthesis import synthesize

ROOT = Path(__file__).resolve().parents[2]
Resource = dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly: its folder, and each stack's resources by logical id."""

    folder: Path
    problem: str

    def resources(self, kind: str = "") -> Iterator[tuple[str, str, Resource]]:
        """Stack, logical id and resource, of one CloudFormation type or of all."""
        for file in sorted(self.folder.glob("*.template.json")):
            stack = file.name.removesuffix(".template.json")
            for logical_id, resource in json.loads(file.read_text())["Resources"].items():
                if resource["Type"] == (kind or resource["Type"]):
                    yield stack, logical_id, resource


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Assembly:
    """The stage `dev`, held against the rules on the way; the first worker makes it for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "assembly"
    folder.mkdir(exist_ok=True)
    problem = folder / "problem.txt"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not problem.exists():
            problem.write_text(synthesize(ROOT, folder, {"stage": "dev", "layers": "stub"}))
    return Assembly(folder, problem.read_text())
