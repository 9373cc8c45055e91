"""What doors for browsers share: this origin, the session's cookie, where a write comes from, headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

Event = dict[str, Any]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")

SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: a form's Origin would then be null, and the origin check needs it.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "strict-transport-security": "max-age=31536000",
}
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""The policy of a file that somebody logged: should a browser show it, it has no origin and no script."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser's request as its headers tell it; `public_origin` is the setting, where there is one."""

    method: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    public_origin: str | None = None

    @property
    def origin(self) -> str:
        """This deployment's origin, as the browser sees it."""
        return self.public_origin or self._own

    @property
    def _own(self) -> str:
        host = self.headers.get("host", "")
        plain = urlsplit(f"//{host}").hostname in _LOOPBACK
        return f"{'http' if plain else 'https'}://{host}"

    @property
    def session(self) -> str:
        """The session's text, or nothing."""
        return self.cookies.get(self.cookie_name("session"), "")

    def cookie_name(self, what: str) -> str:
        """Over https nobody but this very host can set it; cookies know no ports, so local names do."""
        origin = urlsplit(self.origin)
        return f"__Host-sluice-{what}" if origin.scheme == "https" else f"sluice-{what}-{origin.port or 80}"

    def cookie(self, what: str, value: str, seconds: int) -> str:
        """A Set-Cookie header; `seconds` 0 drops the cookie. Lax: a link from a chat arrives signed in."""
        secure = "; Secure" if self.origin.startswith("https:") else ""
        return f"{self.cookie_name(what)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

    def refusal(self) -> str:
        """Why a write by cookie is refused: another site may have sent it. Nothing when it may pass.

        Every browser that knows SameSite sends one of the two headers with every write.
        """
        if self.method in SAFE_METHODS:
            return ""
        site = self.headers.get("sec-fetch-site")
        if site is not None and site != "same-origin":
            return f"a write by cookie must come from this origin, not from a {site} page"
        origin = self.headers.get("origin")
        if origin not in {self.origin, self._own} and not (origin is None and site):
            return "a write by cookie must come from this origin: its Origin header does not say so"
        return ""

    def refusal_of_form(self) -> str:
        """Why a write by cookie to a JSON door is refused: as `refusal`, or it has the type of a form."""
        given = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self.method not in SAFE_METHODS and given in _FORM_TYPES:
            return f"a write by cookie must be JSON, not {given}"
        return self.refusal()


def read_visit(event: Event, public_origin: str | None) -> Visit:
    """The visit of an HTTP API event (payload 2.0), to a function or to an authorizer."""
    headers: dict[str, str] = event.get("headers") or {}
    pairs = [*(event.get("cookies") or []), *headers.get("cookie", "").split(";")]
    cookies = dict(pair.strip().partition("=")[::2] for pair in pairs)
    return Visit(event["requestContext"]["http"]["method"], headers, cookies, public_origin)


def redirect(location: str, *cookies: str) -> dict[str, Any]:
    """A redirect that is followed by GET; kept by nobody."""
    headers = {**SECURITY_HEADERS, "location": location, "cache-control": "no-store"}
    return {"statusCode": 303, "headers": headers, "cookies": list(cookies), "body": ""}
