"""Rows that can be read one time only. Only held here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final


class RowStream:
    """A stream of rows.

    Attributes:
        stream: the iterator of the rows; it can be read only once.
        name: of its type, for messages.
    """

    def __init__(self, stream: Any) -> None:
        """Read nothing yet."""
        self.stream = stream
        self.name = type(stream).__name__
        self._left = [True]

    def take(self) -> bool:
        """Whether nobody took it before; whoever is told so may read it."""
        try:
            return self._left.pop()  # at one stroke, whatever other threads do
        except IndexError:
            return False


# Libraries whose tables give the same rows each time they are asked.
_LASTING: Final = frozenset({"pandas", "pyarrow", "polars", "duckdb", "_duckdb"})


def is_of_spark(source: object) -> bool:
    """Whether an object is PySpark's: its rows stay where they are, and its attributes may be columns.

    Args:
        source: of a dataset.
    """
    return _library(source) == "pyspark"


def is_stream(source: object) -> bool:
    """Whether an object gives its rows once, or may do so: generators, readers, and what is not known.

    Args:
        source: of a dataset.
    """
    if isinstance(source, Iterator):
        return True
    return (
        not is_of_spark(source)
        and hasattr(source, "__arrow_c_stream__")
        and (_library(source) not in _LASTING or hasattr(source, "read_next_batch"))
    )


def _library(source: object) -> str:
    return type(source).__module__.partition(".")[0]
