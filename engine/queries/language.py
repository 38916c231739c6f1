"""The port of a query language: what the gateway needs in order to answer what workers ask in one.

`engine.queries.spark` implements it for plans of Spark Connect, `engine.queries.snowflake` for Snowpark's
SQL. A `Language` belongs to a run; for each call it makes a `RequestReader`, which makes of a request either
a `Question`, whose answer frames may share, or the answer itself. What all languages have in common is done
by whoever uses the port: limits, sharing, counting, and the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from engine.backends.base import BackendSession
from engine.context import Note, RunId
from engine.errors import BackendError
from engine.queries.asking import Asker
from engine.queries.calls import CallInProgress
from engine.queries.carried import Reply
from sandbox.contract.messages import ReplyError


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """An answer that is in memory.

    Attributes:
        key: equal for equal questions of different frames.
        what: the question in a few words.
        how: as `Shared.how`.
        rows: how many rows it has.
        replies: makes what the worker gets.
        notes: by whom it was given; see `QueryContext.notes`.
    """

    key: bytes
    what: str
    how: str
    rows: int
    replies: Callable[[], Iterator[Reply]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Apart:
    """A frame has to ask for itself.

    Attributes:
        what: the question in a few words.
        reason: as `Shared.reason`.
    """

    what: str
    reason: str


class SharedAnswers(Protocol):
    """What frames share of a dataset, as far as it is the same in all languages; see `CommonSharing`."""

    def withdraw(self, run: RunId) -> None:
        """The first call of a run has ended, or will not be made, or asks something else first."""
        ...

    def note_used(self, ready: ReadyAnswer, asker: Asker, *, again: bool = True) -> None:
        """Count an answer that a frame was given.

        Args:
            ready: the answer.
            asker: the call that got it.
            again: whether it was given before it was asked for, so that the question is not counted yet.
        """
        ...

    def note_apart(self, apart: Apart, asker: Asker, notes: Sequence[str]) -> None:
        """Count what a frame asked for itself.

        Args:
            apart: what and why.
            asker: the frame's call.
            notes: by whom it was answered.
        """
        ...


_Sharing = TypeVar("_Sharing", contravariant=True)


class Question(Protocol[_Sharing]):
    """A request for rows. What frames share is asked with `ask`, what a frame asks for itself with `own`."""

    @property
    def what(self) -> str:
        """The question in a few words."""
        ...

    @property
    def apart(self) -> str:
        """Why the frame asks for itself, whatever others ask; "" if it may share an answer."""
        ...

    @property
    def unsure(self) -> str:
        """Why an answer over no rows does not tell who answers where there are some; "" if it does."""
        ...

    def over_baseline(self) -> Question[_Sharing] | None:
        """The same about the baseline, as if that were the dataset; None if it reads the frame."""
        ...

    def known(self, sharing: _Sharing, asker: Asker) -> ReadyAnswer | None:
        """The answer if it is in memory; nothing is asked, and nothing counted."""
        ...

    def ask(self, sharing: _Sharing, asker: Asker) -> ReadyAnswer | Apart:
        """The answer that frames share, or that the frame asks for itself.

        Raises:
            BackendLost, Interrupted: as `BackendSession.execute`.
        """
        ...

    def own(self, note: Note) -> Iterator[Reply]:
        """Ask for this frame alone. What can be refused is refused before this returns.

        Args:
            note: is told by whom it was answered.

        Raises:
            FunctionRaised: a function of the author raised.
            PlanRefused: it asks for what a metric may not have.
            LimitExceeded: a limit of the frame was reached.
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to a request that asks for no rows.

    Attributes:
        replies: what the worker gets; may be made only while they are read.
    """

    replies: Iterator[Reply]


Request: TypeAlias = Question[_Sharing] | Told


class RequestReader(Protocol[_Sharing]):
    """Reads what one call asks, and keeps what it has defined: views, settings, functions."""

    def is_free(self, payload: memoryview) -> bool:
        """Whether a request asks nothing of a plan or query, so that it is charged to no limit.

        Raises:
            ChannelGarbage: it is of no known method.
        """
        ...

    def read(self, payload: memoryview) -> Request[_Sharing]:
        """Check a request.

        Args:
            payload: as the worker sent it; of a known method.

        Raises:
            ChannelGarbage: it is none of the requests that an honest worker sends.
            PlanRefused: it asks for what a metric may not have.
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        ...

    def close(self) -> None:
        """The call has ended."""
        ...


class Language(Protocol[_Sharing]):
    """A query language, as one run speaks it with its backend. Thread-safe."""

    @property
    def session(self) -> BackendSession:
        """The run's session on the backend."""
        ...

    @property
    def repeats(self) -> bool:
        """Whether equal calls send equal bytes, so that requests can be answered before they come."""
        ...

    @property
    def function_raised(self) -> ReplyError:
        """What the worker is told where a function of the author raised."""
        ...

    def reader(self, state: CallInProgress) -> RequestReader[_Sharing]:
        """What reads the requests of one call."""
        ...

    def explain(self, error: BackendError) -> ReplyError:
        """A failed query in words for the author."""
        ...
