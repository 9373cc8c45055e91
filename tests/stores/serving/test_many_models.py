"""Two thousand models on one function: each answers, and memory stays where it was told to."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.long

MODELS = 2_000
BUDGET_MB = 64
SLACK_MB = 32
"""Routes of so many endpoints, and what the allocator keeps between an eviction and the next."""


def test_one_process_serves_two_thousand_models_within_its_memory() -> None:
    command = [sys.executable, "-m", "tests.stores.serving.many_models", str(MODELS), str(BUDGET_MB)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["wrong"] == 0
    assert found["recorded"] == MODELS + 301
    # some left, and those came back from the function's own disk
    assert found["loaded"] < MODELS
    assert found["reads"] == 2 * MODELS
    assert found["grown_mb"] < BUDGET_MB + SLACK_MB
