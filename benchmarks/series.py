"""A daily series over 90 days for 10 segments and the full data, against one run without windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.command import benchmark
from benchmarks.data import DAYS, FIRST_DAY, events
from benchmarks.fan_out import evaluate
from benchmarks.fanned import EDGES, number
from benchmarks.metrics import AGGREGATE
from benchmarks.servers import AMPLE, running
from benchmarks.show import OURS, Bar, Row, draw_bars, seconds, show_table
from benchmarks.timing import Way, by_turns
from engine import Dataset, Engine, SegmentGroup, TimeRange
from engine.models.run import Run

_START = FIRST_DAY.astype(datetime).replace(tzinfo=UTC)
_RANGE = TimeRange(start=_START, end=_START + timedelta(days=DAYS))
_PLAIN, _SERIES = "157 frames without windows", "a series of days"


@benchmark("series", rows=5_000_000)
def series(backends: tuple[str, ...], rows: int) -> None:
    """every="1d" over 90 days, 11 series."""
    path = events(rows)
    table: list[Row] = []
    bars: list[Bar] = []
    for backend in backends:
        with running(backend, path) as (engine, _):
            ways = (
                Way(f"fused, {_PLAIN}", lambda: evaluate(engine, AGGREGATE, path, fuse=True)),
                Way(f"fused, {_SERIES}", lambda: _evaluate(engine, path)),
            )
            plain, daily = by_turns(ways).values()
        frames = [number(result) for result in daily.answer.results]
        table += [
            (f"{backend}: {_PLAIN}", seconds(plain.seconds), "", ""),
            (
                f"{backend}: {_SERIES}, {len(frames):,} frames",
                seconds(daily.seconds),
                f"{daily.seconds / plain.seconds:.2f} x",
                "4 x",
            ),
        ]
        bars += [
            (f"{backend}: {_PLAIN}", plain.seconds, OURS),
            (f"{backend}: {len(frames):,} frames by day", daily.seconds, OURS),
        ]
    title = f"{rows:,} rows, {DAYS} days, 11 series"
    show_table(title, ("what (fused)", "seconds", "against no windows", "aim"), table)
    draw_bars("series", title, bars)


def _evaluate(engine: Engine, path: Path) -> Run:
    return engine.evaluate(
        AGGREGATE,
        Dataset(path, timestamp="ts"),
        segments=[SegmentGroup.by_buckets("age", EDGES)],
        time=_RANGE,
        every="1d",
        limits=AMPLE,
        fuse=True,
    )
