"""What belongs to a question beside the question itself, handed down whole."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal, TypeAlias

from engine.errors import Interrupted

_POLL_SECONDS: Final = 0.05  # how late a cancel may be heard

Reason = Literal["deadline", "cancelled"]
# Settings of a session beyond those that all have, in order of their names.
Settings: TypeAlias = tuple[tuple[str, str], ...]
# Is told of each answer by whom it was given: "" natively, else why the data engine behind had to.
Note: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """A moment after which nobody waits any more.

    Attributes:
        at: monotonic seconds; infinite: there is no such moment.
    """

    at: float

    never: ClassVar[Deadline]

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self.at

    def remaining(self) -> float:
        """Seconds that are left: none once it has passed, infinitely many if it never does."""
        return max(0.0, self.at - time.monotonic())

    def timeout(self) -> float | None:
        """Seconds that are left for what takes None if there is no bound."""
        return None if self == Deadline.never else self.remaining()

    def sooner(self, other: Deadline) -> Deadline:
        """The one of two that passes first."""
        return min(self, other)

    def half(self) -> Deadline:
        """When half of the time that is left is over."""
        return Deadline.after(self.remaining() / 2)


Deadline.never = Deadline(math.inf)


@dataclass(frozen=True, slots=True, eq=False)
class RunId:
    """Tells a run, or what runs do together, from all others; equal to nothing but itself.

    Attributes:
        label: what the log calls it.
    """

    label: str

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class QueryContext:
    """How a question is asked: made once, and handed down whole to who answers it.

    Attributes:
        deadline: when the query is interrupted.
        cancel: interrupts it once set; None: nothing does.
        run: whose question it is; None: that of all runs that have the session together.
        isolated: whether it was lost before; a local server answers nothing beside it.
        ordered: whether the order of the rows means anything.
        settings: under which it is asked, beyond those that all questions have.
        notes: told by whom it was answered, where there is more than one.
    """

    deadline: Deadline = Deadline.never
    cancel: threading.Event | None = None
    run: RunId | None = None
    isolated: bool = False
    ordered: bool = True
    settings: Settings = ()
    notes: tuple[Note, ...] = ()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.cancel is not None and self.cancel.is_set()

    @property
    def over(self) -> Reason | None:
        """Why nobody waits for the answer any longer; None: somebody does."""
        if self.cancelled:
            return "cancelled"
        return "deadline" if self.deadline.passed else None

    def check(self) -> None:
        """Raise `Interrupted` if nobody waits for the answer any longer."""
        if reason := self.over:
            raise Interrupted(reason)

    def within(self, seconds: float) -> QueryContext:
        """The same for so many seconds from now at most."""
        return replace(self, deadline=self.deadline.sooner(Deadline.after(seconds)))

    def half(self) -> QueryContext:
        """The same for half of the time that is left: what is tried first leaves as much to what follows."""
        return replace(self, deadline=self.deadline.half())

    def shared(self) -> QueryContext:
        """That of a question for all runs, which is answered as long as this one is waited for."""
        return QueryContext(self.deadline, self.cancel)

    def isolate(self) -> QueryContext:
        """The same for a question that was lost before, which is asked with nothing beside it."""
        return replace(self, isolated=True)

    def unordered(self) -> QueryContext:
        """The same for rows in any order."""
        return replace(self, ordered=False)

    def told(self, note: Note) -> QueryContext:
        """The same, which tells another one by whom the question was answered."""
        return replace(self, notes=(*self.notes, note))

    def wait(self, event: threading.Event) -> None:
        """Wait until an event is set.

        Raises:
            Interrupted: it was not in time.
        """
        while not event.wait(self._time_to_look()):
            self.check()

    def wait_until(self, condition: threading.Condition, holds: Callable[[], bool]) -> None:
        """Wait until something holds that a condition, which is held here, is notified of.

        Raises:
            Interrupted: it did not in time.
        """
        while not holds():
            self.check()
            condition.wait(self._time_to_look())

    def pause(self, seconds: float) -> None:
        """Wait so many seconds, or until nobody waits for the answer any longer."""
        seconds = min(seconds, self.deadline.remaining())
        if self.cancel is None:
            time.sleep(seconds)
        else:
            self.cancel.wait(seconds)

    def _time_to_look(self) -> float | None:
        """How long to wait until the next look; None: there is nothing to look at."""
        if self.cancel is not None:
            return _POLL_SECONDS
        return self.deadline.timeout()


# Of what belongs to no question, such as the start of a server.
UNBOUNDED: Final = QueryContext()
