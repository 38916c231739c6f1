"""Requests as they were parsed before: the frames of a run ask the same, byte for byte.

The worker numbers plans from the start in each call, so equal code sends equal bytes. Parsing, checking and
rebuilding depend on nothing but those bytes and the columns of the data, and what comes out is never changed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from engine import plans
from engine.sql.stopping import Stop, never
from sandbox.contract.framing import Method

_MOST_BYTES: Final = 64 << 10
_MOST: Final = 500
# All of them together; as messages they take several times as much.
_MOST_KEPT_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request.

    Attributes:
        request: rebuilt.
        key: the canonical form of the plan that it fetches or describes; b"" if it has none.
    """

    request: plans.Request
    key: bytes


class ParsedRequests:
    """The requests of a run, parsed once each. Thread-safe."""

    def __init__(self, columns: frozenset[str]) -> None:
        """Remember nothing yet.

        Args:
            columns: the names of the frame's columns.
        """
        self._columns = columns
        self._known: dict[tuple[Method, bytes], Parsed] = {}
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def parse(self, method: Method, payload: memoryview, stop: Stop = never) -> Parsed:
        """Parse a request, or recall it.

        Raises:
            PlanRefused: as `plans.parse_request`; refusals are not remembered.
            Interrupted: `stop` says so.
        """
        small = len(payload) <= _MOST_BYTES
        place = (method, bytes(payload) if small else b"")
        found = self._known.get(place) if small else None
        if found is None:
            request = plans.parse_request(method, payload, columns=self._columns, stop=stop)
            found = Parsed(request, _key(request))
            with self._lock:
                room = len(self._known) < _MOST and self._kept_bytes + len(payload) <= _MOST_KEPT_BYTES
                if small and room:
                    self._known[place] = found
                    self._kept_bytes += len(payload)
        return found


def _key(request: plans.Request) -> bytes:
    match request:
        case plans.Fetch(relation=relation) | plans.Schema(relation=relation):
            return plans.canonical(relation)
    return b""
