"""What people use today for the same work, beside a fused run: one metric over 157 frames."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from pyspark.sql.connect.session import SparkSession

from benchmarks import by_hand, by_hand_spark
from benchmarks.command import benchmark
from benchmarks.data import events
from benchmarks.fan_out import FUSED, evaluate
from benchmarks.fanned import EDGES, GROUPINGS, Values, difference, read_groupings, values_of
from benchmarks.metrics import AGGREGATE
from benchmarks.servers import running
from benchmarks.show import BY_HAND, OURS, Bar, Row, against, draw_bars, seconds, show_table
from benchmarks.timing import Timed, Way, by_turns
from engine import Engine

_COLUMNS = ("way", "any Python", "confined", "seconds", "fused against it", "largest difference")
_PROGRAM = Path(__file__).with_name("others.py")
_PANDAS = "pandas, groupby.apply"
# Of libraries that live in an environment of their own: what they are, and whether they take any Python.
_OTHERS = {
    "evidently": ("Evidently, custom metric by column", "yes"),
    "whylogs": ("whylogs, segments; no corr, so mean x deviation only", "no"),
}


@click.option(
    "--others",
    type=click.Path(exists=True, dir_okay=False),
    help="The Python of an environment with evidently, whylogs, pandas below 3 and pyarrow.",
)
@benchmark("peers", rows=5_000_000)
def peers(backends: tuple[str, ...], rows: int, others: str | None) -> None:
    """The same metric with what people use today."""
    path = events(rows)
    foreign = {name: _run_other(others, name, path) for name in _OTHERS}
    table: list[Row] = []
    bars: list[Bar] = []
    for backend in backends:
        with running(backend, path) as (engine, session):
            timed = by_turns(_ways(engine, session, path))
        fused = timed[FUSED]
        table += [_row(backend, name, way, fused) for name, way in timed.items()]
        table += [_foreign_row(name, found, fused) for name, found in foreign.items()]
        bars += _bars(backend, timed)
    bars += [
        (_OTHERS[name][0], found.seconds, BY_HAND)
        for name, found in foreign.items()
        if isinstance(found, Timed)
    ]
    title = f"{rows:,} rows, 157 frames: what people use today"
    show_table(title, _COLUMNS, table)
    draw_bars("peers", title, bars)


def _ways(engine: Engine, session: SparkSession, path: Path) -> list[Way]:
    metric = by_hand_spark.AGGREGATE
    steps: dict[str, Callable[[], Values]] = {
        "DuckDB, grouping sets": partial(by_hand.duckdb_sets, path),
        "Polars, collect_all": partial(by_hand.polars_together, path),
        _PANDAS: partial(by_hand.pandas_apply, path),
        "PySpark, grouping sets": partial(by_hand_spark.grouping_sets, session, path, metric),
        "PySpark, a query per group": partial(by_hand_spark.query_per_group, session, path, metric),
    }
    loop = partial(by_hand_spark.query_per_frame, session, path, metric)
    return [
        Way(FUSED, lambda: values_of(evaluate(engine, AGGREGATE, path, fuse=True)), times=3, warm=2),
        *(Way(name, step, times=3) for name, step in steps.items()),
        Way("PySpark, a query per frame", loop, times=1, warm=0),
    ]


def _run_other(python: str | None, library: str, path: Path) -> Timed | str:
    """The time and numbers of a library, or why there are none, in words."""
    if python is None:
        return "not tried: --others was not given"
    order = {"library": library, "path": str(path), "edges": EDGES, "groupings": GROUPINGS}
    done = subprocess.run(
        [python, "-W", "ignore", str(_PROGRAM)],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return f"failed: {done.stderr.strip().rpartition(chr(10))[2][:80]}"
    answer = json.loads(done.stdout.strip().rpartition("\n")[2])
    return Timed(answer["seconds"], read_groupings(_with_places(answer["tables"]), float))


def _with_places(tables: list[list[list[Any]]]) -> list[list[list[Any]]]:
    """With the buckets as numbers, where the libraries take texts only."""
    return [
        [
            [int(part) if name == "bucket" else part for name, part in zip(names, row, strict=False)]
            + row[-1:]
            for row in rows
        ]
        for names, rows in zip(GROUPINGS, tables, strict=True)
    ]


def _row(backend: str, name: str, way: Timed, fused: Timed) -> Row:
    if name == FUSED:
        return f"{backend}: calcmetric, fused", "yes", "yes", seconds(way.seconds), "", ""
    python = "yes" if name == _PANDAS else "no"
    ratio, apart = against(fused.seconds, way.seconds), f"{difference(fused.answer, way.answer):.0e}"
    title = f"{backend}: {name}" if name.startswith("PySpark") else name
    return title, python, "no", seconds(way.seconds), ratio, apart


def _foreign_row(name: str, found: Timed | str, fused: Timed) -> Row:
    title, python = _OTHERS[name]
    if isinstance(found, str):
        return title, python, "no", found, "", ""
    apart = "another number" if name == "whylogs" else f"{difference(fused.answer, found.answer):.0e}"
    return title, python, "no", seconds(found.seconds), against(fused.seconds, found.seconds), apart


def _bars(backend: str, timed: dict[str, Timed]) -> list[Bar]:
    bars = []
    for name, way in timed.items():
        title = f"{backend}: {name}" if name == FUSED or name.startswith("PySpark") else name
        bars.append((title, way.seconds, OURS if name == FUSED else BY_HAND))
    return bars
