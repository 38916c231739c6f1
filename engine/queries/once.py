"""A value that one of several threads makes while the others wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from engine.context import QueryContext
from engine.errors import BackendError, Interrupted
from engine.frames.not_fusable import NotFusable

_T = TypeVar("_T")
_TRIES: Final = 2


class Once(Generic[_T]):
    """Made at most once, at the first asking; a maker that was stopped leaves it to the next asker, once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._making = False
        self._made: list[_T] = []
        self._refusal: str | None = None
        self._tries = 0

    @property
    def made(self) -> bool:
        """Whether the value is there."""
        return bool(self._made)

    @property
    def value(self) -> _T | None:
        """The value, if it is there."""
        return self._made[0] if self._made else None

    @property
    def untouched(self) -> bool:
        """Whether nobody has begun to make it."""
        return not (self._making or self._made or self._refusal is not None)

    @property
    def in_progress(self) -> bool:
        """Whether a thread is making it."""
        return self._making

    def get(self, make: Callable[[], _T], context: QueryContext) -> _T:
        """The value.

        Args:
            make: makes it; called by one thread at a time.
            context: of who asks.

        Raises:
            NotFusable: it could not be made; the reason is kept for whoever asks later.
            Interrupted: who asks waits no longer.
        """
        with self._condition:
            context.wait_until(self._condition, lambda: not self._making)
            if self._made:
                return self._made[0]
            if self._refusal is not None:
                raise NotFusable(self._refusal)
            self._making = True
        try:
            made = make()
        except NotFusable as refusal:
            self._end(refusal=refusal.reason)
            raise
        except (BackendError, Interrupted) as error:
            self._tries += 1
            self._end(refusal=_refusal(error) if self._tries == _TRIES else None)
            raise
        except BaseException:
            self._end(refusal="the shared query failed")
            raise
        self._end(made)
        return made

    def _end(self, *made: _T, refusal: str | None = None) -> None:
        """Note what came of it; of a refusal the reason alone: an exception keeps what its frames hold."""
        with self._condition:
            self._making = False
            self._made += made
            self._refusal = refusal
            self._condition.notify_all()


def _refusal(error: BackendError | Interrupted) -> str:
    return "the shared query was stopped" if isinstance(error, Interrupted) else "the server was lost"
