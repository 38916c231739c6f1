"""The tagged outcome of one frame. Pure values; only `ok` and `nan` carry the guest's number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final, Literal

from engine.errors import UsageError
from engine.models.frame import Frame

Status = Literal[
    "ok", "nan", "no_data", "invalid_output", "raised", "refused", "limit", "lost", "backend_error",
    "cancelled",
]  # fmt: skip

# What each status means, for documentation, tables and tests.
STATUSES: Final[dict[Status, str]] = {
    "ok": "a finite number",
    "nan": "NaN on a frame that has rows",
    "no_data": "the frame has no rows, and calc_metric returned NaN or None, or raised",
    "invalid_output": "calc_metric returned something that is not a number or NaN",
    "raised": "calc_metric raised an exception",
    "refused": "the language layer or the gateway said no",
    "limit": "a limit was reached",
    "lost": "the worker process died by itself",
    "backend_error": "the data engine failed",
    "cancelled": "the caller cancelled the run",
}

# The statuses that leave exit status 0: a number, NaN, or nothing to compute on.
GOOD: Final[frozenset[Status]] = frozenset({"ok", "nan", "no_data"})


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

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        return {"code": self.code, "message": self.message, "line": self.line, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one frame.

    Attributes:
        frame: which.
        status: a key of `STATUSES`.
        value: the number if `ok`, else NaN.
        rows: rows of the frame; None if they were not counted.
        error: set exactly if the status is not `ok`, `nan` or `no_data`.
        printed: what calc_metric printed.
        seconds: the duration of this frame's own call.
        excuse: with `no_data`: what calc_metric raised, if it raised.
    """

    frame: Frame
    status: Status
    value: float = math.nan
    rows: int | None = None
    error: FrameError | None = None
    printed: str = ""
    seconds: float = 0.0
    excuse: FrameError | None = None

    def __post_init__(self) -> None:
        if (self.status == "ok") != math.isfinite(self.value) or math.isinf(self.value):
            raise UsageError(f"a result {self.status!r} cannot have the value {self.value}")
        if (self.error is None) != (self.status in GOOD):
            raise UsageError(f"a result {self.status!r} with error {self.error}")

    def to_dict(self, zone: tzinfo = UTC) -> dict[str, object]:
        """JSON form; NaN is null."""
        return {
            **self.frame.to_dict(zone),
            "status": self.status,
            "value": self.value if self.status == "ok" else None,
            "rows": self.rows,
            "seconds": self.seconds,
            "printed": self.printed,
            "error": None if self.error is None else self.error.to_dict(),
        }


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
