"""What the calls of a run ask first, so that the next one can be answered before it asks."""

from __future__ import annotations

from typing import Final

# Calls that may ask something else before nothing is prefetched any more.
_MOST_MISSES: Final = 10


class ExpectedRequest:
    """What is expected of the next call of a run. Thread-safe: a race costs one wrong guess."""

    def __init__(self) -> None:
        self._request: bytes | None = None
        self._misses = 0

    @property
    def request(self) -> bytes | None:
        """The fetch that the next call is expected to begin with; None if there is none."""
        return self._request if self._misses < _MOST_MISSES else None

    def note_first(self, request: bytes | None) -> None:
        """A call began with this fetch; None: with something else."""
        self._request = request

    def note_miss(self) -> None:
        """A call did not ask what was expected."""
        self._misses += 1
