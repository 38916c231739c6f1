"""Twenty small metrics over 157 frames: in one call, and in twenty."""

from __future__ import annotations

from pathlib import Path

from benchmarks.command import benchmark
from benchmarks.data import events
from benchmarks.fan_out import evaluate
from benchmarks.fanned import difference, groups, values_of
from benchmarks.metrics import small_metrics
from benchmarks.servers import AMPLE, running
from benchmarks.show import DIRECT, OURS, Bar, Row, against, draw_bars, seconds, show_table
from benchmarks.timing import Way, by_turns
from engine import Dataset, Engine
from engine.models.run import Run

_TOGETHER, _APART = "evaluate_many, fused", "20 x evaluate, fused"


@benchmark("many", rows=5_000_000)
def many(backends: tuple[str, ...], rows: int) -> None:
    """20 metrics x 157 frames: evaluate_many against separate runs."""
    path = events(rows)
    table: list[Row] = []
    bars: list[Bar] = []
    for backend in backends:
        with running(backend, path) as (engine, _):
            ways = (
                Way(_TOGETHER, lambda: _together(engine, path), times=3),
                Way(_APART, lambda: _apart(engine, path), times=3),
            )
            together, apart = by_turns(ways).values()
        table += [
            (f"{backend}: {_TOGETHER}", seconds(together.seconds), _queries(together.answer), "", ""),
            (
                f"{backend}: {_APART}",
                seconds(apart.seconds),
                _queries(apart.answer),
                against(together.seconds, apart.seconds),
                f"{_difference(together.answer, apart.answer):.0e}",
            ),
        ]
        bars += [
            (f"{backend}: {_TOGETHER}", together.seconds, OURS),
            (f"{backend}: {_APART}", apart.seconds, DIRECT),
        ]
    title = f"{rows:,} rows, 20 metrics x 157 frames"
    show_table(title, ("what", "seconds", "queries", "evaluate_many against it", "largest difference"), table)
    draw_bars("many", title, bars)


def _together(engine: Engine, path: Path) -> tuple[Run, ...]:
    runs = engine.evaluate_many(small_metrics(), Dataset(path), segments=groups(), limits=AMPLE, fuse=True)
    return tuple(runs.values())


def _apart(engine: Engine, path: Path) -> tuple[Run, ...]:
    return tuple(evaluate(engine, source, path, fuse=True) for source in small_metrics().values())


def _queries(runs: tuple[Run, ...]) -> str:
    return f"{sum(run.report.queries for run in runs):,}"


def _difference(runs: tuple[Run, ...], others: tuple[Run, ...]) -> float:
    pairs = zip(runs, others, strict=True)
    return max(difference(values_of(one), values_of(other)) for one, other in pairs)
