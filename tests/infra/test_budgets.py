"""Sizes and import times of functions, with room to spare; each imports from its own layers alone."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.packaging.functions import build_function
from infra.packaging.layers import build_host_layer
from infra.rooms import ROOMS, Room
from sluice.local.environments import LAYER_STORE, emulator_interpreter
from tests.infra.conftest import ROOT

ASSET_BYTES = 1_500_000
# Heavy libraries, and the rooms whose callers wait for a first byte.
HEAVY = {"pandas", "scipy", "sklearn", "matplotlib", "mlflow"}
WAITED_FOR = {
    "authorize_caller": HEAVY | {"numpy", "onnxruntime"},
    "manage_platform": HEAVY | {"numpy", "onnxruntime"},
    "track_runs": HEAVY | {"numpy", "onnxruntime"},
    "predict": HEAVY,
}
IMPORT_CPU_SECONDS = 3.0
TRACKING_MEGABYTES = 70

# In Lambda a handler sees its asset, its layers and boto3; nothing of the environment that tests run in.
IMPORT = """
import json, resource, sys, time
sys.path[:0] = json.loads(sys.argv[1])
started = time.process_time()
__import__(sys.argv[2])
seconds = time.process_time() - started
if len(sys.argv) > 3:
    exec(sys.argv[3])
if sys.platform == "linux":  # there, the other figure begins with the parent's
    status = open("/proc/self/status").read()
    megabytes = int(status.split("VmHWM:")[1].split()[0]) / 1024
else:
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
print(json.dumps({"seconds": seconds, "megabytes": megabytes, "modules": sorted(sys.modules)}))
"""
# What is built for a first request.
FIRST_REQUEST = "from functions.track_runs import settings; settings.tracking()"


@dataclass(frozen=True)
class Imported:
    """What importing a handler took and brought."""

    seconds: float
    loaded: frozenset[str]
    megabytes: float

    @property
    def modules(self) -> frozenset[str]:
        return frozenset(name.split(".")[0] for name in self.loaded)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_imports_from_its_own_layers(room: Room, tmp_path: Path) -> None:
    imported = _import(room, tmp_path)

    assert not imported.modules & WAITED_FOR.get(room.name, frozenset())
    if room.name in WAITED_FOR:
        assert imported.seconds < IMPORT_CPU_SECONDS


def test_a_first_tracking_request_needs_no_botocore_session(tmp_path: Path) -> None:
    (room,) = (room for room in ROOMS if room.name == "track_runs")

    begun = _import(room, tmp_path, FIRST_REQUEST)

    assert not begun.loaded & {"botocore.session", "botocore.client", "botocore.config", "boto3"}
    assert begun.megabytes < TRACKING_MEGABYTES


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_an_asset_is_small_and_only_ours(room: Room, tmp_path: Path) -> None:
    build_function(ROOT, room.name, tmp_path)

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < ASSET_BYTES
    assert {path.name for path in tmp_path.iterdir()} == {"functions", "sluice"}
    assert not any((tmp_path / "sluice" / name).exists() for name in ("client", "cli", "local"))
    assert {path.name for path in (tmp_path / "functions").iterdir() if path.is_dir()} == {room.name}


def _import(room: Room, asset: Path, further: str = "") -> Imported:
    build_function(ROOT, room.name, asset)
    layers = [build_host_layer(ROOT, layer, LAYER_STORE) for layer in room.layers]
    paths = json.dumps([str(path) for path in (asset, *layers)])
    command = [str(emulator_interpreter()), "-I", "-c", IMPORT, paths, f"functions.{room.name}.handler"]
    environment = {
        "TRACKING_TABLE": "tracking",
        "ARTIFACTS_BUCKET": "artifacts",
        "AWS_REGION": "eu-central-1",
    }
    done = subprocess.run(
        [*command, *([further] if further else [])],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    return Imported(told["seconds"], frozenset(told["modules"]), told["megabytes"])
