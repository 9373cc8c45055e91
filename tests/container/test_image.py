"""A bundle's image, built without a network and run as it is meant to run. `make container` asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sluice.local.profile import STATE
from tests.unit.edge_server.bundles import write_credit_bundle
from tests.unit.scoring import models

TOOLS = ("podman", "runc", "debootstrap")
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")
PORT = "8931"
ROW = {"age": 60, "purpose": "car", "foreign": False}
BASE = STATE / "container-base.tar"

pytestmark = [
    pytest.mark.skipif("SLUICE_CONTAINER" not in os.environ, reason="`make container` builds images, slowly"),
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, TOOLS)),
        reason=f"needs root and {', '.join(TOOLS)}: apt-get install {' '.join(TOOLS)}",
    ),
]


def run(*words: str | Path, check: bool = True) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout.strip()


def podman(*words: str | Path, check: bool = True) -> str:
    return run("podman", "--runtime", "runc", *words, check=check)


@pytest.fixture(scope="module")
def base() -> str:
    """SLUICE_CONTAINER_BASE, or a small Debian made from its own packages, once."""
    if named := os.environ.get("SLUICE_CONTAINER_BASE"):
        return named
    if not BASE.exists():
        root = BASE.with_suffix(".root")
        shutil.rmtree(root, ignore_errors=True)
        release = run("sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME")
        BASE.parent.mkdir(parents=True, exist_ok=True)
        run("debootstrap", "--variant=minbase", "--include=python3,python3-venv", release, root)
        run("tar", "-C", root, "-cf", BASE, ".")
        shutil.rmtree(root)
    podman("import", BASE, "sluice-test-base")
    return "localhost/sluice-test-base"


@pytest.fixture(scope="module")
def image(base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The image's name and the key of its bundle; wheels come from a folder: no index is asked."""
    folder, wheels = tmp_path_factory.mktemp("bundle"), tmp_path_factory.mktemp("wheels")
    key = write_credit_bundle(folder, "container")
    wanted = ("--require-hashes", "--only-binary", ":all:", "-r", folder / "requirements.txt")
    run(sys.executable, "-m", "pip", "download", "--quiet", *wanted, "-d", wheels)
    settings = wheels.parent / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    name = f"sluice-test-{uuid.uuid4().hex[:8]}"
    podman(
        "build", "--format", "docker", "--isolation", "chroot", "--network", "host", *LIMITS,
        "--volume", f"{wheels}:/wheels:ro", "--secret", f"id=pip,src={settings}",
        "--build-arg", f"BASE_IMAGE={base}", "-t", name, folder,
    )  # fmt: skip
    yield name, key
    podman("rmi", "--force", name, check=False)


@pytest.fixture
def container(image: tuple[str, str]) -> Iterator[str]:
    """Running: read-only, as nobody in particular, with a volume for its ledger."""
    name, key = image
    volume = f"{name}-state"
    words = ("--read-only", "--network", "host", "--volume", f"{volume}:/state", *LIMITS)
    settings = ("--env", f"SLUICE_BUNDLE_KEY={key}", "--env", f"SLUICE_EDGE_PORT={PORT}")
    running = podman("run", "--detach", *words, *settings, name)
    _await_ready(time.monotonic() + 60)
    yield running
    podman("rm", "--force", running, check=False)
    podman("volume", "rm", "--force", volume, check=False)


def _await_ready(until: float) -> None:
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{PORT}/ping", timeout=5).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < until, "the container does not answer"
            time.sleep(0.3)
        else:
            return


def test_an_image_answers_keeps_its_ledger_and_ends_in_order(container: str, image: tuple[str, str]) -> None:
    body = {"dataframe_records": [ROW], "params": {"output": "probability"}}

    answer = httpx.post(f"http://127.0.0.1:{PORT}/invocations", json=body, timeout=30)

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0][1] == pytest.approx(models.probability(60, "car", 0), abs=1e-6)
    assert podman("exec", container, "id", "-u") == "10001"
    podman("exec", container, "python", "/bundle/serve.py", "health")
    count = (
        "import sqlite3; d = sqlite3.connect('/state/credit-3.db');"
        "print(d.execute('SELECT count(*) FROM waiting').fetchone()[0])"
    )
    assert podman("exec", container, "python", "-c", count) == "1"
    podman("stop", "--time", "20", container)
    assert podman("inspect", "--format", "{{.State.ExitCode}}", container) == "0"


def test_an_image_does_not_start_under_another_key(image: tuple[str, str]) -> None:
    settings = ("--env", f"SLUICE_BUNDLE_KEY={'00' * 32}")

    refused = subprocess.run(
        ["podman", "--runtime", "runc", "run", "--rm", "--network", "host", *LIMITS, *settings, image[0]],
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 1
    assert "refused to start: the bundle was signed by" in refused.stderr
