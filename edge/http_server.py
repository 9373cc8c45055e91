"""HTTP around the door, by uvicorn: bounded bodies, threads and connections, an orderly end."""

from __future__ import annotations

import asyncio
import base64
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn

from edge.door import Door
from edge.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS = 30
CONNECTIONS = 256
GRACE_SECONDS = 20


class Application:
    """The door as an ASGI application; the work is done in `threads` threads."""

    def __init__(self, door: Door, body_bytes: int, threads: int) -> None:
        self._door, self._body_bytes = door, body_bytes
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="score")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(receive)
        except (TimeoutError, ConnectionError):
            await _answer(send, 408, [(b"connection", b"close")], b"")
            return
        event = event_of(scope, body)
        answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._door.respond, event, None)
        content = answer["body"].encode()
        if answer["isBase64Encoded"]:
            content = base64.b64decode(content)
        headers = [(name.encode(), str(value).encode("latin-1")) for name, value in answer["headers"].items()]
        await _answer(send, answer["statusCode"], headers, content)

    async def _body(self, receive: Receive) -> bytes:
        """The body, or so much of it that the door sees it to be too large."""
        parts, size = [], 0
        while size <= self._body_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body"):
                break
        return b"".join(parts)[: self._body_bytes + 1]


def event_of(scope: Message, body: bytes) -> dict[str, Any]:
    """A request as an HTTP API event; headers given twice are joined by commas."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    path = scope["raw_path"].decode("latin-1")
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": scope["query_string"].decode("latin-1"),
        "headers": headers,
        "requestContext": {"http": {"method": scope["method"], "path": path}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def serve(door: Door, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests that are under way are answered first."""
    # uvicorn hands the signal on when it has ended: then what surrounds it ends as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    application = Application(door, settings.body_bytes, settings.threads)
    uvicorn.run(
        application,
        host=settings.host,
        port=settings.port,
        interface="asgi3",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": content})
