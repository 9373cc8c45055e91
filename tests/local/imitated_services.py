"""MLflow's own server behind what Azure Machine Learning and Databricks put before it.

Known of them, from their documentation and their plugins of MLflow's client: where the protocol begins, that
every request brings a bearer token, what files are called, how they are listed and signed, and which parts of
the protocol are not there. The storage takes links without a token, as theirs do, and refuses one with it.
"""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import httpx

TOKEN = "their-token"
WORKSPACE = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w"
_API = "/api/2.0/mlflow/"
_OWNER = re.compile(r"mlflow-artifacts:/(\d+)/((?:models/)?)([\w-]+)/artifacts")
_PAGE = 2


class _Service(BaseHTTPRequestHandler, ABC):
    """What both have in common: tokens, parts that are missing, and a storage behind signed links."""

    server_version = "imitation"
    server: _Server
    prefix: ClassVar[str] = ""
    missing: ClassVar[tuple[str, ...]] = ()
    refusal: ClassVar[Any] = None

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self._answer(*self._found(self.rfile.read(length)))

    do_POST = do_GET  # noqa: N815 - http.server's word

    def _found(self, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.startswith("/storage/"):
            return self._stored(parts.path.removeprefix("/storage"), query)
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, json.dumps({"error_code": 401, "message": "no token"}).encode()
        own = self.own(parts.path, query, json.loads(body or b"{}"))
        if own is not None:
            return 200, json.dumps(own).encode()
        path = parts.path.removeprefix(self.prefix)
        if not path.startswith(_API) or path.startswith(tuple(_API + part for part in self.missing)):
            return 404, json.dumps(self.refusal).encode()
        answer = self.server.behind.request(
            self.command, f"{path}?{parts.query}", content=body, headers={"content-type": "application/json"}
        )
        text = _OWNER.sub(lambda found: self.called(*found.groups()), answer.text)
        return answer.status_code, re.sub(r'"aliases": \[[^]]*\]', '"aliases": []', text).encode()

    @abstractmethod
    def own(self, path: str, query: dict[str, str], body: Any) -> Any:
        """The answer of a call that only this service has; None: it is MLflow's."""

    @abstractmethod
    def called(self, experiment: str, models: str, owner: str) -> str:
        """What this service calls a folder of files."""

    def link(self, path: str) -> str:
        return f"http://{self.headers['host']}/storage{quote(path)}?sig=good"

    def _stored(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if query.get("sig") != "good" or self.headers.get("authorization"):
            return 403, b"<Error>AuthenticationFailed</Error>"
        answer = self.server.behind.get(f"/api/2.0/mlflow-artifacts/artifacts{path}")
        return answer.status_code, answer.content

    def _answer(self, status: int, body: bytes) -> None:
        self.server.asked.append(f"{self.command} {self.path.split('?')[0]}")
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's word
        """Nothing on the screen."""


class Azure(_Service):
    prefix = f"/mlflow/v2.0{WORKSPACE}"
    missing = ("logged-models", "registered-models/alias", "runs/outputs", "artifacts/")
    refusal: ClassVar[Any] = {"error": {"code": "UserError", "message": "The requested route is unknown"}}

    def called(self, experiment: str, models: str, owner: str) -> str:
        host = self.headers["host"]
        return f"azureml://{host}{self.prefix}/experiments/{experiment}/runs/{owner}/artifacts"

    def own(self, path: str, query: dict[str, str], body: Any) -> Any:
        found = re.fullmatch(
            rf"/history/v1\.0{WORKSPACE}/experiments/(\w+)/runs/(\w+)/artifacts(/contentinfo)?", path
        )
        if not found:
            return None
        experiment, run, one = found.groups()
        if one:
            return {"contentUri": self.link(f"/{experiment}/{run}/artifacts/{query['path']}")}
        begin = int(query.get("continuationToken", 0))
        every = sorted(self._files(run, ""))
        link = f"http://{self.headers['host']}{path}?continuationToken={begin + _PAGE}"
        page = [{"path": name} for name in every[begin : begin + _PAGE]]
        return {"value": page, "nextLink": link if begin + _PAGE < len(every) else None}

    def _files(self, run: str, below: str) -> Iterator[str]:
        asked = {"run_id": run, "path": below}
        for one in self.server.behind.get(f"{_API}artifacts/list", params=asked).json().get("files", ()):
            if one["is_dir"]:
                yield from self._files(run, one["path"])
            else:
                yield one["path"]


class Databricks(_Service):
    missing = ("registered-models/alias",)
    refusal: ClassVar[Any] = {"error_code": "ENDPOINT_NOT_FOUND", "message": "No API found"}

    def called(self, experiment: str, models: str, owner: str) -> str:
        kind = "logged_models/" if models else ""
        return f"dbfs:/databricks/mlflow-tracking/{experiment}/{kind}{owner}/artifacts"

    def own(self, path: str, query: dict[str, str], body: Any) -> Any:
        if path == f"{_API}artifacts/credentials-for-read":
            signed = [self._signed(f"runs/get?run_id={body['run_id']}", "run", one) for one in body["path"]]
            return {"credential_infos": signed}
        found = re.fullmatch(rf"{_API}(logged-models/[\w-]+)/artifacts/credentials-for-download", path)
        if not found:
            return None
        signed = [{"credential_info": self._signed(found[1], "model", one)} for one in body["paths"]]
        return {"credentials": signed}

    def _signed(self, where: str, kind: str, path: str) -> Any:
        owner = self.server.behind.get(_API + where).json()[kind]["info"]
        folder = urlsplit(owner["artifact_uri"]).path
        return {"signed_uri": self.link(f"{folder}/{path}"), "headers": [], "type": "AZURE_SAS_URI"}


class _Server(ThreadingHTTPServer):
    behind: httpx.Client
    asked: list[str]


@contextmanager
def imitated(service: type[_Service], behind: str) -> Iterator[tuple[str, list[str]]]:
    """(the address of the host, what it was asked for) of the service before the server at `behind`."""
    server = _Server(("127.0.0.1", 0), service)
    server.asked = []
    with httpx.Client(base_url=behind, timeout=60) as server.behind:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.asked
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
