"""What serves where, read at most every two seconds: a change of weights is seen everywhere by then."""

from __future__ import annotations

import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.endpoints import Endpoint
from sluice.domain.errors import Unavailable

FRESH_SECONDS = 2.0
STALE_SECONDS = 60.0
"""So long an endpoint serves as it was last seen while the table does not answer."""

MOST_SEEN = 20_000
"""Of endpoints, names that nothing serves under among them: then all are read anew."""

ReadEndpoint = Callable[[str, str, str], Endpoint | None]


class EndpointCache:
    """Endpoints by tenant, project and environment; that there is none is remembered as well."""

    def __init__(self, read: ReadEndpoint, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read, self._monotonic = read, monotonic
        self._seen: dict[tuple[str, str, str], tuple[float, Endpoint | None]] = {}

    def get(self, tenant: str, project: str, environment: str) -> Endpoint | None:
        """Unavailable when the table does not answer and nothing recent is known."""
        key = (tenant, project, environment)
        now = self._monotonic()
        seen = self._seen.get(key)
        if seen and now - seen[0] <= FRESH_SECONDS:
            return seen[1]
        try:
            endpoint = self._read(*key)
        except (Unavailable, ClientError, BotoCoreError) as error:
            if seen and seen[1] and now - seen[0] <= STALE_SECONDS:
                return seen[1]
            raise Unavailable("the routing table does not answer") from error
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen[key] = (now, endpoint)
        return endpoint
