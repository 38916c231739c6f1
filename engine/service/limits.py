"""How much a client may send: requests in a minute, bytes in a body."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.service.problems import ApiProblem

_REMEMBERED: Final = 10_000


class RateLimit:
    """A bucket of requests for each client, refilled evenly. Thread-safe; of this process alone."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._capacity = float(per_minute)
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Count a request.

        Raises:
            ApiProblem: there were too many.
        """
        with self._lock:
            now = self._now()
            left, since = self._buckets.pop(client, (self._capacity, now))
            left = min(self._capacity, left + (now - since) * self._capacity / 60)
            allowed = left >= 1
            self._buckets[client] = (left - allowed, now)
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - left) * 60 / self._capacity)
            raise ApiProblem(
                429,
                "too-many-requests",
                f"more than {self._capacity:.0f} requests in a minute",
                f"wait {wait} seconds",
                headers={"Retry-After": str(wait)},
            )


class BodyLimit:
    """Middleware: answers 413 to a body that is too long, without reading the rest of it."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:20]) > self._most:
            await _refuse(send, self._most)
            return
        body = await self._read(receive)
        if body is None:
            await _refuse(send, self._most)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        body: bytes = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return body
            body += message.get("body", b"")
            if len(body) > self._most:
                return None
            if not message.get("more_body"):
                return body


def _replay(body: bytes, receive: Receive) -> Receive:
    left = [body]

    async def replayed() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replayed


async def _refuse(send: Send, most: int) -> None:
    problem = ApiProblem(413, "too-large", f"the body has more than {most:,} bytes")
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem.body()).encode()})
