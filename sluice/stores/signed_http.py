"""Signed HTTP to an AWS service over kept connections, at a fifth of botocore's price: what the light clients
of DynamoDB and S3 share. Errors are botocore's (`ClientError`). Why it is so: docs/adr/0014.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

if TYPE_CHECKING:
    from email.message import Message

_LONGEST_PAUSE = 2.0
_AGAIN = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
        "InternalServerError",
        "ServiceUnavailable",
        "SlowDown",
        "RequestTimeout",
    }
)


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str


class Request(NamedTuple):
    """`path` and `query` as they are signed and sent: encoded, the query's names in order."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: str = ""


class Answer(NamedTuple):
    status: int
    headers: Message
    content: bytes


@dataclass
class SignedHTTP:
    """`credentials` is asked before each call, so that new ones are used as soon as they are there."""

    service: str
    endpoint: str
    region: str
    credentials: Callable[[], Credentials]
    connect_seconds: float = 2.0
    read_seconds: float = 20.0
    attempts: int = 4
    pause: Callable[[float], None] = time.sleep
    _idle: list[HTTPConnection] = field(default_factory=list)
    _signing_keys: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def send(self, request: Request, understood: Callable[[Answer], Any]) -> Any:  # noqa: ANN401 - theirs
        """What `understood` makes of the answer: it raises ClientError if refused, HTTPException if damaged.

        Repeated with growing, random pauses while the service is throttled, broken or out of reach.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return understood(self._once(request))
            except (OSError, HTTPException) as error:
                self.close()  # after a function's long sleep all that were kept are dead, not this one alone
                if attempt == self.attempts:
                    raise EndpointConnectionError(endpoint_url=self.endpoint, error=error) from error
            except ClientError as error:
                if attempt == self.attempts or not _is_passing(error):
                    raise
            self.pause(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Drop the connections that are kept; calls under way keep theirs."""
        kept, self._idle = self._idle, []
        for connection in kept:
            connection.close()

    def _once(self, request: Request) -> Answer:
        connection = self._kept() or self._connect()
        target = f"{request.path}?{request.query}" if request.query else request.path
        try:
            connection.request(request.method, target, request.body or None, self._headers(request))
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return Answer(answer.status, answer.headers, content)

    def _kept(self) -> HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:  # asked for, not looked up: another thread may take the last one
            return None

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

    def _headers(self, request: Request) -> dict[str, str]:
        """The request's own, signed by AWS's Signature Version 4."""
        key = self.credentials()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        hashed = hashlib.sha256(request.body).hexdigest()
        headers = {**request.headers, "host": self._host, "x-amz-date": moment}
        if self.service == "s3":
            headers["x-amz-content-sha256"] = hashed
        if key.session_token:
            headers["x-amz-security-token"] = key.session_token
        headers = dict(sorted(headers.items()))
        signed = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        text = f"{request.method}\n{request.path}\n{request.query}\n{lines}\n{signed}\n{hashed}"
        scope = f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(text.encode()).hexdigest()
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


def open_signed(service: str, **patience: Any) -> SignedHTTP:
    """By the environment's settings, as botocore reads them: region, endpoint and credentials."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    endpoint = (
        os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        or os.environ.get("AWS_ENDPOINT_URL")
        or f"https://{service}.{region}.{suffix}"
    )
    return SignedHTTP(service, endpoint, region, find_credentials, **patience)


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


def _is_passing(error: ClientError) -> bool:
    told = error.response
    return told["ResponseMetadata"]["HTTPStatusCode"] >= 500 or told["Error"]["Code"] in _AGAIN  # noqa: PLR2004


def refusal(operation: str, status: int, code: str, message: str, **more: Any) -> ClientError:
    """An error of botocore's, with what else the service told."""
    response: Any = {
        **more,
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)
