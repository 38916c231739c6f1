"""A column of a dataset that no metric can use. A value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.contract.messages import Problem

COLUMN_UNREADABLE: Final = "column-unreadable"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that cannot be read, and is not among a frame's columns.

    Attributes:
        name: the column's.
        type: its type, in the words of the file.
        reason: why, and what to do.
    """

    name: str
    type: str
    reason: str

    @property
    def message(self) -> str:
        """What somebody who names it is told."""
        return f"the column {self.name!r} cannot be read: its type is {self.type}; {self.reason}"

    @property
    def warning(self) -> Problem:
        """What a run says of it that does not name it."""
        message = f"the column {self.name!r} is left out: its type is {self.type}; {self.reason}"
        return Problem(0, 0, COLUMN_UNREADABLE, message, severity="warning")
