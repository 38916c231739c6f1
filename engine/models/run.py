"""One metric over many frames, finished. Pure values; `to_dict` is one entry of the documented `runs`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.errors import UsageError
from engine.models.baseline import Baseline
from engine.models.durations import parse_zone
from engine.models.problems import problem_fields
from engine.models.result import Cut, Result
from engine.models.tables import TableRead
from engine.wording import Door
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Value

if TYPE_CHECKING:
    from engine.display.saving import Target


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
        reason: for "frame" why frames could not share it; for those that Spark answered in a run with
            native answers, also why not natively; else "".
        answered_by: "native", or the backend's name.
    """

    plan: str
    how: str
    frames: int
    reason: str = ""
    answered_by: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a metric.

    Attributes:
        plan: what was asked, in a few words: "filter, aggregate".
        answered_by: "native", or the backend's name.
        reason: for what Spark answered in a run with native answers, why not natively; else "".
    """

    plan: str
    answered_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """How often what was asked of the backend was answered by whom, in a run with native answers.

    Attributes:
        by: "native" or "spark".
        times: how often, questions for types included.
        reason: for "spark" why not natively; else "".
    """

    by: str
    times: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run cost.

    Attributes:
        queries: queries sent to the backend, those that count rows included.
        seconds: from the admission of the run to its last result.
        peak_memory_bytes: the most that any of its workers used; None if unknown.
        worker_seconds: processor time of its workers.
        fetched_bytes: Arrow bytes that its frames fetched.
        workers: worker processes that it used.
        cut: rows in no segment, by group.
        warnings: what the check of the source warns of.
        sharing: how the questions of the metric were answered; empty if frames were not to share queries.
        answered: by whom, of runs that had their dataset at the same time together; empty without native
            answers.
        tables: which versions of tables were read, and how much of them.
    """

    queries: int = 0
    seconds: float = 0.0
    peak_memory_bytes: int | None = None
    worker_seconds: float = 0.0
    fetched_bytes: int = 0
    workers: int = 0
    cut: tuple[Cut, ...] = ()
    warnings: tuple[Problem, ...] = ()
    sharing: tuple[Shared, ...] = ()
    answered: tuple[Answered, ...] = ()
    tables: tuple[TableRead, ...] = ()

    def to_dict(self, door: Door = "python") -> dict[str, object]:
        """JSON form, in the words of a door; `cut` stands beside the report, not in it."""
        data = asdict(self)
        del data["cut"]
        # Keys stay in the order that saved files have them in.
        data["warnings"] = [asdict(problem) | problem_fields(problem, door) for problem in self.warnings]
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
        results: one for each frame, in the order of their indices; the first is the full data. Of a metric
            that gives several numbers, one for each frame and name, in the order of frames, then of names.
        report: what it cost, and what was cut.
        params: the parameters of calc_metric that were set.
        baseline: what it compared with; None: it took one frame.
        id: tells it from all other runs; a table that has it already takes it no second time.
    """

    metric: str
    source_sha256: str
    backend: str
    engine: str
    time: RunTime
    results: tuple[Result, ...]
    report: Report
    params: Mapping[str, Value] = field(default_factory=dict)
    baseline: Baseline | None = None
    id: str = ""

    def __post_init__(self) -> None:
        names = self.names or (None,)
        frames = len(self.results) // len(names)
        expected = [(index, name) for index in range(frames) for name in names]
        if [(one.frame.index, one.name) for one in self.results] != expected or not self.results:
            raise UsageError("a run has one result for each frame and name, in order, the full data first")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the numbers that the metric gives, in their order; empty if it gives one."""
        first = itertools.takewhile(lambda one: one.frame.index == 0, self.results)
        return tuple(one.name for one in first if one.name is not None)

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.results[-1].frame.index + 1

    @property
    def overall(self) -> Result:
        """The result on the full data over the whole range, of a metric that gives one number.

        Raises:
            UsageError: it gives several; see `named`.
        """
        if self.names:
            shown = ", ".join(self.names)
            raise UsageError(f"{self.metric} gives several numbers ({shown}): use run.named[name]")
        return self.results[0]

    @property
    def named(self) -> Mapping[str, Result]:
        """The results on the full data over the whole range, by name; empty for a metric of one number."""
        return {name: self.results[place] for place, name in enumerate(self.names)}

    @property
    def cut(self) -> tuple[Cut, ...]:
        """Rows in no segment, by group."""
        return self.report.cut

    def to_dict(self, door: Door = "python") -> dict[str, object]:
        """JSON form: one entry of `runs`, in the words of a door. Holds no NaN and no infinity."""
        zone = parse_zone(self.time.zone)
        return {
            "id": self.id,
            "metric": self.metric,
            "source_sha256": self.source_sha256,
            "params": dict(self.params),
            **({} if self.baseline is None else {"baseline": self.baseline.to_dict()}),
            "backend": self.backend,
            "engine": self.engine,
            "time": self.time.to_dict(),
            "results": [result.to_dict(zone, door) for result in self.results],
            "cut": [cut.to_dict() for cut in self.cut],
            "report": self.report.to_dict(door),
        }

    def to_pandas(self, door: Door = "python") -> Any:
        """A pandas DataFrame with one row for each frame, or for each frame and name.

        Columns: group, segment (the member; a pair for a cross), type, window_start and window_end (in the
        run's zone, NaT if none), name (only if there are names), status, value, rows (Int64), baseline_rows
        (likewise, only if it compared with something), seconds, printed, code, message, line, hint.
        """
        from engine.results.tables import run_frame  # here: pandas takes a while, and most read `results`

        return run_frame(self, door)

    def chart(self) -> Any:
        """An Altair chart: lines by window, else bars by segment; a part for each of several numbers.

        Where there is no number a line has a gap, and a sign says which status the result has. Notebooks show
        the chart as a picture, without a script from elsewhere.

        Raises:
            UsageError: what draws charts is not installed (the extra `report`).
        """
        from engine.display.charts import chart_of

        return chart_of((self,))

    def save(self, path: Target) -> None:
        """Save it to a file, whose ending says how, replacing one that is there; or append it to a table.

        Args:
            path: ends in .html (a report in one file, without scripts and without network), .png or .svg (the
                chart), .json (as the command line prints it), .csv or .parquet (a row for each result). Or
                "delta:PATH_OR_URL", a Delta table, or "parquet:PATH_OR_URL", a folder of Parquet files: rows
                are appended there, with the same columns always, once for each `id`.

        Raises:
            UsageError: the ending is unknown, the folder is not there, or what it needs is not installed.
            DataError: the table takes no results, or its store fails.
            OSError: the file cannot be written.
        """
        from engine.display.saving import save_runs

        save_runs((self,), path)

    def _repr_html_(self) -> str:
        from engine.display.pages import run_cell

        return run_cell(self)
