"""One metric over 157 frames: fused, one query for each frame, and by hand for exactly these segments."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pyspark.sql.connect.session import SparkSession

from benchmarks import by_hand, by_hand_spark
from benchmarks.command import benchmark
from benchmarks.data import events
from benchmarks.fanned import difference, groups, values_of
from benchmarks.metrics import AGGREGATE, HOLISTIC
from benchmarks.servers import AMPLE, running
from benchmarks.show import BY_HAND, DIRECT, OURS, Bar, Row, against, draw_bars, seconds, show_table
from benchmarks.timing import Timed, Way, by_turns
from engine import Dataset, Engine
from engine.models.run import Run

FUSED, UNFUSED = "fused", "fuse=False"
_COLUMNS = ("what", "seconds", "fused against it", "aim", "largest difference")
_DUCKDB, _POLARS, _PANDAS = "DuckDB, grouping sets", "Polars, collect_all", "pandas, groupby.apply"
_SETS, _PER_GROUP = "PySpark, grouping sets", "PySpark, queries per group"
# By backend: what the fused time is to be, against each other way.
_AIMS = {
    "spark": {UNFUSED: "50 times faster", _DUCKDB: "2.5 x its time", _PANDAS: "4 times faster"},
}
_HOLISTIC_AIM = "1.3 x the better one's time"


@benchmark("fan-out", rows=5_000_000)
def fan_out(backends: tuple[str, ...], rows: int) -> None:
    """157 frames: fused, a query per frame, DuckDB, Polars, pandas; and holistic aggregates."""
    path = events(rows)
    lines: list[Row] = []
    bars: list[Bar] = []
    for backend in backends:
        with running(backend, path) as (engine, session):
            algebraic = by_turns(_algebraic_ways(engine, path))
            lines += _lines(f"{backend}: ", algebraic, _AIMS.get(backend, {}))
            holistic = by_turns(_holistic_ways(engine, session, path))
            lines += _lines(
                f"{backend}, holistic: ", holistic, dict.fromkeys((_SETS, _PER_GROUP), _HOLISTIC_AIM)
            )
        bars += _bars(backend, algebraic)
    title = f"{rows:,} rows, 157 frames in 4 groups"
    show_table(title, _COLUMNS, lines)
    draw_bars("fan-out", f"{title}: filter, then avg, corr and stddev", bars)


def evaluate(engine: Engine, source: str, path: Path, *, fuse: bool) -> Run:
    """A run of a metric over the 157 frames."""
    return engine.evaluate(source, Dataset(path), segments=groups(), limits=AMPLE, fuse=fuse)


def run_ways(engine: Engine, source: str, path: Path, *, times: int) -> list[Way]:
    """The fused run, and the one with a query for each frame, which is slow and thus timed once."""
    return [
        Way(FUSED, lambda: values_of(evaluate(engine, source, path, fuse=True)), times=times, warm=2),
        Way(UNFUSED, lambda: values_of(evaluate(engine, source, path, fuse=False)), times=1, warm=0),
    ]


def _algebraic_ways(engine: Engine, path: Path) -> list[Way]:
    hands = {
        _DUCKDB: by_hand.duckdb_sets,
        _POLARS: by_hand.polars_together,
        _PANDAS: by_hand.pandas_apply,
    }
    by_hands = [Way(name, partial(step, path)) for name, step in hands.items()]
    return [*run_ways(engine, AGGREGATE, path, times=5), *by_hands]


def _holistic_ways(engine: Engine, session: SparkSession, path: Path) -> list[Way]:
    hands = {_SETS: by_hand_spark.grouping_sets, _PER_GROUP: by_hand_spark.query_per_group}
    metric = by_hand_spark.HOLISTIC
    by_hands = [Way(name, partial(step, session, path, metric), times=2) for name, step in hands.items()]
    fused, _ = run_ways(engine, HOLISTIC, path, times=2)  # a query per frame takes minutes
    return [fused, *by_hands]


def _lines(prefix: str, timed: dict[str, Timed], aims: dict[str, str]) -> list[Row]:
    fused = timed[FUSED]
    lines: list[Row] = [(prefix + FUSED, seconds(fused.seconds), "", "", "")]
    for name, other in timed.items():
        if name != FUSED:
            ratio = against(fused.seconds, other.seconds)
            apart = f"{difference(fused.answer, other.answer):.0e}"
            lines.append((prefix + name, seconds(other.seconds), ratio, aims.get(name, ""), apart))
    return lines


def _bars(backend: str, timed: dict[str, Timed]) -> list[Bar]:
    colours = {FUSED: OURS, UNFUSED: DIRECT}
    return [
        (f"{backend}: {name}" if name in colours else name, way.seconds, colours.get(name, BY_HAND))
        for name, way in timed.items()
    ]
