"""An MLflow server, whosever it is: MLflow's own, this platform, Azure Machine Learning, Databricks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, TypeVar

import httpx

from sluice.client.connection import Connection
from sluice.client.errors import NotReachable, NotThere, Refused
from sluice.client.transport import Json, Transport, accepted

API = "/api/2.0/mlflow/"
_AGAIN = {"idempotency-key": "transfer"}
"""Makes the transport repeat a POST after a lost answer: for those that do nothing a second time."""
_CHUNK = 1 << 20
_ATTEMPTS = 3
Done = TypeVar("Done")


def bearer(token: str) -> str:
    return f"Bearer {token}"


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class MlflowServer(Transport):
    """`authorization` is the header's whole value; empty where the server asks for none."""

    def __init__(self, url: str, authorization: str = "", *, http: httpx.Client | None = None) -> None:
        connection = Connection(url.rstrip("/"), {})
        super().__init__(connection, "", http=http, authorization=authorization)
        self.url, self.authorization = connection.api_url, authorization

    def ask(self, path: str, /, **query: Any) -> Json:
        return self._json(self.request("GET", API + path, params=query))

    def tell(self, path: str, body: Mapping[str, Any], method: str = "POST") -> Json:
        """A write that may be repeated."""
        return self._json(self.request(method, API + path, json=body, headers=_AGAIN))

    def make(self, path: str, body: Mapping[str, Any], find: Callable[[], Json | None]) -> Json:
        """A write that makes something new each time: after a lost answer, what `find` finds."""
        try:
            return self._json(self.request("POST", API + path, json=body))
        except NotReachable:
            found = find()
            if found is None:
                raise
            return found

    def pages(self, path: str, key: str, query: Mapping[str, Any], method: str = "POST") -> Iterator[Json]:
        """Every entry of a search, page by page."""
        token = ""
        while True:
            asked = {**query, "page_token": token} if token else query
            options = {"json": asked, "headers": _AGAIN} if method == "POST" else {"params": asked}
            page = self._json(self.request(method, API + path, **options))
            yield from page.get(key, ())
            token = page.get("next_page_token", "")
            if not token:
                return

    def at(self, url: str) -> MlflowServer:
        """A service of the same host that takes the same credentials; it lives as long as this one."""
        return MlflowServer(url, self.authorization, http=self._http)

    def fetch(self, path: str, query: Mapping[str, str], file: BinaryIO) -> str:
        """Stream a file to disk, through redirects to a storage; gives its sha256."""
        return _tried(self.url, lambda: self._fetch(self.url + path, query, self._headers, file))

    def fetch_link(self, link: str, headers: Mapping[str, str], file: BinaryIO) -> str:
        """The same from a storage, which is told nothing but the link and its headers."""
        return _tried("the storage", lambda: self._fetch(link, None, headers, file))

    def _fetch(
        self, url: str, query: Mapping[str, str] | None, headers: Mapping[str, str], file: BinaryIO
    ) -> str:
        file.seek(0)
        file.truncate()
        digest = hashlib.sha256()
        with self._http.stream("GET", url, params=query, headers=headers, follow_redirects=True) as response:
            if not response.is_success:
                response.read()
            accepted(response)
            for chunk in response.iter_bytes(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        file.flush()
        return digest.hexdigest()

    def send(self, path: str, file: BinaryIO, size: int) -> None:
        """PUT a file through the server."""
        headers = {**self._headers, "content-length": str(size)}
        _tried(self.url, lambda: self._put(self.url + path, headers, file, 0, size))

    def send_part(self, link: str, headers: Mapping[str, str], file: BinaryIO, begin: int, size: int) -> str:
        """PUT a part of a file to a storage, which checks it by its digest; gives the part's tag."""
        digest = hashlib.md5(usedforsecurity=False)
        file.seek(begin)
        for chunk in _chunks(file, size):
            digest.update(chunk)
        checked = {**headers, "content-length": str(size)}
        checked["content-md5"] = base64.b64encode(digest.digest()).decode()
        answer = _tried("the storage", lambda: self._put(link, checked, file, begin, size))
        return answer.headers["etag"]

    def _put(
        self, url: str, headers: Mapping[str, str], file: BinaryIO, begin: int, size: int
    ) -> httpx.Response:
        file.seek(begin)
        return accepted(self._http.put(url, content=_chunks(file, size), headers=headers))


def _tried(whom: str, work: Callable[[], Done]) -> Done:
    """What it gives; again where the connection breaks, and NotReachable in the end."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            return work()
        except httpx.TransportError as error:
            if not left:
                raise NotReachable(f"{whom} broke off: {error}") from error
    raise AssertionError("the last attempt answers or raises")


def is_missing(error: Refused) -> bool:
    """Whether the server does not have this part of the protocol at all, or has it switched off."""
    problem = error.problem
    absent = problem.status in {404, 405, 501} and problem.code != "RESOURCE_DOES_NOT_EXIST"
    return absent or problem.code == "FEATURE_DISABLED"


def batches(things: Sequence[Json], most: int, size: int = 500_000) -> Iterator[list[Json]]:
    """So many at once, and no more than `size` bytes of JSON, roughly."""
    batch: list[Json] = []
    bytes_held = 0
    for one in things:
        length = sum(6 * len(str(value)) + len(name) for name, value in one.items())
        if batch and (len(batch) == most or bytes_held + length > size):
            yield batch
            batch, bytes_held = [], 0
        batch.append(one)
        bytes_held += length
    if batch:
        yield batch


def there(ask: Callable[[], Json]) -> Json | None:
    """What is asked for, or None where it does not exist."""
    try:
        return ask()
    except NotThere:
        return None


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk
