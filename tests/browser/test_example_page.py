"""The example page: the exported ONNX file in Chromium says what the server says."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Browser

from infra.packaging.synthesis import node
from sluice.local.alone import alone
from sluice.local.profile import ROOT, STATE
from sluice.scoring.model import LoadedModel, score
from tests.unit.scoring import models

EXAMPLE = ROOT / "examples" / "browser"
RUNTIME = "onnxruntime-web"
NEEDED = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
TOLERANCE = 1e-6
ROWS: list[dict[str, Any]] = [
    {"age": 60.1, "purpose": "car", "foreign": False},
    {"age": None, "purpose": None, "foreign": True},
    {"age": 33.3, "purpose": "Zürich", "foreign": True},
    {"age": 18, "purpose": "house", "foreign": False},
]


@pytest.fixture(scope="module")
def runtime() -> Path:
    """The files of onnxruntime-web that the page loads: of the version and digest that the lock names."""
    locked = json.loads((EXAMPLE / "package-lock.json").read_text())["packages"][f"node_modules/{RUNTIME}"]
    folder = STATE / f"{RUNTIME}-{locked['version']}"
    with alone(RUNTIME):
        if not (folder / NEEDED[-1]).exists():
            folder.mkdir(parents=True, exist_ok=True)
            _unpack(_fetched(locked, folder), folder)
    return folder


def _fetched(locked: dict[str, Any], folder: Path) -> Path:
    npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [
        node(),
        npm,
        "pack",
        f"{RUNTIME}@{locked['version']}",
        "--silent",
        "--pack-destination",
        folder,
    ]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"{RUNTIME} cannot be had: {done.stderr[-300:]}")
    (archive,) = folder.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{digest}" == locked["integrity"]
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as package:
        for name in NEEDED:
            content = package.extractfile(f"package/dist/{name}")
            (folder / name).write_bytes(content.read() if content else b"")
    archive.unlink()


@pytest.fixture
def site(runtime: Path, tmp_path: Path) -> Path:
    """The example as its README says, with the credit model of the tests."""
    folder = tmp_path / "site"
    shutil.copytree(EXAMPLE, folder)
    served = folder / "node_modules" / RUNTIME / "dist"
    served.parent.mkdir(parents=True)
    served.symlink_to(runtime)
    (folder / "model").mkdir()
    onnx_bytes = models.credit_onnx()
    (folder / "model" / "model.onnx").write_bytes(onnx_bytes)
    (folder / "model" / "model.json").write_bytes(models.credit_manifest(onnx_bytes, threshold=0.3))
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Says nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _shown(browser: Browser, site: Path, rows: object) -> str:
    """What the page says of the rows."""
    with _served(site) as origin, browser.new_page() as page:
        page.set_default_timeout(120_000)
        page.goto(f"{origin}/?rows={quote(json.dumps(rows))}")
        page.wait_for_selector("body[data-done]")
        return page.inner_text("#answer")


def test_a_page_says_what_the_server_says(browser: Browser, site: Path) -> None:
    manifest = (site / "model" / "model.json").read_bytes()
    model = LoadedModel.load((site / "model" / "model.onnx").read_bytes(), manifest)
    columns = {
        "age": np.array([np.nan if row["age"] is None else row["age"] for row in ROWS], dtype=np.float64),
        "purpose": np.array([row["purpose"] or "" for row in ROWS]),
        "foreign": np.array([float(row["foreign"] or 0) for row in ROWS]),
    }
    expected = score(model, columns)
    assert expected.probabilities is not None
    assert expected.labels is not None

    told = json.loads(_shown(browser, site, ROWS))

    found = [[row["probability"][name] for name in ("0", "1")] for row in told]
    np.testing.assert_allclose(found, expected.probabilities, atol=TOLERANCE, rtol=0)
    assert [row["label"] for row in told] == expected.labels.tolist()
    assert set(expected.labels) == {"0", "1"}, "both sides of the threshold are seen"


def test_a_page_refuses_what_the_model_does_not_take(browser: Browser, site: Path) -> None:
    assert "age in row 0: expected at least 18, got 17" in _shown(browser, site, [ROWS[0] | {"age": 17}])


def test_a_page_refuses_a_model_that_was_changed(browser: Browser, site: Path) -> None:
    (site / "model" / "model.onnx").write_bytes(b"other")

    assert "not the file that model.json describes" in _shown(browser, site, ROWS)
