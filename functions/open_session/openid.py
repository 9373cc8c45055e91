"""OpenID Connect's authorization code flow with PKCE, state and nonce, over the standard library.

The ID token comes straight from the provider's token endpoint over TLS, so the connection proves who made it
(OpenID Connect Core 3.1.3.7, rule 6) and no signature library is needed: docs/adr/0022.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from functions.open_session.provider import Provider
from sluice.domain.errors import Forbidden, Invalid, Unavailable

CALLBACK = "/sign-in/openid/callback"
MINUTES = 10
_TIMEOUT, _MOST, _SKEW, _FRESH = 8, 1_000_000, 60, 3600
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Claims = Mapping[str, Any]


@dataclass
class OpenIdClient:
    """`secret` is called when a code is exchanged; the provider's description is kept for an hour."""

    provider: Provider
    secret: Callable[[], str | None]
    clock: Callable[[], float] = time.time
    _described: tuple[float, Claims] = field(default=(0.0, {}))

    def begin(self, origin: str) -> tuple[str, str]:
        """Where the browser goes, and what it keeps in a cookie until it comes back."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = _unpadded(hashlib.sha256(verifier.encode()).digest())
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.provider.client_id,
                "redirect_uri": origin + CALLBACK,
                "scope": self.provider.scopes,
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        address = self._endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{query}", f"{state}.{nonce}.{verifier}"

    def finish(self, query: Mapping[str, str], kept: str, origin: str) -> Claims:
        """What the provider says of whoever came back; Invalid or Forbidden say why nobody did."""
        state, nonce, verifier = kept.split(".") if kept.count(".") == 2 else ("", "", "")  # noqa: PLR2004 - three
        if not state or not secrets.compare_digest(state.encode(), query.get("state", "").encode()):
            raise Invalid("this sign-in was not begun in this browser, or more than ten minutes ago")
        if query.get("iss", self.provider.issuer) != self.provider.issuer:
            raise Invalid("another provider answered")
        if "error" in query:
            raise Forbidden(f"the provider says: {query.get('error_description') or query['error']}"[:300])
        claims = _claims(self._exchange(query.get("code", ""), verifier, origin))
        self._check(claims, nonce)
        return claims

    def _exchange(self, code: str, verifier: str, origin: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": origin + CALLBACK,
            "code_verifier": verifier,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        client, secret = self.provider.client_id, self.secret()
        methods = self._description().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in methods:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client, **({"client_secret": secret} if secret else {})}
        answer = _fetch(Request(self._endpoint("token_endpoint"), urlencode(form).encode(), headers))  # noqa: S310 - checked
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Invalid("the provider gave no ID token: the client needs the scope openid")
        return token

    def _check(self, claims: Claims, nonce: str) -> None:
        """Rules 2 to 11 of OpenID Connect Core 3.1.3.7, less the signature."""
        client, now = self.provider.client_id, self.clock()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        holds = {
            "issuer": claims.get("iss") == self.provider.issuer,
            "audience": client in audiences,
            "authorized party": claims.get("azp", client) == client
            and (len(audiences) == 1 or "azp" in claims),
            "expiry": _number(claims.get("exp")) > now - _SKEW,
            "time of issue": abs(now - _number(claims.get("iat"))) < _FRESH,
            "nonce": secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()),
            "subject": isinstance(claims.get("sub"), str),
        }
        if wrong := [name for name, right in holds.items() if not right]:
            raise Forbidden(f"the provider's ID token has a wrong {wrong[0]}")

    def _endpoint(self, name: str) -> str:
        address = str(self._description().get(name, ""))
        return _over_tls(address)

    def _description(self) -> Claims:
        until, known = self._described
        if self.clock() < until:
            return known
        issuer = self.provider.issuer
        found = _fetch(Request(_over_tls(issuer.rstrip("/") + "/.well-known/openid-configuration")))  # noqa: S310
        if found.get("issuer") != issuer:
            raise Unavailable(f"the provider at {issuer} calls itself {str(found.get('issuer'))[:200]}")
        self._described = (self.clock() + _FRESH, found)
        return found


def _fetch(request: Request) -> dict[str, Any]:
    """The JSON object that an address answers; Forbidden for a refusal, Unavailable where nothing answers."""
    try:
        with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - https, or this machine
            found = json.loads(answer.read(_MOST))
    except HTTPError as error:
        if error.code < 500:  # noqa: PLR2004
            raise Forbidden(f"the provider refused the sign-in ({error.code})") from error
        raise Unavailable(f"the provider answers {error.code}") from error
    except (URLError, TimeoutError, ValueError) as error:
        raise Unavailable("the provider does not answer") from error
    if not isinstance(found, dict):
        raise Unavailable("the provider's answer is no JSON object")
    return found


def _over_tls(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return address
    raise Unavailable(f"the provider's address {address[:200]!r} is not https")


def _claims(token: str) -> Claims:
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError) as error:
        raise Invalid("the provider's ID token cannot be read") from error
    if not isinstance(claims, dict):
        raise Invalid("the provider's ID token cannot be read")
    return claims


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("-inf")


def _unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
