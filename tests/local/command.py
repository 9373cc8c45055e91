"""The `sluice` command as a person runs it: a process, its output, its exit code."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SLUICE = Path(sys.executable).with_name("sluice")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """Runs commands against one profile, in one folder."""

    profile: str
    folder: Path

    def __call__(self, *words: object, seconds: float = 180) -> Done:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        environment.pop("COLUMNS", None)  # a test runner's, not a terminal's
        run = subprocess.run(
            [str(SLUICE), "--profile", self.profile, *map(str, words)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(run.returncode, run.stdout, run.stderr)

    def done(self, *words: object) -> str:
        """The output of a command that must succeed."""
        done = self(*words)
        assert done.code == 0, done.out + done.err
        return done.out
