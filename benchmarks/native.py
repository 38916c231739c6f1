"""What native answers promise: no Java for small things, and the speed of DuckDB by hand for large ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import click
import duckdb
import psutil

from benchmarks import by_hand, machine
from benchmarks.data import events
from benchmarks.fan_out import evaluate
from benchmarks.fanned import BUCKET_SQL, GROUPINGS, Values, difference, read_groupings, values_of
from benchmarks.metrics import AGGREGATE, FETCH
from benchmarks.servers import AMPLE
from benchmarks.show import Row, seconds, show_table
from benchmarks.timing import Timed, Way, by_turns
from engine import Dataset, Engine, SegmentGroup

_T = TypeVar("_T")
_SMALL = 1_000
_COLD, _WARM = 5, 40
# What a run over one frame of millions of rows is held against.
_BARE = "SELECT avg(amount), corr(score, amount), stddev(score), count(*) FROM '{path}' WHERE score >= 0.1"
# The same table as `calcmetric run` prints for a group, by a script that imports pandas alone.
_SCRIPT = """
import sys
import pandas as pd

data = pd.read_parquet(sys.argv[1], columns=["country", "score", "amount"])

def calculate(rows):
    kept = rows[rows["score"] >= 0.1]
    return kept["amount"].mean() * kept["score"].std() + kept["score"].corr(kept["amount"])

print(calculate(data), len(data))
for country, rows in data.groupby("country"):
    print(country, calculate(rows), len(rows))
"""


@click.command("native")
@click.option("--rows", default=5_000_000, show_default=True, help="Rows of the data.")
def native(rows: int) -> None:
    """Native answers against pandas, DuckDB and Polars by hand, and against Spark."""
    small, large = events(_SMALL), events(rows)
    table = [*_small_rows(small), *_large_rows(large), *_spark_rows(large)]
    columns = ("what", "seconds", "against", "measured", "aim", "largest difference")
    show_table(f"native answers: {_SMALL:,} and {rows:,} rows", columns, table)


def _small_rows(path: Path) -> list[Row]:
    with tempfile.NamedTemporaryFile("w", suffix=".py") as metric:
        metric.write(AGGREGATE)
        metric.flush()
        words = ["run", metric.name, "--data", str(path), "--by", "country"]
        ways = (
            Way("cold", partial(_run, [sys.executable, "-m", "engine.cli", *words]), times=_COLD),
            Way("pandas", partial(_run, [sys.executable, "-c", _SCRIPT, str(path)]), times=_COLD),
        )
        cold, pandas = by_turns(ways).values()
    with Engine("spark", roots=(path.parent,), workers=1) as engine:
        warm = machine.median(lambda: engine.evaluate(AGGREGATE, Dataset(path)), _WARM, warm=_WARM)
    return [
        _row("cold `calcmetric run`, by country", cold, "a pandas script", pandas, "2.5 x"),
        ("warm `evaluate`, one aggregate", f"{warm * 1e3:.1f} ms", "", "", "25 ms", ""),
    ]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _large_rows(path: Path) -> list[Row]:
    with Engine("spark", roots=(path.parent,)) as engine:
        frames = by_turns(
            (
                Way("ours", lambda: values_of(evaluate(engine, AGGREGATE, path, fuse=True))),
                Way("DuckDB", partial(by_hand.duckdb_sets, path)),
                Way("Polars", partial(by_hand.polars_together, path)),
            )
        )
        fetched = by_turns(
            (
                Way("ours", lambda: values_of(evaluate(engine, FETCH, path, fuse=True)), times=3),
                Way("DuckDB", partial(_fetch_by_hand, path), times=3),
            )
        )
        grown = by_turns(
            [Way(column, partial(_grouped, engine, path, column)) for column in ("region", "shop")]
        )
        single = by_turns(
            (
                Way("ours", lambda: engine.evaluate(AGGREGATE, Dataset(path), limits=AMPLE)),
                Way("DuckDB", partial(_bare, path)),
            )
        )
        java = [child.name() for child in psutil.Process().children(recursive=True)].count("java")
    assert not java, "a Java process runs, so that not all of this was native"
    ours = frames["ours"]
    return [
        _row("157 frames", ours, "DuckDB's grouping sets", frames["DuckDB"], "1.0 x", apart=_apart(frames)),
        _row("157 frames", ours, "Polars, collect_all", frames["Polars"], "1.6 x"),
        _row("1,000 segments", grown["shop"], "10 segments", grown["region"], "3 x"),
        _row(
            "`toPandas` of two columns, 157 frames",
            fetched["ours"],
            "one fetch by DuckDB, and groupby",
            fetched["DuckDB"],
            "1.5 x",
            apart=_apart(fetched),
        ),
        _row("one aggregate", single["ours"], "the bare query", single["DuckDB"], "1.3 x"),
    ]


def _spark_rows(path: Path) -> list[Row]:
    """The shared run against a query for each frame on Spark."""
    roots = (path.parent,)
    with Engine("spark", roots=roots) as engine, Engine("spark", roots=roots, native=False) as spark:
        frames = by_turns(
            (
                Way("ours", lambda: values_of(evaluate(engine, AGGREGATE, path, fuse=True))),
                Way(
                    "Spark", lambda: values_of(evaluate(spark, AGGREGATE, path, fuse=False)), times=1, warm=0
                ),
            )
        )
    ratio = frames["Spark"].seconds / frames["ours"].seconds
    return [
        (
            "157 frames",
            seconds(frames["ours"].seconds),
            f"a query for each on Spark ({seconds(frames['Spark'].seconds)})",
            f"{ratio:.0f} times faster",
            "50 times faster",
            _apart(frames),
        )
    ]


def _apart_on(engine: Engine, path: Path) -> Values:
    return values_of(evaluate(engine, AGGREGATE, path, fuse=False))


def _grouped(engine: Engine, path: Path, column: str) -> None:
    group = SegmentGroup.by_value(column, top=1_000)
    engine.evaluate(AGGREGATE, Dataset(path), segments=[group], limits=AMPLE)


def _bare(path: Path) -> None:
    _by_duckdb(lambda connection: connection.execute(_BARE.format(path=path)).fetchall())


def _fetch_by_hand(path: Path) -> Values:
    """The mean squared difference of every frame: two columns and the keys fetched once, then groupby."""
    query = f"SELECT score, label, country, category, {BUCKET_SQL} AS bucket FROM '{path}'"
    data = _by_duckdb(lambda connection: connection.execute(query).df())
    squares = ((data["score"] - data["label"]) ** 2).rename("square")
    data = data[["country", "category", "bucket"]].assign(square=squares)
    tables: list[list[tuple[object, ...]]] = [[(squares.mean(),)]]
    for names in GROUPINGS[1:]:
        means = data.groupby(list(names))["square"].mean()
        members = means.index if len(names) > 1 else [(member,) for member in means.index]
        tables.append([(*member, mean) for member, mean in zip(members, means, strict=True)])
    return read_groupings(tables, float)


def _by_duckdb(step: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
    with duckdb.connect(config={"threads": os.cpu_count() or 1}) as connection:
        return step(connection)


def _row(what: str, ours: Timed, other: str, theirs: Timed, aim: str, *, apart: str = "") -> Row:
    ratio = f"{ours.seconds / theirs.seconds:.2f} x"
    return what, seconds(ours.seconds), f"{other} ({seconds(theirs.seconds)})", ratio, aim, apart


def _apart(timed: Mapping[str, Timed]) -> str:
    """The largest difference of the numbers of the first way from those of the second."""
    first, second, *_ = timed.values()
    return f"{difference(first.answer, second.answer):.0e}"
