"""Nobody waits for what scoring does not need: imports and their processor time are a budget."""

from __future__ import annotations

import json
import subprocess
import sys

FORBIDDEN = {
    "aws_lambda_powertools.event_handler",
    "aws_xray_sdk",
    "boto3",
    "fastparquet",
    "mlflow",
    "onnx",
    "pandas",
    "pydantic",
    "requests",
    "scipy",
    "sklearn",
    "yaml",
}
CPU_SECONDS = 2.0
"""Five times what it takes on a quiet machine: tests share two busy cores."""

PROBE = """
import json, sys, time
before = time.process_time()
import functions.predict.handler
used = time.process_time() - before
print(json.dumps({"seconds": used, "modules": sorted(sys.modules)}))
"""


def test_importing_the_handler_stays_within_its_budget() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])

    assert not FORBIDDEN & set(found["modules"])
    assert found["seconds"] < CPU_SECONDS
    print(f"\nimporting functions.predict.handler: {found['seconds'] * 1000:.0f} ms of processor time")  # noqa: T201
