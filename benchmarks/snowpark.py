"""What a first run on the embedded DuckDB costs: start-up, and one Snowpark metric over a million rows.

The bare side asks DuckDB itself, in this process, what the metric asks, over the same file. A first run
pays for the start of the engine as well, so it is compared with that start-up and the bare query together.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb

from benchmarks import machine, show
from benchmarks.data import events
from engine import Dataset, Engine, SegmentGroup

ROWS = 1_000_000
_TIMES = 5
METRIC = """\
from snowflake.snowpark import functions as F


def calc_metric(df):
    kept = df.filter(F.col("age") >= 18)
    row = kept.agg(F.avg("amount"), F.corr("score", "amount"), F.stddev("score")).collect()[0]
    return row[0]
"""
FETCH = """\
def calc_metric(df):
    pdf = df.select("score", "label").to_pandas()
    return ((pdf["SCORE"] - pdf["LABEL"]) ** 2).mean()
"""
BARE = "SELECT avg(amount), corr(score, amount), stddev(score) FROM '{}' WHERE age >= 18"
BARE_FETCH = "SELECT score, label FROM '{}'"


@dataclass(frozen=True, slots=True)
class _Taken:
    """Seconds of one round."""

    start: float
    first: float
    again: float
    fetch: float
    many: float


@click.command()
def snowpark() -> None:
    """A first run of a Snowpark metric on DuckDB against the bare query and the start-up."""
    path = events(ROWS)
    rounds = [_round(path) for _ in range(_TIMES)]
    start, first, again, fetch, many = (
        statistics.median(getattr(one, name) for one in rounds)
        for name in ("start", "first", "again", "fetch", "many")
    )
    bare = machine.median(lambda: duckdb.connect().sql(BARE.format(path)).fetchall(), _TIMES, warm=0)
    bare_fetch = machine.median(lambda: duckdb.connect().sql(BARE_FETCH.format(path)).df(), _TIMES, warm=0)
    rows = [
        ("start-up of the engine: sandbox and DuckDB process", show.seconds(start), ""),
        ("bare query in this process", show.seconds(bare), ""),
        ("first run, once the engine has started", show.seconds(first), ""),
        (
            "start-up and first run, against start-up and bare query",
            f"{(start + first) / (start + bare):.2f} x",
            "2 x",
        ),
        ("a run like it again", f"{show.seconds(again)}, {again / bare:.1f} x bare", ""),
        ("to_pandas of 2 columns", f"{show.seconds(fetch)}, {fetch / bare_fetch:.1f} x bare", ""),
        ("the metric in 20 segments and on all rows", show.seconds(many), ""),
    ]
    show.show_table(f"Snowpark metrics on DuckDB, {ROWS:,} rows", ("what", "measured", "aim"), rows)


def _round(path: Path) -> _Taken:
    """One engine, from its start on."""
    engines: list[Engine] = []

    def start() -> None:
        engine = Engine("duckdb", roots=(path.parent,))
        engines.append(engine)
        engine.check("def calc_metric(df):\n    return 1\n")
        engine.backend.start()

    taken = machine.seconds(start)
    with engines[0] as engine:
        dataset = Dataset(path)
        groups = [SegmentGroup.by_value("country", top=20)]
        return _Taken(
            taken,
            machine.seconds(lambda: engine.evaluate(METRIC, dataset)),
            machine.seconds(lambda: engine.evaluate(METRIC, dataset)),
            machine.seconds(lambda: engine.evaluate(FETCH, dataset)),
            machine.seconds(lambda: engine.evaluate(METRIC, dataset, segments=groups)),
        )
