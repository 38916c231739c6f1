"""One metric over many frames, finished. Pure values; `to_dict` is one entry of the documented `runs`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from engine.errors import UsageError
from engine.models.durations import parse_zone
from engine.models.frame import Segment
from engine.models.result import Cut, Result
from sandbox.contract.messages import Problem


@dataclass(frozen=True, slots=True)
class RunTime:
    """The time that a run covers.

    Attributes:
        start: first instant inside, in UTC; None: no lower bound.
        end: first instant after it, in UTC; None: no upper bound.
        as_of: what "now" was for the run, in UTC, or None.
        zone: IANA name of the zone of its windows.
    """

    start: datetime | None = None
    end: datetime | None = None
    as_of: datetime | None = None
    zone: str = "UTC"

    def to_dict(self) -> dict[str, object]:
        """JSON form: ISO 8601 texts with the zone's offset, and the zone's name."""
        zone = parse_zone(self.zone)
        instants = {"start": self.start, "end": self.end, "as_of": self.as_of}
        texts = {name: None if t is None else t.astimezone(zone).isoformat() for name, t in instants.items()}
        return {**texts, "zone": self.zone}


@dataclass(frozen=True, slots=True)
class Shared:
    """How often a question of the metric was answered in one way.

    Attributes:
        plan: what was asked, in a few words: "filter, aggregate".
        how: "cells" (one query for all frames, rolled up from the finest cells), "rows" (one scan for all
            frames, cut by frame), "families" (one query for each segment group), "frame" (one query for
            each frame) or "empty" (once for all frames that have no rows).
        frames: how many times.
        reason: for "frame" why; else "".
    """

    plan: str
    how: str
    frames: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run cost.

    Attributes:
        queries: queries sent to the backend, those that count rows included.
        seconds: from the admission of the run to its last result.
        peak_memory_bytes: the most that any of its workers used; None if unknown.
        workers: worker processes that it used.
        cut: rows in no segment, by group.
        warnings: what the check of the source warns of.
        sharing: how the questions of the metric were answered; empty if frames were not to share queries.
    """

    queries: int = 0
    seconds: float = 0.0
    peak_memory_bytes: int | None = None
    workers: int = 0
    cut: tuple[Cut, ...] = ()
    warnings: tuple[Problem, ...] = ()
    sharing: tuple[Shared, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """JSON form; `cut` stands beside the report, not in it."""
        data = asdict(self)
        del data["cut"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        metric: the metric's name, such as its file name.
        source_sha256: hex digest of the source's bytes.
        backend: the backend's name.
        engine: version of calcmetric.
        time: the time covered.
        results: one for each frame, in the order of their indices; the first is the full data.
        report: what it cost, and what was cut.
    """

    metric: str
    source_sha256: str
    backend: str
    engine: str
    time: RunTime
    results: tuple[Result, ...]
    report: Report

    def __post_init__(self) -> None:
        if [result.frame.index for result in self.results] != list(
            range(len(self.results))
        ) or not self.results:
            raise UsageError("a run has one result for each frame, in order, the full data first")

    @property
    def overall(self) -> Result:
        """The result on the full data over the whole range."""
        return self.results[0]

    @property
    def cut(self) -> tuple[Cut, ...]:
        """Rows in no segment, by group."""
        return self.report.cut

    def to_dict(self) -> dict[str, object]:
        """JSON form: one entry of `runs`. Holds no NaN and no infinity."""
        zone = parse_zone(self.time.zone)
        return {
            "metric": self.metric,
            "source_sha256": self.source_sha256,
            "backend": self.backend,
            "engine": self.engine,
            "time": self.time.to_dict(),
            "results": [result.to_dict(zone) for result in self.results],
            "cut": [cut.to_dict() for cut in self.cut],
            "report": self.report.to_dict(),
        }

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row for each frame.

        Columns: group, segment (the member; a pair for a cross), type, window_start and window_end (in the
        run's zone, NaT if none), status, value, rows (Int64), seconds, printed, code, message, line, hint.
        """
        import pandas as pd  # here, for it takes half a second, and most callers read `results`

        zone = parse_zone(self.time.zone)
        table = pd.DataFrame([_row(result) for result in self.results], columns=list(_row(self.results[0])))
        for name in ("window_start", "window_end"):
            table[name] = _instants(pd, table[name], zone)
        return table.astype({"rows": "Int64", "line": "Int64", "value": "float64"})


def _row(result: Result) -> dict[str, object]:
    segment = result.frame.segment or Segment("", None, "null")
    window, error, full = result.frame.window, result.error, result.frame.segment is None
    return {
        "group": None if full else segment.group,
        "segment": None if full else segment.value,
        "type": None if full else segment.type,
        "window_start": window and window.start,
        "window_end": window and window.end,
        "status": result.status,
        "value": result.value,
        "rows": result.rows,
        "seconds": result.seconds,
        "printed": result.printed,
        "code": error and error.code,
        "message": error and error.message,
        "line": error and error.line,
        "hint": error and error.hint,
    }


def _instants(pd: Any, column: Any, zone: tzinfo) -> Any:
    return pd.to_datetime(column, utc=True).astype(pd.DatetimeTZDtype("us", UTC)).dt.tz_convert(zone)
