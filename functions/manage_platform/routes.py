"""What a route of the control API is, and what its work gets to see."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sluice.domain.errors import Invalid
from sluice.domain.event import Event, EventType
from sluice.stores.items import Item, Page
from sluice.stores.records import from_item
from sluice.stores.secrets import PAGE_TOKENS
from sluice.web.caller import Caller
from sluice.web.pages import seal, unseal
from sluice.web.problems import BadRequest, reasons_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from functions.manage_platform.platform import Platform

    Record = TypeVar("Record", bound=DataclassInstance)

Json = dict[str, Any]
Method = str

PREFIX = "/sluice/v1"
DEFAULT_LIMIT, MAX_LIMIT = 50, 200


class Body(BaseModel):
    """A request's body: closed, strict, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, protected_namespaces=())


@dataclass(frozen=True)
class Call:
    """One request of a known caller; `raw` is its body as bytes."""

    platform: Platform
    caller: Caller
    action: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    correlation_id: str

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    @property
    def project(self) -> str:
        """The path's project: the door has asked whether the caller may take the action on it."""
        return self.path["project"]

    def number(self, name: str) -> int:
        """A whole number of the path, from 1; BadRequest for anything else."""
        return whole(name, self.path[name], maximum=999_999)

    def publish(self, kind: EventType, data: Json) -> str:
        """Tell the world what this caller asks for, of the path's project; gives the event's id."""
        told = {**data, "requested_by": self.caller.principal}
        event = Event(kind, self.tenant, self.project, self.correlation_id, self.correlation_id, told)
        return self.platform.events.publish(event)

    def record(self, project: str, action: str, subject: str, **details: Any) -> None:
        """Put an audit event of this caller."""
        self.platform.audit.record(
            self.tenant,
            project,
            actor=self.caller.principal,
            action=action,
            subject=subject,
            correlation_id=self.correlation_id,
            details=details,
        )


Work = Callable[[Call], Json]
Accepted = TypeVar("Accepted", bound=Body)


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the API. `answer` is a type whose JSON schema describes what `work` gives.

    `once`: fields of the answer that are shown to the first caller only, never to a repeated request.
    """

    method: Method
    path: str
    action: str
    summary: str
    work: Work
    answer: Any = None
    body: type[Body] | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    paged: bool = False
    once: tuple[str, ...] = ()
    root: bool = False

    @property
    def address(self) -> str:
        """As the permission table writes it."""
        return f"{self.method} {self.path if self.root else PREFIX + self.path}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the query that the route knows."""
        return (*self.query, "page_token", "limit") if self.paged else self.query


def accepting(body: type[Accepted], work: Callable[[Call, Accepted], Json]) -> Work:
    """Work on a body of this form; BadRequest when it is no JSON, Invalid when it is another."""

    def read_and_work(call: Call) -> Json:
        try:
            accepted = body.model_validate_json(call.raw or b"{}")
        except ValidationError as error:
            if any(found["type"] == "json_invalid" for found in error.errors()):
                raise BadRequest("the body is not JSON", reasons_of(error)) from error
            raise Invalid("the body is not what this route takes", reasons_of(error)) from error
        return work(call, accepted)

    return read_and_work


def listing(call: Call, query: str, fetch: Callable[..., Page], view: Callable[[Item], Json | None]) -> Json:
    """One page of a list as `{"items", "next_page_token"}`; items whose view is None are left out.

    `query` names the list, with everything that selects its items: a page token is good for it only.
    """
    bound = f"{call.tenant}\n{query}"
    given = call.query.get("page_token")
    start = unseal(_page_key(call), bound, given) if given else None
    limit = whole("limit", call.query.get("limit", str(DEFAULT_LIMIT)), maximum=MAX_LIMIT)
    page = fetch(limit=limit, start=start)
    items = [shown for item in page.items if (shown := view(item)) is not None]
    following = seal(_page_key(call), bound, page.next_key) if page.next_key else None
    return {"items": items, "next_page_token": following}


def shown(record: DataclassInstance, *hidden: str) -> Json:
    """A record as JSON, without the fields that are nobody's business; absent values are null."""
    document = asdict(record)
    for name in hidden:
        del document[name]
    return document


def listed(
    name: str,
    page: Callable[[Platform], Callable[..., Page]],
    kind: type[Record],
    view: Callable[[Record], Json | None] = shown,
) -> Work:
    """Work that lists records of a `kind`: the path's project's where it names one, else the tenant's."""

    def show_page(call: Call) -> Json:
        place = tuple(call.path.values())
        fetch = partial(page(call.platform), call.tenant, *place)
        return listing(call, "/".join((name, *place)), fetch, lambda item: view(from_item(kind, item)))

    return show_page


def _page_key(call: Call) -> bytes:
    return call.platform.secrets.key(call.tenant, PAGE_TOKENS)


def whole(name: str, text: str, *, maximum: int) -> int:
    """The number that the text says; BadRequest unless it is whole and from 1 to `maximum`."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= maximum):  # noqa: PLR2004 - nine digits
        raise BadRequest(f"{name} must be a whole number from 1 to {maximum}, not {text[:40]!r}")
    return int(text)


def dumped(document: Json) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
