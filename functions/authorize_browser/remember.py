"""Callers by what they proved, remembered for as long as the gateway remembers a token's.

The gateway cannot: its cache needs an identity source, and a request without that header (a bearer's without
a cookie, a browser's without a token) would be refused before anybody looks at it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sluice.stores.sessions import SessionStore
from sluice.web.credentials import context_of, identify

SECONDS = 30
MOST = 1000

Context = dict[str, str]
"""What functions read their caller from; empty for nobody."""


@dataclass
class Remembered:
    sessions: SessionStore
    clock: Callable[[], float] = time.monotonic
    _found: dict[str, tuple[float, Context]] = field(default_factory=dict)

    def by_header(self, header: str) -> Context:
        def look() -> Context:
            found = identify(self.sessions.tokens, header)
            return context_of(found[0].tenant, found[1]) if found else {}

        return self._remembered(f"header {header}", look)

    def by_session(self, text: str) -> Context:
        def look() -> Context:
            found = self.sessions.find(text)
            return context_of(*found) if found else {}

        return self._remembered(f"session {text}", look) if text else {}

    def _remembered(self, proof: str, look: Callable[[], Context]) -> Context:
        """Kept by digest, so that no secret stays in memory; strangers are looked up each time."""
        key, now = hashlib.sha256(proof.encode()).hexdigest(), self.clock()
        until, known = self._found.get(key, (0.0, {}))
        if now < until:
            return known
        caller = look()
        if caller:
            if len(self._found) >= MOST:
                self._found.clear()
            self._found[key] = (now + SECONDS, caller)
        return caller
