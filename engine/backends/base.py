"""What every backend offers the rest of the engine. Adapters implement it; nothing else is known of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # see `engine.queries.calls`
    import pyspark.sql.connect.proto as pb

    from engine.backends.sql import SqlSession

from engine.context import QueryContext, Settings
from engine.errors import ForkedEngine
from engine.models.backends import SPARK, Capabilities

# Starting has limits of its own, of which those for the slowest machines are far below this. What takes
# longer hangs: runs give it up, and the next one begins anew.
MOST_START_SECONDS: Final = 900.0


class BackendSession(Protocol):
    """One session on a backend: a run's, or a discovery's. Its id is made by the engine. Thread-safe."""

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a checked and bound plan; yield the responses as they come.

        Args:
            plan: a plan with a root relation.
            context: how it is asked.

        Raises:
            Interrupted: its deadline passed, or it was cancelled. After a deadline the query no longer runs
                when this is raised, or the local server that would not stop it has been restarted; after
                a cancel the same follows by itself.
            BackendLost: the backend died or was restarted under the query, and it was not asked again here,
                or in vain; it may be asked again unless it says that it was `alone`.
            BackendError: the query failed.
        """
        ...

    def analyze(self, request: pb.AnalyzePlanRequest, context: QueryContext) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; session fields of `request` are filled in here.

        Raises:
            Interrupted, BackendLost, BackendError: as `execute`.
        """
        ...

    @property
    def sql(self) -> SqlSession | None:
        """Itself, for what only sessions on backends that speak SQL are asked; None: its backend does not."""
        ...

    @property
    def disturbed(self) -> int:
        """How often queries of others delayed its own, which no deadline makes up for."""
        ...

    def refuse_settings(self, settings: Settings) -> None:
        """See that it can ask under these settings.

        Raises:
            PlanRefused: questions cannot be asked under these settings.
        """
        ...

    def close(self) -> None:
        """Release the session on the backend. Never raises."""
        ...


class Backend(Protocol):
    """A data engine that executes plans of Spark Connect, or SQL that is written of them. Thread-safe.

    Attributes:
        name: as results call it.
        capabilities: what it is.
        address: where it is, if somebody else runs it: for people, and to tell servers apart; nothing secret.
    """

    name: str
    capabilities: Capabilities
    address: str

    def start(self) -> None:
        """Start or reach it, and return when it answers. May be called from a background thread.

        Raises:
            BackendStartError: with what to do.
        """
        ...

    def warm(self, *, wanted: bool) -> None:
        """Begin to start, in a thread, what is else started when a question first needs it. Never raises.

        Args:
            wanted: whether a run is about to ask; else everybody who computes goes first.
        """
        ...

    def train(self) -> bool:
        """Begin to build what makes its later starts faster; see `Engine.train_caches`."""
        ...

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is compared any more, so many seconds at most; whether that is so."""
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


class StartsWhole:
    """A backend that starts as a whole, and for whose starts nothing is built ahead; see `Backend`."""

    capabilities: Capabilities = SPARK
    address = ""

    def warm(self, *, wanted: bool) -> None:
        """Nothing: all of it is started at once."""
        del wanted

    def settle(self, seconds: float) -> bool:
        """Never waits: one backend gives all answers, so none is compared with another's."""
        del seconds
        return True

    def train(self) -> bool:
        """Never begins anything: such a backend has nothing to build ahead."""
        return False


def refuse_fork(pid: int) -> None:
    """Raise `ForkedEngine` in any process but `pid`: gRPC's threads do not survive a fork."""
    if os.getpid() != pid:
        raise ForkedEngine(
            "the engine was made in another process and does not survive a fork; "
            "make one in this process, after the fork"
        )
