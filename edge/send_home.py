"""Taking records home: in batches, oldest first, again and again until home has them."""

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from edge.waiting import Record, Waiting
from sluice.domain.errors import Unavailable
from sluice.domain.travelling import write_travelling
from sluice.web.observability import LogKey, logger

if TYPE_CHECKING:
    from sluice.domain.predictions import ScoredRequest

BATCH_BYTES, BATCH_RECORDS = 1_000_000, 100
LONGEST_PAUSE = 300.0
_TIMEOUT = 30.0
_REFUSING = frozenset({400, 413, 422})


class NotTakenError(Exception):
    """Home read the batch and will never take it as it is."""


@dataclass
class Home:
    """The deployment that the model came from; a ledger of its own for a server without a disk."""

    url: str
    token: str = field(repr=False)
    project: str
    device: str

    def send(self, documents: list[str]) -> dict[str, str]:
        """Reasons by request id of what is refused for good; everything else is durable at home now.

        NotTakenError for a batch that home cannot read, Unavailable for now.
        """
        body = f'{{"device":{json.dumps(self.device)},"records":[{",".join(documents)}]}}'
        request = urllib.request.Request(  # noqa: S310 - settings take http and https only
            f"{self.url}/sluice/v1/projects/{self.project}/edge-predictions",
            data=body.encode(),
            headers={"content-type": "application/json", "authorization": f"Bearer {self.token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
                answer: dict[str, Any] = json.loads(response.read())
            return {entry["request_id"]: entry["reason"] for entry in answer["rejected"]}
        except urllib.error.HTTPError as error:
            said = error.read()[:500].decode(errors="replace")
            failure = NotTakenError if error.code in _REFUSING else Unavailable
            raise failure(f"home answers {error.code}: {said}") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"home does not answer: {error}") from error

    def put(self, tenant: str, request: ScoredRequest, finding: str | None = None) -> None:  # noqa: ARG002 - a ledger's signature
        """Durable at home when it returns; Unavailable when it could not be brought there."""
        try:
            refused = self.send([write_travelling(request, finding)])
        except NotTakenError as error:
            raise Unavailable(str(error)) from error
        if refused:
            raise Unavailable(f"home refuses the record: {refused[request.request_id]}")


class Sender(Thread):
    """Sends what waits, from its start until `stop`; the pause after a failure doubles up to five minutes."""

    def __init__(self, waiting: Waiting, home: Home, *, first_pause: float = 1.0) -> None:
        super().__init__(name="send-home", daemon=True)
        self._waiting, self._home, self._first_pause = waiting, home, first_pause
        self._stopping = Event()

    def run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                sent = self.send_some()
                failures = 0
            except Unavailable as error:
                failures += 1
                logger().warning(
                    LogKey.HOME_UNREACHABLE, extra={"reason": str(error), **self._waiting.counts()}
                )
                pause = min(LONGEST_PAUSE, self._first_pause * 2.0 ** min(failures - 1, 16))
                self._stopping.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                continue
            if not sent:
                self._waiting.arrived.wait(self._first_pause)

    def stop(self) -> None:
        """Ends after what is under way; what still waits is sent after the next start."""
        self._stopping.set()
        self._waiting.arrived.set()

    def send_some(self) -> bool:
        """One batch; False when nothing waits. Unavailable where home does not take it now."""
        self._waiting.arrived.clear()
        batch = self._waiting.oldest(BATCH_BYTES, BATCH_RECORDS)
        if batch:
            self._send(batch)
        return bool(batch)

    def _send(self, batch: list[Record]) -> None:
        """A batch that home cannot read is cut in halves, until it is known which record it is."""
        try:
            refused = self._home.send([record.document for record in batch])
        except NotTakenError as error:
            if len(batch) == 1:
                self._refuse(batch[0], str(error))
                return
            middle = len(batch) // 2
            self._send(batch[:middle])
            self._send(batch[middle:])
            return
        for record in batch:
            if record.request_id in refused:
                self._refuse(record, refused[record.request_id])
        self._waiting.drop([record for record in batch if record.request_id not in refused])

    def _refuse(self, record: Record, reason: str) -> None:
        logger().error(LogKey.RECORD_REFUSED, extra={"request_id": record.request_id, "reason": reason})
        self._waiting.refuse(record, reason)
