"""The files of a run or logged model, as their server gives them: a class for each way that servers have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sluice.client.errors import Refused
from sluice.client.transfer.server import MlflowServer, is_missing
from sluice.client.transport import Json

_PROXY = "/api/2.0/mlflow-artifacts"
_IN_ONE = 4_000_000
"""Bytes: larger files go in parts, past the server, where it can make links."""
_PART = 16_000_000


@dataclass(frozen=True)
class Folder:
    """Files that the server reads for whoever asks, wherever it keeps them. `owner` is their owner's id."""

    server: MlflowServer
    uri: str
    kind: str
    owner: str

    def files(self) -> Iterator[tuple[str, int | None]]:
        """(path from the root, bytes) of every file; None where the server does not say how many."""
        return self._files("")

    def _files(self, below: str) -> Iterator[tuple[str, int | None]]:
        for entry in self._listed(below):
            if entry.get("is_dir"):
                yield from self._files(entry["path"])
            else:
                yield entry["path"], int(entry.get("file_size") or 0)

    def _listed(self, below: str) -> Iterator[Json]:
        if self.kind == "run":
            asked = {"run_id": self.owner, "path": below}
            return self.server.pages("artifacts/list", "files", asked, "GET")
        where = f"logged-models/{self.owner}/artifacts/directories"
        return self.server.pages(where, "files", {"artifact_directory_path": below}, "GET")

    def fetch(self, path: str, file: BinaryIO) -> str:
        """Write the file to disk; gives its sha256."""
        if self.kind == "run":
            return self.server.fetch("/get-artifact", {"run_id": self.owner, "path": path}, file)
        where = f"/ajax-api/2.0/mlflow/logged-models/{self.owner}/artifacts/files"
        return self.server.fetch(where, {"artifact_file_path": path}, file)


class Proxied(Folder):
    """Files behind the server's artifact proxy: the only ones that can be written, too."""

    def _path(self, path: str) -> str:
        return f"{unquote(urlsplit(self.uri).path).strip('/')}/{path}".rstrip("/")

    def _listed(self, below: str) -> Iterator[Json]:
        answer = self.server.get(f"{_PROXY}/artifacts", path=self._path(below))
        prefix = f"{below}/" if below else ""
        return ({**entry, "path": prefix + entry["path"]} for entry in answer.get("files", ()))

    def fetch(self, path: str, file: BinaryIO) -> str:
        return self.server.fetch(f"{_PROXY}/artifacts/{quote(self._path(path))}", {}, file)

    def put(self, path: str, file: BinaryIO, size: int) -> None:
        full = self._path(path)
        if size <= _IN_ONE or not self._put_in_parts(full, file, size):
            self.server.send(f"{_PROXY}/artifacts/{quote(full)}", file, size)

    def _put_in_parts(self, full: str, file: BinaryIO, size: int) -> bool:
        """False where the server's storage takes no parts."""
        folder, _, name = full.rpartition("/")
        most = max(_PART, -(-size // 9_000))
        where = f"{_PROXY}/mpu/{{}}/{quote(folder)}"
        begun: dict[str, Any] = {"path": name, "num_parts": -(-size // most)}
        try:
            made = self.server.post(where.format("create"), begun)
        except Refused as refused:
            if is_missing(refused):
                return False
            raise
        tags = []
        for one in made["credentials"]:
            begin = (one["part_number"] - 1) * most
            etag = self.server.send_part(
                one["url"], one.get("headers") or {}, file, begin, min(most, size - begin)
            )
            tags.append({"part_number": one["part_number"], "etag": etag})
        self.server.post(
            where.format("complete"), {"path": name, "upload_id": made["upload_id"], "parts": tags}
        )
        return True


class Databricks(Folder):
    """Files in a workspace's own storage: it signs a link for each."""

    def fetch(self, path: str, file: BinaryIO) -> str:
        if self.kind == "run":
            body: dict[str, Any] = {"run_id": self.owner, "path": [path]}
            signed = self.server.tell("artifacts/credentials-for-read", body)["credential_infos"][0]
        else:
            where = f"logged-models/{self.owner}/artifacts/credentials-for-download"
            signed = self.server.tell(where, {"paths": [path]})["credentials"][0]["credential_info"]
        headers = {one["name"]: one["value"] for one in signed.get("headers") or ()}
        return self.server.fetch_link(signed["signed_uri"], headers, file)


class AzureML(Folder):
    """Files of a workspace's run: a service beside MLflow's lists them, without sizes, and signs links."""

    @property
    def _history(self) -> MlflowServer:
        owner = re.search(r"/experiments/[^/]+/runs/[^/]+", self.uri)
        base = re.sub(r"/mlflow/v[0-9.]+/", "/history/v1.0/", self.server.url)
        return self.server.at(f"{base}{owner[0] if owner else ''}/artifacts")

    def files(self) -> Iterator[tuple[str, int | None]]:
        asked: dict[str, str] = {}
        while True:
            page = self._history.get("", **asked)
            yield from ((one["path"], None) for one in page["value"])
            # Of the link to the next page only the question is taken: the token stays with this host.
            asked = dict(parse_qsl(urlsplit(page.get("nextLink") or "").query))
            if not asked:
                return

    def fetch(self, path: str, file: BinaryIO) -> str:
        return self.server.fetch_link(self._history.get("/contentinfo", path=path)["contentUri"], {}, file)


_WAYS: dict[str, type[Folder]] = {"mlflow-artifacts": Proxied, "dbfs": Databricks, "azureml": AzureML}


def folder_of(server: MlflowServer, uri: str, kind: str, owner: str) -> Folder:
    """`kind` is `run` or `model`."""
    return _WAYS.get(urlsplit(uri).scheme, Folder)(server, uri, kind, owner)
