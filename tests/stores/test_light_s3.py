"""The light client of S3: signed as botocore does, and what S3 refuses, delays or cuts short."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import ClientError, EndpointConnectionError

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import IntegrityError, NotFound
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.light_s3 import LightS3
from sluice.stores.signed_http import Credentials, SignedHTTP

KEY = Credentials("AKID", "secret", "token")
Reply = tuple[int, dict[str, str], bytes]
SLOW: Reply = (503, {}, b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>wait</Message></Error>")
GONE: Reply = (404, {}, b"<Error><Code>NoSuchVersion</Code><Message>not there</Message></Error>")


@contextmanager
def serving(*replies: Reply) -> Iterator[tuple[list[tuple[str, str, dict[str, str], bytes]], LightS3]]:
    """Answers the replies in turn, the last one for ever; gives what was asked, and the client."""
    asked: list[tuple[str, str, dict[str, str], bytes]] = []
    waiting = list(replies)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append((self.command, self.path, headers, content))
            status, told, content = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **told}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    client = LightS3(SignedHTTP("s3", address, "eu-central-1", lambda: KEY, pause=lambda _: None))
    try:
        yield asked, client
    finally:
        client.close()
        server.shutdown()
        server.server_close()


def store(client: LightS3) -> ArtefactStore:
    return ArtefactStore(client, {"artifacts": "bucket"})  # type: ignore[arg-type] # two of its operations


@pytest.mark.parametrize("key", ["models/a b/ü+(1)~x.onnx", "plain"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_signs_as_botocore_does(monkeypatch: pytest.MonkeyPatch, key: str, method: str) -> None:
    with serving((200, {}, b"")) as (asked, client):
        if method == "GET":
            client.get_object(Bucket="bucket", Key=key, VersionId="a/b=", Range="bytes=1-2")
        else:
            client.put_object(Bucket="bucket", Key=key, Body=b"content")
        _, path, sent, body = asked[0]
    moment = time.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ")
    signed = sent["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name: sent[name] for name in signed if not name.startswith("x-amz-")}
    # 127.0.0.1 is no TLS: botocore signs the body's digest as we do
    request = AWSRequest(method, client.http.endpoint + path, headers=headers, data=body)
    request.headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()

    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime(*moment[:6], tzinfo=UTC))
    S3SigV4Auth(BotocoreCredentials(*KEY), "s3", "eu-central-1").add_auth(request)

    assert request.headers["authorization"] == sent["authorization"]


def test_what_is_written_is_read_under_its_version() -> None:
    content = b"model" * 1000
    with serving((200, {"x-amz-version-id": "v7"}, b""), (200, {}, content)) as (asked, client):
        ref = store(client).write("artifacts", "m/1.onnx", content)
        read = store(client).read(ref)

    assert (ref.version_id, read) == ("v7", content)
    assert [(method, path) for method, path, *_ in asked] == [
        ("PUT", "/bucket/m/1.onnx"),
        ("GET", "/bucket/m/1.onnx?versionId=v7"),
    ]
    assert asked[0][3] == content


def test_passing_trouble_is_tried_again_and_lasting_trouble_told() -> None:
    ref = ArtefactRef("artifacts", "k", "v", hashlib.sha256(b"x").hexdigest(), 1)
    with serving(SLOW, SLOW, (200, {}, b"x")) as (asked, client):
        assert store(client).read(ref) == b"x"
        assert len(asked) == 3
    with serving(GONE) as (asked, client), pytest.raises(NotFound):
        store(client).read(ref)
    assert len(asked) == 1
    with serving((200, {}, b"other")) as (_, client), pytest.raises(IntegrityError):
        store(client).read(ref)
    with serving(SLOW) as (asked, client), pytest.raises(ClientError, match="SlowDown"):
        store(client).read(ref)
    assert len(asked) == 4
    with serving((200, {"content-length": "9"}, b"cut")) as (_, client):
        client.http.read_seconds = 0.2
        with pytest.raises(EndpointConnectionError):
            store(client).read(ref)
