"""Requests as they were parsed before: the frames of a run ask the same, byte for byte.

The worker numbers plans from the start in each call, so equal code sends equal bytes. Parsing, checking and
rebuilding depend on nothing but those bytes and the columns of the data, and what comes out is never changed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.spark import plans
from engine.spark.functions import has_functions
from engine.spark.text.stopping import Stop, never
from engine.tenants.interpreter import Interpreter
from engine.tenants.ledger import Account, lone_account
from sandbox.contract.framing import Method

_MOST_BYTES: Final = 64 << 10
_MOST: Final = 500
# All of them together; as messages they take several times as much.
_MOST_KEPT_BYTES: Final = 4 << 20
_AS_MESSAGES: Final = 8


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request.

    Attributes:
        request: rebuilt.
        key: the canonical form of the plan that it fetches or describes; b"" if it has none.
        functions: whether what it fetches has functions of the author in it, views aside.
    """

    request: plans.Request
    key: bytes
    functions: bool


class ParsedRequests:
    """The requests of a run, parsed once each. Thread-safe.

    Attributes:
        account: what is remembered is taken from it.
    """

    def __init__(
        self,
        columns: frozenset[str],
        now: datetime | None = None,
        texts: frozenset[str] = frozenset(),
        account: Account | None = None,
        interpreter: Interpreter | None = None,
    ) -> None:
        """Remember nothing yet.

        Args:
            columns: the names of the frame's columns.
            now: what the time is, to plans that ask; None: they are refused.
            texts: the names of those columns that are text.
            account: what is remembered is taken from it.
            interpreter: one request of the account's tenant is parsed at a time there; None: any number.
        """
        self.account = account or lone_account()
        self._interpreter = interpreter or Interpreter()
        self._columns = columns
        self._now = now
        self._texts = texts
        self._known: dict[tuple[Method, bytes, bool], Parsed] = {}
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def parse(
        self, method: Method, payload: memoryview, stop: Stop = never, *, zoned: bool = False
    ) -> Parsed:
        """Parse a request, or recall it.

        Args:
            method: which call of the guest it is.
            payload: as the worker sent it.
            stop: is asked now and then whether to go on.
            zoned: whether it is asked in a time zone of its own.

        Raises:
            PlanRefused: as `plans.parse_request`; refusals are not remembered.
            Interrupted: `stop` says so.
        """
        small = len(payload) <= _MOST_BYTES
        place = (method, bytes(payload) if small else b"", zoned)
        found = self._known.get(place) if small else None
        if found is None:
            with self._interpreter.reading(self.account.tenant, stop):
                request = plans.parse_request(method, payload, columns=self._columns, stop=stop)
                request = plans.tell_time(request, self._now, self._columns, self._texts, zoned=zoned)
                found = Parsed(request, _key(request), _has_functions(request))
            with self._lock:
                room = len(self._known) < _MOST and self._kept_bytes + len(payload) <= _MOST_KEPT_BYTES
                if small and room and self.account.take(_AS_MESSAGES * len(payload)):
                    self._known[place] = found
                    self._kept_bytes += len(payload)
        return found


def _has_functions(request: plans.Request) -> bool:
    return isinstance(request, plans.Fetch) and has_functions(request.relation)


def _key(request: plans.Request) -> bytes:
    match request:
        case plans.Fetch(relation=relation) | plans.Schema(relation=relation):
            return plans.canonical(relation)
    return b""
