"""The interface's files as the layer brings them: packed, with their types, validators and policies."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from functions.serve_interface.page import with_ours
from sluice.web.browser import SECURITY_HEADERS
from sluice.web.limits import MAX_BINARY_BYTES

PACKAGE = "mlflow_interface"
"""The folder that infra.packaging.interface makes."""
PAGE = "index.html"
_HASHED = re.compile(r"[.-][0-9a-f]{8,32}\.")
_YEAR = "public, max-age=31536000, immutable"
_TYPES = {
    "cjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "eot": "application/vnd.ms-fontobject",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "mjs": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "txt": "text/plain; charset=utf-8",
    "woff": "font/woff",
    "woff2": "font/woff2",
}

Answer = dict[str, Any]


@dataclass(frozen=True)
class Interface:
    """`files` by name: only what was there at the start is ever opened. `page` is packed as they are."""

    files: Mapping[str, Path]
    page: bytes
    policy: str

    def answer(self, name: str, headers: Mapping[str, str]) -> Answer:
        """The file, 304 where the browser has it, 404 where there is none."""
        path = self.files.get(name)
        if path is None:
            return self.refusal(404, "there is no such file")
        packed = self.page if name == PAGE else path.read_bytes()
        suffix = name.rpartition(".")[2]
        described = {
            **SECURITY_HEADERS,
            "content-type": _TYPES.get(suffix, "application/octet-stream"),
            "content-security-policy": self.policy,
            "cache-control": _YEAR if _HASHED.search(name) else "no-cache",
            "etag": f'"{hashlib.sha256(packed).hexdigest()[:20]}"',
            "vary": "accept-encoding",
        }
        if described["etag"] in headers.get("if-none-match", ""):
            return {"statusCode": 304, "headers": described, "body": ""}
        if "gzip" in headers.get("accept-encoding", ""):
            return _binary(packed, described | {"content-encoding": "gzip"})
        content = gzip.decompress(packed)
        if len(content) > MAX_BINARY_BYTES:
            return self.refusal(406, "this file is sent packed only: accept gzip")
        return _binary(content, described)

    def refusal(self, status: int, words: str) -> Answer:
        headers = {**SECURITY_HEADERS, "content-type": "text/plain", "cache-control": "no-store"}
        return {"statusCode": status, "headers": headers, "body": f"{words}\n"}


def open_interface(link_sources: str) -> Interface:
    """The layer's interface, KeyError without one; its page may fetch from `link_sources`, too."""
    found = find_spec(PACKAGE)
    roots = list(found.submodule_search_locations or ()) if found else []
    files = {
        path.relative_to(root).with_suffix("").as_posix(): path
        for root in map(Path, roots)
        for path in root.rglob("*.gz")
    }
    page = gzip.compress(with_ours(gzip.decompress(files[PAGE].read_bytes())), mtime=0)
    return Interface(files, page, _policy(link_sources))


def _policy(link_sources: str) -> str:
    """What MLflow's page does, and no more.

    It sets styles by script, compiles chart expressions and tables' schemas (`unsafe-eval`), shows pictures
    and frames of what it fetched (`blob:`), and follows redirects to presigned links.
    """
    rules = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-eval' 'wasm-unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": f"'self' data: blob: {link_sources}",
        "media-src": f"'self' data: blob: {link_sources}",
        "font-src": "'self' data:",
        "connect-src": f"'self' data: blob: {link_sources}",
        "worker-src": "'self' blob:",
        "frame-src": "'self' blob: data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _binary(content: bytes, headers: Mapping[str, str]) -> Answer:
    body = base64.b64encode(content).decode()
    return {"statusCode": 200, "headers": dict(headers), "body": body, "isBase64Encoded": True}
