"""The addresses below /sign-in, and /sign-out: pages and redirects that work without script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from functions.open_session.openid import CALLBACK, MINUTES, OpenIdClient
from functions.open_session.page import page
from functions.open_session.provider import Provider
from sluice.domain.audit import PLATFORM
from sluice.domain.errors import Forbidden, SluiceError, Unavailable
from sluice.stores.audit import AuditStore
from sluice.stores.sessions import LIFETIME, SessionStore
from sluice.stores.tokens import parse_token
from sluice.web.browser import Visit, read_visit, redirect
from sluice.web.credentials import admit
from sluice.web.limits import read_body
from sluice.web.observability import Event, LogKey, correlation_of, logger, note
from sluice.web.problems import problem_of

Answer = dict[str, Any]
_FORM_BYTES = 10_000
_SESSION, _FLOW = "session", "openid"
_PLACE_LENGTH = 2_000


@dataclass(frozen=True)
class Door:
    """`read_secret` gives the parameter of this name, when a code is exchanged."""

    sessions: SessionStore
    audit: AuditStore
    public_origin: str | None
    provider: Provider | None
    read_secret: Callable[[str], str]

    def answer(self, event: Event) -> Answer:
        """The answer; every error is the sign-in page again, with what is wrong."""
        visit = read_visit(event, self.public_origin)
        work = _ROUTES.get((visit.method.replace("HEAD", "GET"), event["rawPath"].rstrip("/")))
        if work is None:
            return self._page(visit, 404, "There is no such page.")
        try:
            return work(self, visit, event)
        except SluiceError as error:
            status, words = problem_of(error).status, str(error)
        except Exception:  # noqa: BLE001 - the door: nothing leaks outside
            logger().exception(LogKey.UNFORESEEN)
            status, words = 500, "something unforeseen happened; it is in the log"
        return self._page(visit, status, f"You are not signed in: {words}.")

    def _page(self, visit: Visit, status: int = 200, problem: str = "") -> Answer:
        found = self.sessions.find(visit.session) if status == 200 else None  # noqa: PLR2004
        provider = self.provider.issuer if self.provider else ""
        return page(status, principal=found[1].principal if found else "", provider=provider, problem=problem)

    def _show(self, visit: Visit, _event: Event) -> Answer:
        return self._page(visit)

    def _by_token(self, visit: Visit, event: Event) -> Answer:
        _refuse_others(visit)
        form = parse_qs(read_body(event, limit=_FORM_BYTES).decode("latin-1"))
        found = admit(self.sessions.tokens, parse_token(form.get("token", [""])[-1].strip()))
        if found is None:
            note(authorized=False)
            return self._page(visit, 401, "This token is not known here, or it has expired or been revoked.")
        return self._opened(visit, found[0].tenant, found[1])

    def _opened(self, visit: Visit, tenant: str, token: Any, place: str = "") -> Answer:  # noqa: ANN401
        self.sessions.close(visit.session)
        _, text = self.sessions.open(tenant, token)
        note(authorized=True, tenant=tenant, principal=token.principal, token_id=token.token_id)
        seconds = int(LIFETIME.total_seconds())
        return redirect(f"/{place}", visit.cookie(_SESSION, text, seconds), visit.cookie(_FLOW, "", 0))

    def _sign_out(self, visit: Visit, _event: Event) -> Answer:
        _refuse_others(visit)
        self.sessions.close(visit.session)
        return redirect("/sign-in", visit.cookie(_SESSION, "", 0))

    def _begin(self, visit: Visit, event: Event) -> Answer:
        location, kept = self._openid.begin(visit.origin)
        place = quote(_query(event).get("to", ""), safe="/")
        kept = f"{kept}~{place if len(place) <= _PLACE_LENGTH else ''}"
        return redirect(location, visit.cookie(_FLOW, kept, MINUTES * 60))

    def _come_back(self, visit: Visit, event: Event) -> Answer:
        client = self._openid
        kept, _, place = visit.cookies.get(visit.cookie_name(_FLOW), "").partition("~")
        claims = client.finish(_query(event), kept, visit.origin)
        access = client.provider.access_of(claims)
        tokens, tenant = self.sessions.tokens, client.provider.tenant
        # A token of its own, whose text nobody sees: listed, revoked and expired like every other.
        token, _ = tokens.issue(
            tenant,
            principal=client.provider.principal_of(claims),
            roles=access.roles,
            projects=access.projects,
            by=client.provider.issuer,
            expires_at=int((tokens.items.clock() + LIFETIME).timestamp()),
        )
        self.audit.record(
            tenant,
            PLATFORM,
            actor=token.created_by,
            action="token.issue",
            subject=f"token:{token.token_id}",
            correlation_id=correlation_of(event),
            details={
                "principal": token.principal,
                "roles": list(token.roles),
                "projects": list(token.projects),
            },
        )
        return self._opened(visit, tenant, token, _within(unquote(place)))

    @cached_property
    def _openid(self) -> OpenIdClient:
        if self.provider is None:
            raise Unavailable("this deployment knows no OpenID provider")
        name = self.provider.secret_parameter
        return OpenIdClient(self.provider, lambda: self.read_secret(name) if name else None)


def _query(event: Event) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(event.get("rawQueryString") or "").items()}


def _within(place: str) -> str:
    """A place in the interface's page as a Location may name it; nothing where it is another address."""
    return quote(place, safe="#/?&=%+,:;@!$'()*[]") if place.startswith("#/") else ""


def _refuse_others(visit: Visit) -> None:
    """Another site signs nobody in (as somebody else) or out."""
    if refused := visit.refusal():
        raise Forbidden(refused)


_ROUTES: dict[tuple[str, str], Callable[[Door, Visit, Event], Answer]] = {
    ("GET", "/sign-in"): Door._show,  # noqa: SLF001 - the door's own table
    ("POST", "/sign-in"): Door._by_token,  # noqa: SLF001
    ("POST", "/sign-out"): Door._sign_out,  # noqa: SLF001
    ("GET", "/sign-in/openid"): Door._begin,  # noqa: SLF001
    ("GET", CALLBACK): Door._come_back,  # noqa: SLF001
}
