"""Requests of clients that were told to wait are refused before anything is parsed or looked up for them.

Also a refusal costs this process something, and a client that sends one request after the other could keep it
busy with refusals alone. So each has its answer only when a moment has passed, which takes nothing but a
connection; and an account that has as many of those as it may have otherwise loses the further ones at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.service.admission.keys import digest_key, read_bearer
from engine.service.admission.quotas import DEFAULTS
from engine.service.problems import answer_of
from engine.service.state import ServiceState

DELAY_SECONDS: Final = 1.0  # the least that anybody is told to wait
# Of an account, as many as it may have answered at a time: all connections together are bounded, and one that
# waits makes room for nobody.
DELAYED: Final = DEFAULTS.connections


class Throttle:
    """Middleware: answers 429 to a known key's requests until the time that it was told to wait for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._delayed: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 429 after a moment."""
        key = read_bearer(Headers(scope=scope).get("authorization")) if scope["type"] == "http" else None
        if key is not None:
            state: ServiceState = scope["app"].state.service
            digest = digest_key(key)
            found, refused = state.scopes.get(digest), state.rate.refusal(f"key {digest}")
            if found is not None and refused is not None:
                state.telemetry.refusals.refuse(found.account, "requests_per_minute")
                scope.setdefault("state", {})["account"] = found.account
                if not await self._delay(found.account):
                    refused.headers["Connection"] = "close"
                await answer_of(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _delay(self, account: str) -> bool:
        """Let a moment pass; at once False if too many of an account's requests wait like this."""
        if self._delayed[account] >= DELAYED:
            return False
        self._delayed[account] += 1
        try:
            await asyncio.sleep(DELAY_SECONDS)
        finally:
            self._delayed[account] -= 1
            if not self._delayed[account]:
                del self._delayed[account]
        return True
