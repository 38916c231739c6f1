"""What every backend offers the rest of the engine. Adapters implement it; nothing else is known of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol

import pyspark.sql.connect.proto as pb


class BackendSession(Protocol):
    """One session on a backend: a run's, or a discovery's. Its id is made by the engine. Thread-safe."""

    def execute(
        self, plan: pb.Plan, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Iterator[pb.ExecutePlanResponse]:
        """Run a checked and bound plan; yield the responses as they come.

        Args:
            plan: a plan with a root relation.
            deadline: monotonic seconds after which the query is interrupted.
            cancel: interrupts the query once set.

        Raises:
            Interrupted: the deadline passed or `cancel` was set. After a deadline the query no longer runs
                when this is raised, or the local server that would not stop it has been restarted; after
                a cancel the same follows by itself.
            BackendLost: the backend died or was restarted under the query, and it was not asked again here,
                or in vain; it may be asked again unless it says that it was `alone`.
            BackendError: the query failed.
        """
        ...

    def analyze(
        self,
        request: pb.AnalyzePlanRequest,
        *,
        deadline: float | None = None,
        cancel: threading.Event | None = None,
    ) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; session fields of `request` are filled in here.

        Raises:
            Interrupted, BackendLost, BackendError: as `execute`.
        """
        ...

    @property
    def disturbed(self) -> int:
        """How often its queries lost time through those of others, of which no deadline knows."""
        ...

    def apart(self) -> BackendSession:
        """The same session for a query that was lost before: a local server answers nothing beside it.

        Closing it does nothing; close the session itself.
        """
        ...

    def close(self) -> None:
        """Release the session on the backend. Never raises."""
        ...


class Backend(Protocol):
    """A data engine that speaks Spark Connect. Thread-safe."""

    name: str

    def start(self) -> None:
        """Start or reach it, and return when it answers. May be called from a background thread.

        Raises:
            BackendStartError: with what to do.
        """
        ...

    def open_session(self, tenant: str = "") -> BackendSession:
        """Open a session with time zone UTC and ANSI on. Starts the backend if need be.

        Args:
            tenant: for whom; a session that was used before is given to nobody else.
        """
        ...

    def close(self) -> None:
        """End it, with its processes and files. Never raises; may be called twice."""
        ...
