"""The light client signs as botocore does, tries again what passes, and reports errors as botocore does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import ClientError, EndpointConnectionError

from sluice.stores.items import ConditionFailed, Items, TransactionRefused
from sluice.stores.light_dynamodb import LightDynamoDB
from sluice.stores.signed_http import Credentials, SignedHTTP

IDLE_SECONDS = 0.3
Reply = tuple[int, dict[str, Any] | bytes]
KEY = Credentials("AKID", "secret", "token")
THROTTLED: Reply = (400, {"__type": "x#ThrottlingException", "message": "slow down"})


class Service:
    """Answers the replies in turn, the last one for ever; remembers what it was asked."""

    def __init__(self, replies: list[Reply]) -> None:
        self.replies = replies
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.connections = 0
        self.before: Callable[[], object] = lambda: None


@contextmanager
def serving(
    *replies: Reply, key: Callable[[], Credentials] = lambda: KEY
) -> Iterator[tuple[Service, LightDynamoDB]]:
    service = Service(list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_SECONDS

        def setup(self) -> None:
            service.connections += 1
            super().setup()

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.asked.append((headers, json.loads(content)))
            service.before()
            status, told = service.replies.pop(0) if len(service.replies) > 1 else service.replies[0]
            if status == 0:  # hang up
                self.close_connection = True
                return
            raw = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    client = LightDynamoDB(SignedHTTP("dynamodb", address, "eu-central-1", key, pause=lambda _: None))
    try:
        yield service, client
    finally:
        client.close()
        server.shutdown()
        server.server_close()


def test_signs_as_botocore_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving((200, {})) as (service, client):
        client.get_item(TableName="t", Key={"pk": {"S": "ü"}})
        sent, body = service.asked[0]
    moment = time.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ")
    headers = {name: sent[name] for name in ("content-type", "host", "x-amz-target")}
    raw = json.dumps(body, separators=(",", ":")).encode()
    request = AWSRequest("POST", client.http.endpoint + "/", headers=headers, data=raw)
    signer = SigV4Auth(BotocoreCredentials(*KEY), "dynamodb", "eu-central-1")

    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: _datetime(moment))
    signer.add_auth(request)

    assert request.headers["authorization"] == sent["authorization"]
    assert sent["x-amz-security-token"] == "token"


def _datetime(moment: time.struct_time) -> Any:
    return datetime(*moment[:6], tzinfo=UTC)


@pytest.mark.parametrize(
    "passing", [THROTTLED, (500, b"<html>"), (503, {}), (0, {})], ids=["throttled", "500", "503", "hung up"]
)
def test_tries_again_what_passes(passing: Reply) -> None:
    with serving(passing, passing, (200, {"Item": {"n": {"N": "1"}, "b": {"B": "YWJj"}}})) as (
        service,
        client,
    ):
        found = Items(client, "t").get(("a", "b"))  # type: ignore[arg-type]

    assert found == {"n": 1, "b": b"abc"}
    assert len(service.asked) == 3


def test_gives_up_with_botocores_errors() -> None:
    with serving(THROTTLED) as (service, client), pytest.raises(ClientError, match="slow down"):
        client.get_item(TableName="t")
    assert len(service.asked) == 4
    with serving((0, {})) as (_, client), pytest.raises(EndpointConnectionError):
        client.get_item(TableName="t")
    with serving((400, {"__type": "x#ValidationException"})) as (service, client), pytest.raises(ClientError):
        client.get_item(TableName="t")
    assert len(service.asked) == 1


def test_refused_conditions_are_those_of_the_stores() -> None:
    refused = {"__type": "x#ConditionalCheckFailedException", "Item": {"n": {"N": "7"}}}
    with serving((400, refused)) as (_, client), pytest.raises(ConditionFailed) as failed:
        Items(client, "t").update(("a", "b"), {"n": 1}, expected={"n": 2})  # type: ignore[arg-type]
    assert failed.value.found == {"n": 7}
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    cancelled = {"__type": "x#TransactionCanceledException", "CancellationReasons": reasons}
    with serving((400, cancelled)) as (_, client), pytest.raises(TransactionRefused) as undone:
        Items(client, "t").transact([], token="x")  # type: ignore[arg-type]
    assert undone.value.positions == (1,)


def test_keeps_its_connection_and_takes_new_credentials() -> None:
    keys = iter([KEY, Credentials("NEXT", "secret", "")])
    with serving((200, {}), key=lambda: next(keys)) as (service, client):
        client.query(TableName="t")
        client.query(TableName="t")

    assert service.connections == 1
    assert "Credential=NEXT/" in service.asked[1][0]["authorization"]
    assert "x-amz-security-token" not in service.asked[1][0]


def test_connections_that_died_while_it_slept_cost_one_attempt() -> None:
    """More of them than attempts: a function that read in threads keeps one for each."""
    together = threading.Barrier(6)
    with serving((200, {})) as (service, client):
        service.before = lambda: together.wait(10)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: client.get_item(TableName="t"), range(6)))
        assert service.connections == 6
        service.before = lambda: None
        time.sleep(3 * IDLE_SECONDS)  # the service closes what is idle

        assert client.get_item(TableName="t") == {}
        assert service.connections == 7
