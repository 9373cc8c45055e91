"""Sizes and import times of functions, with room to spare; each imports from its own layers alone."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.packaging.functions import CARRIED, build_function
from infra.packaging.layers import build_host_layer
from infra.rooms import ROOMS, Room
from sluice.local.environments import LAYER_STORE, emulator_interpreter
from tests.infra.conftest import ROOT
from tests.stores.serving.many_models import Folder, Table, seed
from tests.unit.predict.room import event

ASSET_BYTES = 1_500_000
# Heavy libraries, and the rooms whose callers wait for a first byte.
HEAVY = {"pandas", "scipy", "sklearn", "matplotlib", "mlflow"}
WAITED_FOR = {
    "authorize_caller": HEAVY | {"numpy", "onnxruntime"},
    **dict.fromkeys(
        ("authorize_browser", "open_session", "serve_interface"), HEAVY | {"numpy", "onnxruntime"}
    ),
    "manage_platform": HEAVY | {"numpy", "onnxruntime"},
    "track_runs": HEAVY | {"numpy", "onnxruntime"},
    "predict": HEAVY,
}
IMPORT_CPU_SECONDS = 3.0
TRACKING_MEGABYTES = 70
PREDICT = "functions/predict"

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
# From nothing to the first recorded answer of a model that is read from S3; clients answer from a folder.
ANSWER_CPU_SECONDS = 3.0
ANSWER_MEGABYTES = 130
FIRST_ANSWER = """
import pathlib
from functions.predict.build_serving import build_serving
from functions.predict.door import answer
from functions.predict.settings import settings

class Content(bytes):
    def iter_chunks(self, _):
        return [self]

class Clients:
    folder = pathlib.Path(sys.argv[4])
    recorded = 0
    def get_item(self, Key, **_):
        items = json.loads((self.folder / "items.json").read_text())
        return {"Item": items[Key["pk"]["S"] + "|" + Key["sk"]["S"]]}
    def put_item(self, **_):
        self.recorded += 1
    def get_object(self, Key, **_):
        return {"Body": Content((self.folder / Key).read_bytes())}

clients = Clients()
asked = json.loads((clients.folder / "event.json").read_text())
said = answer(build_serving(settings(), clients, clients), asked)
assert (said["statusCode"], clients.recorded) == (200, 1), said
seconds = time.process_time() - started
"""


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


def test_a_first_score_takes_little_time_and_memory(tmp_path: Path) -> None:
    (room,) = (room for room in ROOMS if room.name == "predict")
    folder = tmp_path / "scene"
    folder.mkdir()
    table = Table()
    seed(table, Folder(folder), 1)
    items = {f"{partition}|{order}": item for (_, partition, order), item in table.items.items()}
    (folder / "items.json").write_text(json.dumps(items))
    asked = event("POST", "/endpoints/model-0/production/invocations", {"instances": [{"x": 2}]})
    (folder / "event.json").write_text(json.dumps(asked))

    answered = _import(room, tmp_path / "asset", FIRST_ANSWER, str(folder))

    assert answered.seconds < ANSWER_CPU_SECONDS
    assert answered.megabytes < ANSWER_MEGABYTES
    assert not answered.loaded & {"cryptography", "pydantic", "boto3"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_an_asset_is_small_and_only_ours(room: Room, tmp_path: Path) -> None:
    build_function(ROOT, room.name, tmp_path)

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < ASSET_BYTES
    carried = set(CARRIED.get(room.name, ()))
    assert {path.name for path in tmp_path.iterdir()} == {"functions", "sluice"} | carried - {PREDICT}
    assert not any((tmp_path / "sluice" / name).exists() for name in ("client", "cli", "local"))
    assert {path.name for path in (tmp_path / "functions").iterdir() if path.is_dir()} == {
        room.name,
        *(("predict",) if PREDICT in carried else ()),
    }


def _import(room: Room, asset: Path, *further: str) -> Imported:
    build_function(ROOT, room.name, asset)
    layers = [build_host_layer(ROOT, layer, LAYER_STORE) for layer in room.layers]
    paths = json.dumps([str(path) for path in (asset, *layers)])
    command = [str(emulator_interpreter()), "-I", "-c", IMPORT, paths, f"functions.{room.name}.handler"]
    environment = {
        "TRACKING_TABLE": "tracking",
        "PLATFORM_TABLE": "platform",
        "LEDGER_TABLE": "ledger",
        "AUDIT_TABLE": "audit",
        "ARCHIVE_BUCKET": "archive",
        "TMPDIR": str(asset.parent),
        "ARTIFACTS_BUCKET": "artifacts",
        "AWS_REGION": "eu-central-1",
    }
    done = subprocess.run(
        [*command, *further],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    return Imported(told["seconds"], frozenset(told["modules"]), told["megabytes"])
