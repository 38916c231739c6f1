"""What every backend offers the rest of the engine. Adapters implement it; nothing else is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:  # see `engine.gateway.answering`
    import pyspark.sql.connect.proto as pb

from engine.context import QueryContext
from sandbox.contract.messages import Frames

# Starting has limits of its own, of which those for the slowest machines are far below this. What takes
# longer hangs: runs give it up, and the next one begins anew.
MOST_START_SECONDS: Final = 900.0
# Settings of a session beyond those that all have, in order of their names.
Settings: TypeAlias = tuple[tuple[str, str], ...]
# Is told of each answer by whom it was given: "" natively, else why the data engine behind had to.
Note: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend is, for those that need not know which one it is.

    Attributes:
        frames: whose frames metrics get.
        reader: for whose way of reading files a dataset is prepared.
        remote: whether somebody else runs it.
    """

    frames: Frames = "pyspark"
    reader: Literal["spark", "duckdb"] = "spark"
    remote: bool = False


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

    def analyze(
        self,
        request: pb.AnalyzePlanRequest,
        context: QueryContext,
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

    def unordered(self) -> BackendSession:
        """The same session for plans of whose rows nobody looks at the order.

        Closing it does nothing; close the session itself.
        """
        ...

    def told(self, note: Note) -> BackendSession:
        """The same session, which notes of each answer by whom it was given, where there is more than one.

        Closing it does nothing; close the session itself.
        """
        ...

    def under(self, settings: Settings) -> BackendSession:
        """A session of the same owner with further settings, for those questions alone that are asked in it.

        It lives as long as this one; closing it does nothing. The same settings give the same session.

        Raises:
            PlanRefused: there is no such session here.
        """
        ...

    def close(self) -> None:
        """Release the session on the backend, with those `under` it. Never raises."""
        ...


class Backend(Protocol):
    """A data engine that speaks Spark Connect. Thread-safe."""

    name: str
    capabilities: Capabilities

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

    capabilities: Capabilities = Capabilities()

    def warm(self, *, wanted: bool) -> None:
        """Nothing: all of it is started at once."""
        del wanted

    def settle(self, seconds: float) -> bool:
        """Nothing: one answers all."""
        del seconds
        return True

    def train(self) -> bool:
        """Nothing."""
        return False


class Derived:
    """A session that is another one but for some of what it does; closing it does nothing."""

    def __init__(self, session: BackendSession) -> None:
        self._session = session

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        return self._session.execute(plan, context)

    def analyze(
        self,
        request: pb.AnalyzePlanRequest,
        context: QueryContext,
    ) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        return self._session.analyze(request, context)

    @property
    def disturbed(self) -> int:
        """That of the session; see `BackendSession.disturbed`."""
        return self._session.disturbed

    def apart(self) -> BackendSession:
        """See `BackendSession.apart`."""
        return self._session.apart()

    def unordered(self) -> BackendSession:
        """The same session: Spark gives rows in whatever order."""
        return self

    def told(self, note: Note) -> BackendSession:
        """The same session: one answers all."""
        del note
        return self

    def under(self, settings: Settings) -> BackendSession:
        """See `BackendSession.under`."""
        return self._session.under(settings)

    def close(self) -> None:
        """Nothing; the session itself is closed."""
