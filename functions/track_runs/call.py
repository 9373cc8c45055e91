"""One request as the functions behind the routes see it: who calls, and the stores."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from functions.track_runs.histories import Histories
from sluice.domain.errors import TooLarge
from sluice.stores.secrets import PAGE_TOKENS, SecretStore
from sluice.stores.tracking import Tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.web import pages
from sluice.web.caller import Caller
from sluice.web.limits import MAX_BINARY_BYTES, MAX_TEXT_BYTES

if TYPE_CHECKING:
    from sluice.stores.deployment import Deployment

_PAGE_BYTES = 5_000_000
_COMPRESS_FROM = 100_000
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class Things(Protocol[_T_co]):
    """What pages are taken from: a list, or what gives parts of itself as one does."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Sequence[_T_co]: ...


@dataclass(frozen=True)
class Call:
    """`files` and `platform` are called when they are needed, so that nothing is built before. Without a
    platform this is a tracking server and nothing else.
    """

    caller: Caller
    route: str
    tracking: Tracking
    files: Callable[[], ArtifactFiles]
    body: bytes = b""
    page_keys: dict[str, bytes] = field(default_factory=dict)
    platform: Callable[[], Deployment] | None = None
    histories: Histories = field(default_factory=Histories)

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    def page(
        self, query: object, token: str, things: Things[_T], most: int
    ) -> tuple[Sequence[_T], Callable[[int], str | None]]:
        """The things of a page, and the token of the page after so many of them.

        A token is good for this tenant, route and query only.
        """
        text = json.dumps([self.tenant, self.route, query], sort_keys=True)
        begin = 0
        if token:
            begin = int((pages.unseal(self._page_key(), text, token) or {}).get("offset", "0"))

        def following(taken: int) -> str | None:
            if begin + taken >= len(things):
                return None
            return pages.seal(self._page_key(), text, {"offset": str(begin + taken)})

        return things[begin : begin + most], following

    def _page_key(self) -> bytes:
        if self.tenant not in self.page_keys:
            self.page_keys[self.tenant] = SecretStore(self.tracking.table).key(self.tenant, PAGE_TOKENS)
        return self.page_keys[self.tenant]


def fitting(
    name: str, told: Iterable[Mapping[str, Any] | str], following: Callable[[int], str | None]
) -> str:
    """The body of a list answer: as many of the shapes (or their texts) as fit, and the token of the rest."""
    texts: list[str] = []
    size = 0
    for shape in told:
        text = shape if isinstance(shape, str) else json.dumps(shape, separators=(",", ":"))
        size += len(text) + 1
        if size > _PAGE_BYTES and texts:
            break
        texts.append(text)
    token = following(len(texts))
    rest = f',"next_page_token":{json.dumps(token)}' if token else ""
    return f'{{"{name}":[{",".join(texts)}]{rest}}}'


def answer(body: Mapping[str, Any] | str, accepted: str = "") -> dict[str, Any]:
    """A JSON answer, compressed where it is large and the client says it reads that."""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    headers = {"content-type": "application/json"}
    if len(text) < _COMPRESS_FROM or "gzip" not in accepted:
        if len(text) > MAX_TEXT_BYTES:
            raise TooLarge(
                "the answer is over 5.5 MB: ask for pages (max_results) or send Accept-Encoding: gzip"
            )
        return {"statusCode": 200, "headers": headers, "body": text}
    packed = gzip.compress(text.encode(), compresslevel=2, mtime=0)
    if len(packed) > MAX_BINARY_BYTES:
        raise TooLarge("the answer is over 4.5 MB even when compressed: ask for pages (max_results)")
    return binary(packed, {**headers, "content-encoding": "gzip"})


def binary(content: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    from base64 import b64encode  # noqa: PLC0415 - only artifact bytes and large answers need it

    return {
        "statusCode": 200,
        "headers": dict(headers),
        "body": b64encode(content).decode(),
        "isBase64Encoded": True,
    }
