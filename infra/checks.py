"""What `make check` asks of the infrastructure: `python -m infra.checks templates|sizes`."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.packaging.sizes import BUDGETS, measure, over_budget
from infra.packaging.synthesis import synthesize
from infra.rooms import ROOMS

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("dev", "prod")
# The CDK writes DependsOn beside references that already say so.
IGNORED = ("W3005",)


def templates() -> list[str]:
    """Every stage synthesizes, holds the AwsSolutions rules, and passes cfn-lint; complaints otherwise."""
    said = []
    for stage in STAGES:
        with tempfile.TemporaryDirectory() as scratch:
            problem = synthesize(ROOT, Path(scratch), {"stage": stage, "layers": "stub"})
            said.append(problem or _lint(sorted(Path(scratch).glob("*.template.json"))))
    return [problem for problem in said if problem]


def sizes() -> list[str]:
    """Every cloud layer, resolved and not built, is within its budget; complaints otherwise."""
    measured = measure(ROOT)
    for layer, size in measured.items():
        sys.stdout.write(f"layer {layer}: {size:.0f} MB of {BUDGETS[layer]} MB\n")
    return over_budget(measured, {room.layers for room in ROOMS})


CHECKS: dict[str, Callable[[], list[str]]] = {"templates": templates, "sizes": sizes}


def _lint(files: list[Path]) -> str:
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [str(linter), "--ignore-checks", *IGNORED, "--", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def main() -> None:
    complaints = CHECKS[sys.argv[1]]()
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
