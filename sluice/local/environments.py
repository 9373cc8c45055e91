"""What the embedded AWS runs on: an interpreter with ministack and boto3 only, and host layers."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.packaging.layers import LAYERS, build_host_layer
from infra.packaging.uv import run_uv
from sluice.local.alone import alone
from sluice.local.profile import ROOT, STATE

REQUIREMENTS = ROOT / "requirements" / "emulator.txt"
LAYER_STORE = STATE / "layers"


def emulator_interpreter() -> Path:
    """The interpreter of the emulator's environment, installed on first use.

    Functions run in it: what is not in their layers or in Lambda's own runtime must not be importable.
    """
    fingerprint = hashlib.sha256(REQUIREMENTS.read_bytes() + f"{sys.version_info[:3]}".encode()).hexdigest()
    folder = STATE / f"emulator-{fingerprint[:12]}"
    interpreter = folder / "bin" / "python"
    ready = folder / "ready"
    with alone("emulator"):
        if ready.exists():
            return interpreter
        run_uv(["venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
        run_uv(
            ["pip", "sync", "--quiet", "--require-hashes", "--python", str(interpreter), str(REQUIREMENTS)]
        )
        subprocess.run([str(interpreter), "-c", "import ministack, boto3"], check=True)
        ready.write_text("installed\n")
    return interpreter


def install_layers() -> None:
    """Every layer for this host, side by side."""
    with alone("layers"), ThreadPoolExecutor() as pool:
        list(pool.map(lambda layer: build_host_layer(ROOT, layer, LAYER_STORE), LAYERS))
