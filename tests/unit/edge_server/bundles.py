"""A bundle of the credit model as the deployment would make it, without a deployment."""

from __future__ import annotations

from pathlib import Path

from sluice.bundle.contents import MANIFEST, SIGNATURE, Bundle, File, Format, serving_code
from sluice.bundle.signature import public_key, sign
from tests.unit.scoring import models

ROOT = Path(__file__).resolve().parents[3]
SEED = b"known to everybody who tests    "
ARTEFACTS = {"model": "model/model.onnx", "manifest": "model/model.json"}


def write_credit_bundle(folder: Path, form: Format = "bundle") -> str:
    """Version 3 of `credit` in the folder; gives the key that signed it."""
    onnx_bytes = models.credit_onnx()
    manifest = models.credit_manifest(onnx_bytes)
    contents = serving_code(ROOT, form) | {ARTEFACTS["model"]: onnx_bytes, ARTEFACTS["manifest"]: manifest}
    signed = Bundle(
        format=form,
        project="credit",
        model_version=3,
        model_digest=File.of(manifest).sha256,
        promotion_id="",
        salt="salt",
        software="1",
        artefacts=ARTEFACTS,
        files={path: File.of(content) for path, content in contents.items()},
    ).dump()
    contents |= {MANIFEST: signed, SIGNATURE: sign(SEED, signed)}
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return public_key(SEED)
