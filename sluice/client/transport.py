"""HTTP to a deployment: one keep-alive connection, retries that cannot do a thing twice, errors as ours."""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from sluice.client.connection import Connection
from sluice.client.errors import NotReachable, NotThere, Problem, Refused, Unauthorized

Json = dict[str, Any]

_KEY = "idempotency-key"
_TRIES = 5
_FIRST_PAUSE = 0.2
_AGAIN = frozenset({429, 502, 503, 504})
_GATEWAY_FAILS = 500
_TIMEOUT = httpx.Timeout(35.0, connect=5.0)


class Transport:
    """Speaks to one deployment with one role's token; use it as a context manager."""

    def __init__(
        self,
        connection: Connection,
        role: str,
        *,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        authorization: str | None = None,
    ) -> None:
        """`authorization` takes the place of the role's token; empty: none is sent."""
        given = f"Bearer {connection.token(role)}" if authorization is None else authorization
        self._url = connection.api_url
        self._headers = {"authorization": given} if given else {}
        self._http = http or httpx.Client(timeout=_TIMEOUT)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, /, **query: str | int | None) -> Json:
        given = {name: str(value) for name, value in query.items() if value is not None}
        return self._json(self.request("GET", path, params=given))

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """POST with a key, so that a repetition after a lost answer is the same request."""
        return self._json(self.request("POST", path, json=body, headers={_KEY: str(uuid.uuid4())}))

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, if it is a good one; repeated where the deployment says "not now".

        Raises NotReachable, Unauthorized, NotThere, or Refused.
        """
        headers = self._headers | options.pop("headers", {})
        for attempt in range(1, _TRIES + 1):
            response = self._once(method, path, headers, options, last=attempt == _TRIES)
            if response is not None:
                return accepted(response)
            self._sleep(_FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        raise AssertionError("the last attempt answers or raises")

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], options: Mapping[str, Any], *, last: bool
    ) -> httpx.Response | None:
        repeatable = method != "POST" or _KEY in headers
        try:
            response = self._http.request(method, f"{self._url}{path}", headers=headers, **options)
        except httpx.TransportError as error:
            if last or not repeatable or isinstance(error, httpx.ConnectError):
                raise NotReachable(f"nothing answers at {self._url} ({error})") from error
            return None
        again = response.status_code in _AGAIN or (method == "GET" and _cut_short(response))
        return None if again and not last else response

    @staticmethod
    def _json(response: httpx.Response) -> Json:
        document: Json = response.json()
        return document


def accepted(response: httpx.Response) -> httpx.Response:
    """The answer, if it is a good one; else Unauthorized, NotThere or Refused."""
    if response.is_success:
        return response
    problem = _problem(response)
    refused = {401: Unauthorized, 403: Unauthorized, 404: NotThere}.get(response.status_code, Refused)
    raise refused(problem)


def _cut_short(response: httpx.Response) -> bool:
    """A 500 in the gateway's own words: the function did not come to its answer in time, or at all."""
    return response.status_code == _GATEWAY_FAILS and b"Internal Server Error" in response.content


def _problem(response: httpx.Response) -> Problem:
    """Of our API; or `error` (OIP: its text, Azure: all of it), `error_code` and `message` (MLflow)."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or body.get("error") or body.get("message") or response.text[:300]
    return Problem(
        status=response.status_code,
        title=str(body.get("title", f"HTTP {response.status_code}")),
        detail=str(detail),
        code=str(body.get("code") or body.get("error_code") or ""),
        correlation_id=str(body.get("correlation_id", "")),
        errors=tuple(body.get("errors", ())),
    )
