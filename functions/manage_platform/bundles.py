"""Serving bundles: a version's files by link, the code that serves them, and one signature over all of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from functions.manage_platform.routes import Call, Json, Route
from functions.manage_platform.signed_links import LINK_SECONDS, download_link
from sluice import __version__
from sluice.bundle.contents import MANIFEST, SIGNATURE, Bundle, File, Format, entity_salt, serving_code
from sluice.bundle.signature import ALGORITHM, public_key, sign
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import IntegrityError
from sluice.domain.lineage import model_node
from sluice.domain.model import ModelVersion
from sluice.stores.secrets import BUNDLE_SIGNATURES
from sluice.web.problems import BadRequest

ROOT = Path(__file__).resolve().parents[2]
#: Artefacts that answers depend on, and where they lie in a bundle; not every model has a background.
SERVED: Mapping[str, str] = {
    "model": "model/model.onnx",
    "manifest": "model/model.json",
    "background": "model/background.npz",
}


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """A folder to be: `texts` holds base64 of the files that are given here, `links` where to get the others.

    The file `bundle.json` lists every other file by digest, `bundle.sig` is its signature by `key`.
    """

    project: str
    version: int
    key: str
    texts: dict[str, str]
    links: dict[str, str]
    expires_seconds: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`key`: the public key in hexadecimal digits."""

    algorithm: str
    key: str


def show(call: Call) -> Json:
    """Equal versions give equal bytes, whoever asks and whenever."""
    form = call.query.get("format", "bundle")
    if form not in get_args(Format):
        raise BadRequest(f"format must be one of {', '.join(get_args(Format))}, not {form[:40]!r}")
    model = call.platform.models.get(call.tenant, call.project, call.number("version"))
    refs = _served(model)
    code = dict(_code(form))
    seed = _seed(call)
    files = {path: File.of(content) for path, content in code.items()}
    files |= {SERVED[name]: File(ref.sha256, ref.size) for name, ref in refs.items()}
    manifest = Bundle(
        format=form,  # type: ignore[arg-type] # same
        project=model.project,
        model_version=model.version,
        model_digest=model.model_digest,
        promotion_id=max(model.promotions.values(), default=""),
        salt=entity_salt(seed, model.project),
        software=__version__,
        artefacts={name: SERVED[name] for name in refs},
        files=files,
    ).dump()
    code |= {MANIFEST: manifest, SIGNATURE: sign(seed, manifest)}
    call.record(
        model.project,
        "model.exported",
        model_node(model.project, model.version),
        format=form,
        model_digest=model.model_digest,
        bundle_digest=File.of(manifest).sha256,
    )
    return {
        "project": model.project,
        "version": model.version,
        "key": public_key(seed),
        "texts": {path: base64.b64encode(content).decode() for path, content in code.items()},
        "links": {SERVED[name]: download_link(call, ref) for name, ref in refs.items()},
        "expires_seconds": LINK_SECONDS,
    }


@cache
def _code(form: str) -> Mapping[str, bytes]:
    """A hundred small files: read once for as long as the function lives."""
    return serving_code(ROOT, form)  # type: ignore[arg-type] # one of the words that it knows


def show_key(call: Call) -> Json:
    return {"algorithm": ALGORITHM, "key": public_key(_seed(call))}


def _served(model: ModelVersion) -> dict[str, ArtefactRef]:
    refs = {name: model.artefacts[name] for name in SERVED if name in model.artefacts}
    if not {"model", "manifest"} <= set(refs):
        raise IntegrityError(f"version {model.version} has no model or no manifest among its artefacts")
    return refs


def _seed(call: Call) -> bytes:
    return call.platform.secrets.key(call.tenant, BUNDLE_SIGNATURES)


ROUTES = (
    Route(
        "GET",
        "/projects/{project}/models/{version}/bundle",
        "model.export",
        "A model version with all it takes to serve it elsewhere, signed",
        show,
        answer=SignedBundle,
        query=("format",),
    ),
    Route(
        "GET",
        "/signing-key",
        "platform.read",
        "The public key that bundles of this deployment are signed with",
        show_key,
        answer=SigningKey,
    ),
)
