"""`sluice demo`, every step of it, on a stack of its own."""

import json
import subprocess
import sys
from pathlib import Path

from tests.local.command import Command
from tests.local.jobs import eventually

_RUN = """
import sys
from pathlib import Path
from sluice.cli.demo.run import run_demo
run_demo(sys.argv[1], Path(sys.argv[2]))
"""


def test_the_demo_goes_from_nothing_to_a_promotion_that_waits(own_profile: str, tmp_path: Path) -> None:
    # when the demo runs, without a terminal
    result = tmp_path / "demo.json"
    run = subprocess.run(
        [sys.executable, "-c", _RUN, own_profile, str(result)],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    seen = json.loads(result.read_text(encoding="utf-8"))

    # then both projects were trained, approved by a person and served
    assert seen["outcome"] == "passed"
    assert [training["outcome"] for training in seen["trainings"]] == ["first", "first"]
    assert {promotion["status"] for promotion in seen["promotions"]} == {"completed"}
    assert {promotion["by"] for promotion in seen["promotions"]} == {"local-approver"}
    assert len(seen["prediction"]["reasons"]) == 4

    # and the loop was closed by the project's policy: quiet first, alarms later, each row scored once
    first, *later = seen["windows"]
    assert first["level"] != "alarm"
    assert [window["level"] for window in later[-2:]] == ["alarm", "alarm"]
    assert [window["retrain"] for window in seen["windows"]] == [False] * (len(seen["windows"]) - 1) + [True]
    assert {window["rows"] for window in seen["windows"]} == {1500}
    assert seen["challenger"]["status"] == "succeeded"

    # and bad data was refused with every reason, known data recognised
    assert {reason["path"] for reason in seen["broken"]["reasons"]} == {"savings", "age"}
    assert seen["again"]["duplicate_of"] == seen["trainings"][0]["training_id"]

    # and the first command it suggests brings the promotion that waits to its end
    sluice = Command(own_profile, tmp_path)
    project, promotion = seen["pending"]["project"], seen["pending"]["promotion_id"]
    assert f"promotion approve {project}" in run.stdout
    sluice.done("promotion", "approve", project)
    eventually(
        lambda: sluice("promotion", "show", project, promotion, "--json").json["status"] == "completed",
        "the promotion that waited",
    )
