"""The tagged outcome of one frame. Pure values; only `ok` and `nan` carry the guest's number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final, Literal

from engine.errors import UsageError
from engine.models.frame import Frame
from engine.models.outcome import outcome_fields
from engine.wording import Door, told

Status = Literal[
    "ok", "nan", "no_data", "missing", "invalid_output", "raised", "refused", "limit", "lost",
    "backend_error", "cancelled",
]  # fmt: skip

# What each status means, for documentation, tables and tests.
STATUSES: Final[dict[Status, str]] = {
    "ok": "a finite number",
    "nan": "NaN on a frame that has rows",
    "no_data": "the frame or its baseline has no rows, and calc_metric returned NaN or None, or raised",
    "missing": "of several numbers, calc_metric gave others on this frame, and not this one",
    "invalid_output": "calc_metric returned something that is not a number or NaN",
    "raised": "calc_metric raised an exception",
    "refused": "the language layer or the gateway said no",
    "limit": "a limit was reached",
    "lost": "the worker process died by itself",
    "backend_error": "the data engine failed",
    "cancelled": "the caller cancelled the run",
}

# The statuses that leave exit status 0: a number, NaN, nothing to compute on, or no such number here.
GOOD: Final[frozenset[Status]] = frozenset({"ok", "nan", "no_data", "missing"})


@dataclass(frozen=True, slots=True)
class FrameError:
    """Why a frame has no number, for the author.

    Attributes:
        code: a key of `engine.models.codes.CODES`, or the code of a refusal.
        message: what happened; no host paths, no control characters.
        line: 1-based line of the author's source, or None.
        hint: what to do instead; may be empty.
    """

    code: str
    message: str
    line: int | None = None
    hint: str = ""

    def to_dict(self, door: Door = "python") -> dict[str, object]:
        """JSON form, in the words of a door."""
        message, hint = told(self.message, door), told(self.hint, door)
        return {"code": self.code, "message": message, "line": self.line, "hint": hint}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one frame, or of one of the several numbers of one.

    Attributes:
        frame: the frame that this is the outcome of.
        status: a key of `STATUSES`.
        value: the number if `ok`, else NaN.
        rows: rows of the frame; None if they were not counted.
        error: set exactly if the status is none of `GOOD`.
        printed: what calc_metric printed; of several numbers, only the first has it.
        seconds: the duration of this frame's own call.
        excuse: with `no_data`: what calc_metric raised, if it raised.
        name: which of several numbers it is; None for a plain number.
        baseline_rows: rows of the frame's baseline; None if calc_metric takes none, or they were not counted.
    """

    frame: Frame
    status: Status
    value: float = math.nan
    rows: int | None = None
    error: FrameError | None = None
    printed: str = ""
    seconds: float = 0.0
    excuse: FrameError | None = None
    name: str | None = None
    baseline_rows: int | None = None

    def __post_init__(self) -> None:
        if (self.status == "ok") != math.isfinite(self.value) or math.isinf(self.value):
            raise UsageError(f"a result {self.status!r} cannot have the value {self.value}")
        if (self.error is None) != (self.status in GOOD):
            raise UsageError(f"a result {self.status!r} with error {self.error}")

    def to_dict(self, zone: tzinfo = UTC, door: Door = "python") -> dict[str, object]:
        """JSON form, in the words of a door; NaN is null."""
        fields = outcome_fields(self)
        if self.baseline_rows is None:
            del fields["baseline_rows"]
        return {
            **self.frame.to_dict(zone),
            **fields,
            "error": None if self.error is None else self.error.to_dict(door),
        }

    def _repr_html_(self) -> str:
        from engine.display.pages import result_cell  # here: only notebooks ask for it

        return result_cell(self)


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of the run's range that are in no segment of a group.

    Attributes:
        group: the group's name; for a cross a pair.
        members: values that were found but got no segment (beyond `top`, or not among the given ones).
        rows: rows in none of the group's segments: those of such values, and those in no bucket or term.
    """

    group: str | tuple[str, str]
    members: int
    rows: int

    def to_dict(self) -> dict[str, object]:
        """JSON form; a cross has an array."""
        group = list(self.group) if isinstance(self.group, tuple) else self.group
        return {"group": group, "members": self.members, "rows": self.rows}
