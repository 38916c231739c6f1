"""One trial of a metric: all data, every segment, a frame without rows and one of a single row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from engine import (
    Baseline,
    Dataset,
    Engine,
    LiveRun,
    ParamsRefused,
    Progress,
    Run,
    SegmentGroup,
    SourceRefused,
    TimeRange,
)
from engine.errors import CalcmetricError
from engine.models.durations import parse_duration, parse_zone
from engine.models.problems import problem_fields
from engine.models.result import GOOD, FrameError, Result
from engine.results.text import TextBudget, clean_text
from engine.service.data.baselines import NOTHING, Compared, dataset_of
from engine.service.data.datasets import SourceOwner, look_at_source
from engine.service.data.health import Data, look, run_fitting
from engine.service.settings import Settings
from engine.service.work.rows import CUT
from engine.wording import said, told

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
        params: the parameters that are set.
        source: of the dataset.
        timestamp: its column of time, or None.
        text: what was said of its files of text, by the names of `Dataset`.
        retention: of the model; looked at only with a timestamp.
        zone: of the model.
        segments: of the model, by their ids.
        as_of: the instant that counts as now.
        settings: of the service.
        reader: the account whose data it is, and whether it is the only one.
        name: of the metric.
        compared: what it is compared with, if it takes a baseline.
    """

    code: str
    params: Mapping[str, object]
    source: str
    timestamp: str | None
    text: Mapping[str, Any]
    retention: str
    zone: str
    segments: Mapping[str, SegmentGroup]
    as_of: datetime
    settings: Settings
    reader: SourceOwner
    name: str
    compared: Compared = NOTHING


def try_metric(
    engine: Engine, trial: Trial, tell: Callable[[int], None], hold: Callable[[LiveRun], None]
) -> dict[str, Any]:
    """Try a metric, and return the final answer.

    Args:
        engine: the engine that calculates.
        trial: what to try, and on which data.
        tell: is told of progress, in percent.
        hold: is given each run that starts, so that it can be cancelled.
    """
    tell(_STARTED)

    def note(progress: Progress) -> None:
        tell(_STARTED + progress.percent * (_FRAMES - _STARTED) // 100)

    data = Data(trial.source, trial.timestamp, trial.zone, trial.reader, trial.text)
    try:
        look_at_source(trial.source, trial.settings, trial.reader)
        trial.compared.look(trial.settings, trial.reader)
        run, fit = run_fitting(
            lambda segments: _run(engine, trial, segments, note, hold),
            trial.segments,
            lambda _: look(engine, trial.settings, data, trial.segments),
        )
    except SourceRefused as refused:
        problems = [problem_fields(problem, "http") for problem in refused.problems]
        return failed("source-refused", "the source is refused", problems=problems)
    except ParamsRefused as refused:
        problems = [problem_fields(problem, "http") for problem in refused.problems]
        return failed("params-refused", "the parameters are refused", problems=problems)
    except CalcmetricError as error:
        return failed("data-error", clean_text(said(error, "http")))
    if run.results[0].status == "cancelled":
        return cancelled()
    tell(_EDGES)
    left_out = [
        _warning("segment-left-out", f"data segment {key}: {text}") for key, text in fit.segments.items()
    ]
    return _answer(run, [*left_out, *_warnings(run, trial), *_edges(engine, trial, hold)])


def _run(
    engine: Engine,
    trial: Trial,
    segments: Mapping[str, SegmentGroup],
    note: Callable[[Progress], None],
    hold: Callable[[LiveRun], None],
) -> Run:
    baseline = trial.compared.baseline
    retention = trial.retention if trial.timestamp else None
    time: TimeRange | None = None
    if retention is not None and baseline is not None and baseline.kind == "previous":
        # What lies before the retention is then looked at as well, or there would be nothing to compare with.
        length = parse_duration(retention, what="retention")
        time = TimeRange(length.before(trial.as_of, parse_zone(trial.zone)), trial.as_of)
        retention = None
    live = engine.submit(
        trial.code,
        Dataset(trial.source, timestamp=trial.timestamp, retention=retention, **trial.text),
        segments=tuple(dict.fromkeys(segments.values())),
        time=time,
        baseline=baseline,
        zone=trial.zone,
        as_of=trial.as_of,
        limits=trial.settings.limits,
        tenant=trial.reader.account,
        name=trial.name,
        params=trial.params,
        on_progress=note,
    )
    hold(live)
    return live.result()


def failed(code: str, message: str, *, problems: list[dict[str, object]] | None = None) -> dict[str, Any]:
    """The final answer of a trial that gave no results."""
    error = FrameError(code, message).to_dict("http")
    return _ended("failed", error=error, problems=problems or [])


def _ended(status: Literal["success", "failed"], **known: Any) -> dict[str, Any]:
    """The final answer of a trial: what is known of it, and else nothing; see `ValidationShown`."""
    nothing: dict[str, Any] = {
        "value": None,
        "result": None,
        "named": {},
        "segments": [],
        "printed": "",
        "seconds": 0.0,
        "error": None,
        "problems": [],
        "warnings": [],
    }
    return {"status": status, "progress": 100, **nothing, **known}


def cancelled() -> dict[str, Any]:
    """The final answer of a trial that was cancelled."""
    return failed("cancelled", "the validation was cancelled; send restart to begin again")


def _answer(run: Run, warnings: list[dict[str, object]]) -> dict[str, Any]:
    shown = [result.to_dict(door="http") for result in run.results]
    full, segments = shown[: len(run.names) or 1], shown[len(run.names) or 1 :]
    named = dict(zip(run.names, full, strict=False))
    printed = TextBudget(_PRINTED, CUT)
    for segment in segments:
        segment["printed"] = printed.fit(str(segment["printed"]))
    bad = [result for result in run.results if result.status not in GOOD]
    first = next((result.error for result in bad if result.error is not None), None)
    return _ended(
        "failed" if bad else "success",
        value=None if named else full[0]["value"],
        result=None if named else full[0],
        named=named,
        segments=segments,
        printed=run.results[0].printed,
        seconds=run.report.seconds,
        time=run.time.to_dict(),
        error=None if first is None else first.to_dict("http"),
        warnings=warnings,
        cut=[cut.to_dict() for cut in run.cut],
        source_sha256=run.source_sha256,
    )


def _warnings(run: Run, trial: Trial) -> Iterator[dict[str, object]]:
    for problem in run.report.warnings:
        if problem.code != "baseline-unused":  # a model's baseline is for those of its metrics that take one
            yield problem_fields(problem, "http")
    if run.results[0].rows == 0:
        hint = (
            f"its rows may be older than the model's retention, {trial.retention}" if trial.timestamp else ""
        )
        yield _warning("no-rows", "the dataset has no rows in the time that was looked at", hint)


def _edges(engine: Engine, trial: Trial, hold: Callable[[LiveRun], None]) -> Iterator[dict[str, object]]:
    """What goes wrong on a frame of a single row, and on one without any."""
    try:
        live = engine.submit(
            trial.code,
            Dataset(trial.source, rows=1, **trial.text),
            segments=[SegmentGroup.where(_NO_ROWS, "1 = 0")],
            zone=trial.zone,
            limits=trial.settings.limits,
            tenant=trial.reader.account,
            name=f"{trial.name} (edges)",
            params=trial.params,
            baseline=_whole_baseline(trial),
        )
        hold(live)
        run = live.result()
    except CalcmetricError as error:
        yield _warning("not-tried", f"small frames could not be tried: {clean_text(said(error, 'http'))}")
        return
    if run.frames < 2:  # stopped before they were found
        yield _warning("not-tried", f"small frames could not be tried: {run.results[0].status}")
        return
    row, nothing = (_worst(run, index) for index in range(2))
    if row.status not in GOOD:
        yield _broken("breaks-on-one-row", "on a frame of a single row", row)
    if nothing.status not in GOOD or nothing.excuse is not None:
        yield _broken("breaks-without-rows", "on a frame without rows", nothing)


def _whole_baseline(trial: Trial) -> Baseline | None:
    """What small frames are compared with: all that there is, as they have no time."""
    if trial.compared.baseline is None:
        return None
    training = trial.compared.training
    return Baseline.data(Dataset(trial.source, **trial.text) if training is None else dataset_of(training))


def _worst(run: Run, index: int) -> Result:
    """What went wrong on a frame with one of the metric's numbers, or the first of them."""
    found = [result for result in run.results if result.frame.index == index]
    return next((result for result in found if result.status not in GOOD), found[0])


def _broken(code: str, where: str, result: Result) -> dict[str, object]:
    error = result.error or result.excuse
    assert error is not None
    status = "raised" if result.error is None else result.status
    hint = told(error.hint, "http") or _HINTS[code]
    return _warning(code, f"{where}: {status}: {error.message}", hint, error.line)


def _warning(code: str, message: str, hint: str = "", line: int | None = None) -> dict[str, object]:
    return {
        "severity": "warning",
        "line": line,
        "column": None,
        "code": code,
        "message": message,
        "hint": hint,
    }
