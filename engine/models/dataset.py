"""What a run reads, as the caller names it. Only held here: the backend looks at the source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine.errors import UsageError
from engine.models.durations import Duration, parse_duration


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A source of rows.

    Attributes:
        source: a path or glob (str or PathLike), a table name on the backend, a pandas DataFrame, a pyarrow
            Table, or a Spark Connect DataFrame of the caller's own session.
        timestamp: name of the column that says when a row happened (TIMESTAMP, TIMESTAMP_NTZ or DATE).
        retention: how far back before `as_of` a run may look, such as "90d" or a timedelta; None: all.
        rows: only so many of its rows, whichever the backend reads first: to try a metric. None: all.

    Raises:
        UsageError: no source, a retention that is no duration, or a retention without a timestamp, or rows
            that are no positive number.
    """

    source: Any
    timestamp: str | None = None
    retention: str | timedelta | Duration | None = None
    rows: int | None = None

    def __post_init__(self) -> None:
        if self.source is None or (isinstance(self.source, str) and not self.source.strip()):
            raise UsageError("a dataset needs a source: a path, a table or a DataFrame")
        if self.timestamp is not None and (not isinstance(self.timestamp, str) or not self.timestamp):
            raise UsageError(f"timestamp must be the name of a column, not {self.timestamp!r}")
        if self.rows is not None and (type(self.rows) is not int or self.rows < 1):
            raise UsageError(f"rows must be a positive whole number, not {self.rows!r}")
        if self.retention is not None:
            object.__setattr__(self, "retention", parse_duration(self.retention, what="retention"))
            if self.timestamp is None:
                raise UsageError(
                    f"retention {self.retention} needs to know when a row happened: "
                    "name its column, Dataset(..., timestamp='ts') or --timestamp ts"
                )

    @property
    def retention_length(self) -> Duration | None:
        """The parsed retention."""
        return None if self.retention is None else parse_duration(self.retention)
