"""Of what type the answers of questions are, remembered: it is the same over every frame."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Descriptions(Generic[_T]):
    """The types of answers, by what tells questions apart. Thread-safe."""

    def __init__(self, most: int, most_bytes: int, take: Callable[[int], bool]) -> None:
        """Remember nothing yet.

        Args:
            most: how many are remembered.
            most_bytes: how many bytes they take at most, all together.
            take: takes the bytes for one from what there is room for; False: there is none.
        """
        self._most = most
        self._left = most_bytes
        self._take = take
        self._known: dict[bytes, _T] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._known)

    def get(self, key: bytes) -> _T | None:
        """The type of a question's answer, if it was asked for before."""
        return self._known.get(key)

    def keep(self, key: bytes, described: _T, size: int) -> None:
        """Remember one, while there is room.

        Args:
            key: tells questions apart.
            described: the type of the answer.
            size: the bytes that it takes, without the key.
        """
        size += len(key)
        with self._lock:
            if key in self._known or len(self._known) >= self._most or size > self._left:
                return
            if self._take(size):
                self._left -= size
                self._known[key] = described
