"""Functions of the author, against plain PySpark on a local Spark without a sandbox."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.data import events
from benchmarks.fanned import groups, number
from benchmarks.functions_metrics import METRICS
from benchmarks.functions_plain import Plain, plain_spark
from benchmarks.servers import AMPLE
from benchmarks.show import Row, seconds, show_table
from benchmarks.timing import Way, by_turns
from engine import Dataset, Engine, SegmentGroup
from engine.errors import SourceRefused
from engine.models.run import Run

_REFUSED = "-"
# Each row that a function is given counts as fetched, of which by default there may be five million.
_LIMITS = replace(AMPLE, fetched_rows=10**9)


@click.command("functions")
@click.option("--rows", default=5_000_000, show_default=True, help="Rows that a pandas_udf sees.")
@click.option("--fewer-rows", default=1_000_000, show_default=True, help="Rows that F.udf and groups see.")
@click.option("--times", default=5, show_default=True, help="Pairs of runs.")
@click.option("--spark", is_flag=True, help="Let Spark answer instead of DuckDB.")
def functions(rows: int, fewer_rows: int, times: int, spark: bool) -> None:
    """Functions of the author: pandas_udf, F.udf and applyInPandas, against plain PySpark, by turns."""
    many, fewer = events(rows), events(fewer_rows)
    with plain_spark() as plain, Engine("spark", native=not spark, roots=(many.parent,)) as engine:
        lines = [
            _against_plain(engine, plain, "batches", f"pandas_udf, {rows:,} rows", many, times, "1.0"),
            _against_plain(engine, plain, "rows", f"F.udf, {fewer_rows:,} rows", fewer, times, "1.0"),
            _against_one_frame(engine, f"pandas_udf in 157 frames, {rows:,} rows", many, times),
            _against_plain(engine, plain, "groups", f"1,000 groups, {fewer_rows:,}", fewer, times, "1.2"),
        ]
    by = "Spark" if spark else "native answers"
    title = f"functions of the author, {by}, {times} pairs by turns; the other: plain PySpark, or one frame"
    show_table(title, ("what", "seconds", "the other", "ratio", "aim"), lines)


def _against_plain(
    engine: Engine, plain: Plain, name: str, what: str, path: Path, times: int, aim: str
) -> Row:
    if refused := _refused(engine, name, path):
        return what, _REFUSED, _REFUSED, refused, f"at most {aim} x"
    ours, other = by_turns(
        (
            Way("ours", lambda: number(_run(engine, name, path).overall), times=times),
            Way("plain", lambda: plain.number(name, path), times=times),
        )
    ).values()
    if not math.isclose(ours.answer, other.answer, rel_tol=1e-9):
        raise click.ClickException(f"{name}: {ours.answer} against {other.answer}")
    return _row(what, ours.seconds, other.seconds, aim)


def _against_one_frame(engine: Engine, what: str, path: Path, times: int) -> Row:
    if refused := _refused(engine, "batches", path):
        return what, _REFUSED, _REFUSED, refused, "at most 1.5 x"
    many, one = by_turns(
        (
            Way("157 frames", lambda: _all_ok(_run(engine, "batches", path, groups())), times=times),
            Way("one frame", lambda: _all_ok(_run(engine, "batches", path)), times=times),
        )
    ).values()
    return _row(what, many.seconds, one.seconds, "1.5")


def _run(engine: Engine, name: str, path: Path, segments: list[SegmentGroup] | None = None) -> Run:
    return engine.evaluate(METRICS[name], Dataset(path), segments=segments or (), limits=_LIMITS)


def _all_ok(run: Run) -> Run:
    for result in run.results:
        number(result)
    return run


def _refused(engine: Engine, name: str, path: Path) -> str:
    """Why there is no number to take the time of; empty if there is one."""
    try:
        overall = _run(engine, name, path).overall
    except SourceRefused as refused:
        return f"refused: {refused.problems[0].message}"
    return "" if overall.error is None else f"{overall.status}: {overall.error.message}"


def _row(what: str, ours: float, other: float, aim: str) -> Row:
    return what, seconds(ours), seconds(other), f"{ours / other:.2f} x", f"at most {aim} x"
