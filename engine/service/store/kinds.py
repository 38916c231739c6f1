"""What the tables say in a word: the states and kinds of work, results and validations. Pure."""

from __future__ import annotations

from typing import Final, Literal

WorkState = Literal["due", "done", "poisoned"]
DUE: Final = "due"
DONE: Final = "done"
POISONED: Final = "poisoned"

WorkKind = Literal["retention", "windows", "recalculation"]
RETENTION: Final = "retention"
WINDOWS: Final = "windows"
RECALCULATION: Final = "recalculation"

ResultKind = Literal["period", "retention"]
PERIOD: Final = "period"

ValidationState = Literal["pending", "ended"]
PENDING: Final = "pending"
ENDED: Final = "ended"


def result_kind(work: WorkKind) -> ResultKind:
    """What the results of work are of that are not of one of its windows."""
    return RETENTION if work == RETENTION else PERIOD
