"""What is remembered for a few seconds, so that clients that poll cost little. Thread-safe."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

_T = TypeVar("_T")
_MOST: Final = 10_000


class TtlCache(Generic[_T]):
    """Values by their keys, each for some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, tuple[_T, float]] = OrderedDict()

    def get(self, key: Hashable) -> _T | None:
        """The value of a key, if it is not too old."""
        with self._lock:
            found = self._held.get(key)
            return found[0] if found is not None and time.monotonic() < found[1] else None

    def knew(self, key: Hashable) -> bool:
        """Whether a key has, or not long ago had, a value."""
        with self._lock:
            return key in self._held

    def put(self, key: Hashable, value: _T) -> None:
        """Remember a value under its key; of too many, the oldest is forgotten."""
        with self._lock:
            self._held.pop(key, None)
            self._held[key] = (value, time.monotonic() + self._seconds)
            if len(self._held) > _MOST:
                self._held.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Forget the value of a key before its time, as it holds no longer."""
        with self._lock:
            self._held.pop(key, None)
