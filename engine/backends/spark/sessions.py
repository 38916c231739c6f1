"""Sessions of runs on a local Spark server: those that are open, and those kept for a tenant's next run."""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import dataclass
from typing import Final

from engine.backends.connect.handle import KnownSession
from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession

_MOST: Final = 4  # as many as runs go on at once, or nearly
_KEPT_SECONDS: Final = 1_200  # Spark forgets one after an hour


@dataclass(frozen=True, slots=True)
class _Kept:
    """A session that waits for its tenant's next run."""

    connection: Connection
    session_id: str
    tenant: str
    since: float


class SessionPool:
    """Sessions that are used again: the code that Spark makes for a query is of use in that session only.

    A metric changes nothing in one: plans bring their own views, and what is asked under other settings
    is asked in a session apart, which is not kept. Should that ever fail, what it left is found by runs
    of the same tenant only. Thread-safe.
    """

    def __init__(self) -> None:
        """No session is open or kept."""
        self._lock = threading.Lock()
        self._kept: list[_Kept] = []
        self._open: weakref.WeakSet[ConnectSession] = weakref.WeakSet()
        self._used = time.monotonic()

    def take(self, connection: Connection, tenant: str) -> KnownSession | None:
        """A session of this tenant's on this connection, which is kept no longer; None: there is none."""
        with self._lock:
            self._used = time.monotonic()
            fresh = self._used - _KEPT_SECONDS
            self._kept = [one for one in self._kept if one.connection is connection and one.since > fresh]
            of_tenant = [one for one in self._kept if one.tenant == tenant]
            if not of_tenant:
                return None
            self._kept.remove(of_tenant[-1])
        return KnownSession(of_tenant[-1].session_id, connection=connection)

    def note_open(self, session: ConnectSession) -> None:
        """A run has opened a session."""
        with self._lock:
            self._open.add(session)

    def keep(self, connection: Connection, session_id: str, tenant: str) -> bool:
        """Keep a closed session for its tenant; False: there is no room, and it is to be released."""
        with self._lock:
            room = len(self._kept) < _MOST
            if room:
                self._kept.append(_Kept(connection, session_id, tenant, time.monotonic()))
        return room

    def quiet_seconds(self) -> float:
        """For how long no run has had a session; 0 while one has."""
        with self._lock:
            if any(session.is_open for session in self._open):
                self._used = time.monotonic()
            return time.monotonic() - self._used
