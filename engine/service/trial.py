"""One trial of a metric: all data, every segment, a frame without rows and one of a single row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine import Dataset, Engine, LiveRun, Progress, Run, SegmentGroup, SourceRefused
from engine.errors import CalcmetricError
from engine.models.result import GOOD, Result
from engine.results.text import clean_text
from engine.service.datasets import look_at_source
from engine.service.problems import problem_fields
from engine.service.rows import CUT
from engine.service.settings import Settings

# The share of each part of a trial in its progress, in percent.
_STARTED: Final = 2
_FRAMES: Final = 90
_EDGES: Final = 95
_NO_ROWS: Final = "no rows"
# Characters of what all segments printed, together.
_PRINTED: Final = 1 << 18
_HINTS: Final = {
    "breaks-on-one-row": "segments may be small: see what it does where there is little to compute on",
    "breaks-without-rows": 'segments and windows without rows then say "no_data"; to say more, begin with: '
    'if not df.limit(1).count(): return float("nan")',
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried on what.

    Attributes:
        code: the metric's source.
        source: of the dataset.
        timestamp: its column of time, or None.
        retention: of the model; looked at only with a timestamp.
        zone: of the model.
        segments: of the model.
        as_of: what now is.
        settings: of the service.
        tenant: whose it is.
        name: of the metric.
    """

    code: str
    source: str
    timestamp: str | None
    retention: str
    zone: str
    segments: tuple[SegmentGroup, ...]
    as_of: datetime
    settings: Settings
    tenant: str
    name: str


def try_metric(
    engine: Engine, trial: Trial, tell: Callable[[int], None], hold: Callable[[LiveRun], None]
) -> dict[str, Any]:
    """Try a metric, and return the final answer.

    Args:
        engine: where.
        trial: what.
        tell: told of progress, in percent.
        hold: given each run that starts, to cancel it.
    """
    tell(_STARTED)
    retention = trial.retention if trial.timestamp else None
    dataset = Dataset(trial.source, timestamp=trial.timestamp, retention=retention)

    def note(progress: Progress) -> None:
        tell(_STARTED + progress.percent * (_FRAMES - _STARTED) // 100)

    try:
        look_at_source(trial.source, trial.settings)
        live = engine.submit(
            trial.code,
            dataset,
            segments=trial.segments,
            zone=trial.zone,
            as_of=trial.as_of,
            limits=trial.settings.limits,
            tenant=trial.tenant,
            name=trial.name,
            on_progress=note,
        )
        hold(live)
        run = live.result()
    except SourceRefused as refused:
        problems = [problem_fields(problem) for problem in refused.problems]
        return failed("source-refused", "the source is refused", problems=problems)
    except CalcmetricError as error:
        return failed("data-error", clean_text(str(error)))
    if run.overall.status == "cancelled":
        return cancelled()
    tell(_EDGES)
    warnings = [*_warnings(run, trial), *_edges(engine, trial, hold)]
    return _answer(run, warnings)


def failed(code: str, message: str, *, problems: list[dict[str, object]] | None = None) -> dict[str, Any]:
    """The final answer of a trial that gave no results."""
    error = {"code": code, "message": message, "line": None, "hint": ""}
    return {
        "status": "failed",
        "progress": 100,
        "value": None,
        "result": None,
        "segments": [],
        "printed": "",
        "seconds": 0.0,
        "error": error,
        "problems": problems or [],
        "warnings": [],
    }


def cancelled() -> dict[str, Any]:
    """The final answer of a trial that was cancelled."""
    return failed("cancelled", "the validation was cancelled; send restart to begin again")


def _answer(run: Run, warnings: list[dict[str, object]]) -> dict[str, Any]:
    full, *segments = [result.to_dict() for result in run.results]
    _cut_printed(segments)
    bad = [result for result in run.results if result.status not in GOOD]
    first = next((result.error for result in bad if result.error is not None), None)
    return {
        "status": "failed" if bad else "success",
        "progress": 100,
        "value": full["value"],
        "result": full,
        "segments": segments,
        "printed": run.overall.printed,
        "seconds": run.report.seconds,
        "time": run.time.to_dict(),
        "error": None if first is None else first.to_dict(),
        "problems": [],
        "warnings": warnings,
        "cut": [cut.to_dict() for cut in run.cut],
        "source_sha256": run.source_sha256,
    }


def _cut_printed(segments: list[dict[str, Any]]) -> None:
    left = _PRINTED
    for segment in segments:
        if len(segment["printed"]) > left:
            segment["printed"] = segment["printed"][:left] + CUT
        left = max(0, left - len(segment["printed"]))


def _warnings(run: Run, trial: Trial) -> Iterator[dict[str, object]]:
    for problem in run.report.warnings:
        yield problem_fields(problem)
    if run.overall.rows == 0:
        hint = (
            f"its rows may be older than the model's retention, {trial.retention}" if trial.timestamp else ""
        )
        yield _warning("no-rows", "the dataset has no rows in the time that was looked at", hint)


def _edges(engine: Engine, trial: Trial, hold: Callable[[LiveRun], None]) -> Iterator[dict[str, object]]:
    """What goes wrong on a frame of a single row, and on one without any."""
    try:
        live = engine.submit(
            trial.code,
            Dataset(trial.source, rows=1),
            segments=[SegmentGroup.where(_NO_ROWS, "1 = 0")],
            zone=trial.zone,
            limits=trial.settings.limits,
            tenant=trial.tenant,
            name=f"{trial.name} (edges)",
        )
        hold(live)
        run = live.result()
    except CalcmetricError as error:
        yield _warning("not-tried", f"small frames could not be tried: {clean_text(str(error))}")
        return
    if len(run.results) < 2:  # stopped before they were found
        yield _warning("not-tried", f"small frames could not be tried: {run.overall.status}")
        return
    row, nothing = run.results
    if row.status not in GOOD:
        yield _broken("breaks-on-one-row", "on a frame of a single row", row)
    if nothing.status not in GOOD or nothing.excuse is not None:
        yield _broken("breaks-without-rows", "on a frame without rows", nothing)


def _broken(code: str, where: str, result: Result) -> dict[str, object]:
    error = result.error or result.excuse
    assert error is not None
    status = "raised" if result.error is None else result.status
    return _warning(code, f"{where}: {status}: {error.message}", error.hint or _HINTS[code], error.line)


def _warning(code: str, message: str, hint: str = "", line: int | None = None) -> dict[str, object]:
    return {
        "severity": "warning",
        "line": line,
        "column": None,
        "code": code,
        "message": message,
        "hint": hint,
    }
