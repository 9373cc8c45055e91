"""DynamoDB's JSON protocol over one kept connection: what the stores call, at a fifth of botocore's price.

Same names, arguments and errors (`ClientError`) as botocore's client, of the operations that `Items` uses.
Bytes come back as base64 text, which `attributes.decode` reads. Why it is so: docs/adr/0014.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

_LONGEST_PAUSE = 2.0
_AGAIN = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
        "InternalServerError",
        "ServiceUnavailable",
    }
)
_JSON = "application/x-amz-json-1.0"

Answer = dict[str, Any]


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str


@dataclass
class LightDynamoDB:
    """`credentials` is asked before each call, so that new ones are used as soon as they are there."""

    endpoint: str
    region: str
    credentials: Callable[[], Credentials]
    connect_seconds: float = 2.0
    read_seconds: float = 20.0
    attempts: int = 4
    pause: Callable[[float], None] = time.sleep
    _idle: list[HTTPConnection] = field(default_factory=list)
    _signing_keys: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def get_item(self, **arguments: Any) -> Answer:
        return self._call("GetItem", arguments)

    def put_item(self, **arguments: Any) -> Answer:
        return self._call("PutItem", arguments)

    def update_item(self, **arguments: Any) -> Answer:
        return self._call("UpdateItem", arguments)

    def delete_item(self, **arguments: Any) -> Answer:
        return self._call("DeleteItem", arguments)

    def query(self, **arguments: Any) -> Answer:
        return self._call("Query", arguments)

    def batch_get_item(self, **arguments: Any) -> Answer:
        return self._call("BatchGetItem", arguments)

    def batch_write_item(self, **arguments: Any) -> Answer:
        return self._call("BatchWriteItem", arguments)

    def transact_write_items(self, **arguments: Any) -> Answer:
        return self._call("TransactWriteItems", arguments)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Repeated with growing, random pauses while the service is throttled, broken or out of reach."""
        body = json.dumps(arguments, default=_bytes, separators=(",", ":")).encode()
        for attempt in range(1, self.attempts + 1):
            try:
                return self._once(operation, body)
            except (OSError, HTTPException) as error:
                if attempt == self.attempts:
                    raise EndpointConnectionError(endpoint_url=self.endpoint, error=error) from error
            except ClientError as error:
                if attempt == self.attempts or not _is_passing(error):
                    raise
            self.pause(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _once(self, operation: str, body: bytes) -> Answer:
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            connection.request("POST", "/", body, self._headers(operation, body))
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        told = answer.headers.get("x-amz-crc32")
        if told and int(told) != zlib.crc32(content):
            raise HTTPException("the answer was damaged on its way")
        if answer.status == 200:  # noqa: PLR2004 - HTTP
            found: Answer = json.loads(content)
            return found
        raise _refusal(operation, answer, content)

    @cached_property
    def _host(self) -> str:
        return urlsplit(self.endpoint).netloc

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self.endpoint)
        host = parts.hostname or ""
        connection = (
            HTTPSConnection(host, parts.port, timeout=self.connect_seconds, context=self._trust)
            if parts.scheme == "https"
            else HTTPConnection(host, parts.port, timeout=self.connect_seconds)
        )
        connection.connect()
        connection.sock.settimeout(self.read_seconds)
        return connection

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        """Signed by AWS's Signature Version 4."""
        key = self.credentials()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers = {"content-type": _JSON, "host": self._host, "x-amz-date": moment}
        if key.session_token:
            headers["x-amz-security-token"] = key.session_token
        headers["x-amz-target"] = f"DynamoDB_20120810.{operation}"
        signed = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = f"POST\n/\n\n{lines}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{moment[:8]}/{self.region}/dynamodb/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
        signature = _sealed(self._signing_key(key.secret_access_key, scope), text).hex()
        named = f"Credential={key.access_key_id}/{scope}"
        headers["authorization"] = f"AWS4-HMAC-SHA256 {named}, SignedHeaders={signed}, Signature={signature}"
        return headers

    def _signing_key(self, secret: str, scope: str) -> bytes:
        """Good for a day."""
        if (secret, scope) not in self._signing_keys:
            made = f"AWS4{secret}".encode()
            for part in scope.split("/"):
                made = _sealed(made, part)
            self._signing_keys.clear()
            self._signing_keys[secret, scope] = made
        return self._signing_keys[secret, scope]


def open_dynamodb(**patience: Any) -> LightDynamoDB:
    """By the environment's settings, as botocore reads them: region, endpoint and credentials."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    endpoint = (
        os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")
        or os.environ.get("AWS_ENDPOINT_URL")
        or f"https://dynamodb.{region}.{suffix}"
    )
    return LightDynamoDB(endpoint, region, find_credentials, **patience)


def find_credentials() -> Credentials:
    """Those of the environment, which a function has; else what botocore finds, renewed when they expire."""
    found = os.environ
    if "AWS_ACCESS_KEY_ID" in found and "AWS_SECRET_ACCESS_KEY" in found:
        return Credentials(
            found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found.get("AWS_SESSION_TOKEN", "")
        )
    frozen = _provided().get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")


@cache
def _provided() -> Any:  # noqa: ANN401 - botocore's credentials
    from botocore.session import get_session  # noqa: PLC0415 - half of a cold start, not needed in a function

    found = get_session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def _sealed(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _bytes(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"cannot send {type(value).__name__} to DynamoDB")


def _is_passing(error: ClientError) -> bool:
    told = error.response
    return told["ResponseMetadata"]["HTTPStatusCode"] >= 500 or told["Error"]["Code"] in _AGAIN  # noqa: PLR2004


def _refusal(operation: str, answer: HTTPResponse, content: bytes) -> ClientError:
    try:
        told: Answer = json.loads(content)
    except ValueError:
        told = {"__type": str(answer.status), "message": content[:200].decode(errors="replace")}
    code = str(told.pop("__type", answer.status)).rpartition("#")[2]
    message = told.pop("message", None) or told.pop("Message", "")
    response: Any = {
        **told,
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": answer.status},
    }
    return ClientError(response, operation)
