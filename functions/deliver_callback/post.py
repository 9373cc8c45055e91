"""One POST over TLS, to an address that was looked at after its name was resolved, and to no other."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.client import HTTPException, HTTPSConnection
from typing import TYPE_CHECKING

from sluice.domain.callback import is_public
from sluice.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.deliver_callback.settings import Settings
    from sluice.domain.callback import Receiver

CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 15.0
"""For everything: a receiver that sends a byte now and then is cut off all the same."""


class NotDeliveredError(Exception):
    """No answer came, for the reason that the text says."""


def post(receiver: Receiver, body: bytes, headers: Mapping[str, str], settings: Settings) -> int:
    """The status of the answer, whose body nobody reads; redirects are not followed.

    Invalid where the name leads to an address that nobody may be called at, NotDeliveredError without answer.
    """
    try:
        connection = _Direct(receiver, _resolved(receiver, settings), settings)
        cut = threading.Timer(ANSWER_SECONDS, connection.cut)
        cut.daemon = True
        cut.start()
        try:
            connection.request("POST", receiver.target, body, dict(headers))
            return connection.getresponse().status
        finally:
            cut.cancel()
            connection.close()
    except (OSError, HTTPException) as error:
        raise NotDeliveredError(f"{type(error).__name__}: {error}"[:300]) from error


def _resolved(receiver: Receiver, settings: Settings) -> list[str]:
    """Every address of the name; one that is not the internet's spoils them all."""
    found = socket.getaddrinfo(receiver.host, receiver.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not all(is_public(address, loopback=settings.loopback) for address in addresses):
        raise Invalid("callback: the host leads to an address inside a network, which is not called")
    return addresses


class _Direct(HTTPSConnection):
    """Connects to addresses that were looked at: a name that is resolved again may lead elsewhere."""

    def __init__(self, receiver: Receiver, addresses: Sequence[str], settings: Settings) -> None:
        super().__init__(receiver.host, receiver.port, timeout=CONNECT_SECONDS, context=settings.trust)
        self._addresses, self._trust = addresses, settings.trust

    def connect(self) -> None:
        for place, address in enumerate(self._addresses):
            try:
                plain = socket.create_connection((address, self.port), CONNECT_SECONDS)
            except OSError:
                if place + 1 == len(self._addresses):
                    raise
            else:
                break
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)
        self.sock.settimeout(ANSWER_SECONDS)

    def cut(self) -> None:
        with suppress(OSError, AttributeError):  # it may have ended, or not begun
            self.sock.shutdown(socket.SHUT_RDWR)
