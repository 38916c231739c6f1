"""A metric of two frames over 157 frames, against one of a single frame with the same aggregates."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import click

from benchmarks.data import events
from benchmarks.fanned import groups, number
from benchmarks.metrics import AGGREGATE, COMPARED
from benchmarks.servers import AMPLE
from benchmarks.show import Row, seconds, show_table
from benchmarks.timing import Way, by_turns, interval
from engine import Baseline, Dataset, Engine
from engine.models.run import Run

_MOST = 2.2


@click.command("baselines")
@click.option("--rows", default=5_000_000, show_default=True, help="Rows of the data, and of the baseline.")
@click.option("--spark", is_flag=True, help="Let Spark answer instead of DuckDB.")
@click.option("--times", default=9, show_default=True, help="Pairs of runs.")
def baselines(rows: int, spark: bool, times: int) -> None:
    """Two frames against one: the same aggregates on both sides, 157 frames, by turns."""
    path = events(rows)
    with Engine("spark", native=not spark, roots=(path.parent,)) as engine:
        one, two = by_turns(
            (
                Way("one frame", lambda: _one(engine, path), times=times),
                Way("two frames", lambda: _two(engine, path), times=times),
            )
        ).values()
    frames = len(two.answer.results)
    # The data is its own baseline; the last bits of sums of floats differ from pass to pass.
    assert all(math.isclose(number(one), 0.0, abs_tol=1e-6) for one in two.answer.results)
    ratios = [both / alone for alone, both in zip(one.times, two.times, strict=True)]
    low, high = interval(ratios)
    ratio = f"{statistics.median(ratios):.2f} x ({low:.2f} to {high:.2f})"
    lines: list[Row] = [
        ("one frame", seconds(one.seconds), "", ""),
        ("two frames", seconds(two.seconds), ratio, f"at most {_MOST} x"),
    ]
    by = "Spark" if spark else "native answers"
    title = f"{rows:,} rows on each side, {frames} frames, {by}, {times} pairs"
    show_table(title, ("what", "seconds", "against one frame", "aim"), lines)


def _one(engine: Engine, path: Path) -> Run:
    return engine.evaluate(AGGREGATE, Dataset(path), segments=groups(), limits=AMPLE)


def _two(engine: Engine, path: Path) -> Run:
    baseline = Baseline.data(Dataset(path))
    return engine.evaluate(COMPARED, Dataset(path), segments=groups(), limits=AMPLE, baseline=baseline)
