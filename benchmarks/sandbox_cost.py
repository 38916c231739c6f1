"""What the sandbox costs: starting it, one worker, one small run, and a run of millions of rows.

The bare side runs the same metric in this process, with PySpark's own client on the same server and the
same data, by turns: what a person has without any of this.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import click
from pyspark.sql.connect.session import SparkSession
from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.data import events
from benchmarks.servers import plain_session, prepare_plain
from engine import Dataset, Engine, Limits
from engine.pool.pool import WorkerPool
from sandbox.contract.framing import Kind
from sandbox.contract.messages import Start, encode

SMALL, LARGE = 1_000, 5_000_000
_WARM, _TIMED = 3, 9
_PAUSE = 0.05
NUMBER = "def calc_metric(df):\n    return 1\n"
AGGREGATE = """\
from pyspark.sql import functions as F


def calc_metric(df):
    kept = df.filter(F.col("age") >= 18)
    row = kept.agg(F.avg("amount"), F.corr("score", "amount"), F.stddev("score")).first()
    return row[0]
"""
FETCH = """\
def calc_metric(df):
    pdf = df.select("score", "label").toPandas()
    return ((pdf["score"] - pdf["label"]) ** 2).mean()
"""


@click.command()
@click.option("--backend", "backends", multiple=True, default=["spark"], help="Which backends.")
def sandbox(backends: tuple[str, ...]) -> None:
    """Zygote, fork, a warm run, sandboxed against bare, and a cold command."""
    table = Table("what", "measured", "aim", title=f"cost of the sandbox\n{machine.describe()}")
    for row in (*_processes(), *(row for name in backends for row in _runs(name))):
        table.add_row(*row)
    Console(width=120).print(table)


def _processes() -> list[tuple[str, str, str]]:
    pool = WorkerPool("landlock")
    try:
        start = machine.seconds(lambda: pool.start().wait_ready())
        forked, ready = [], []
        for _ in range(50):
            began = time.perf_counter()
            worker = pool.fork_worker(Limits())
            forked.append(time.perf_counter() - began)
            worker.channel.send(Kind.START, encode(Start(NUMBER, len(NUMBER))))
            worker.channel.receive()
            ready.append(time.perf_counter() - began)
            worker.close()
            worker.wait_end()
            time.sleep(_PAUSE)  # as between runs: the next worker is forked meanwhile
    finally:
        pool.close()
    middle = len(forked) // 2
    return [
        ("zygote start", f"{start:.2f} s", ""),
        ("a worker, forked ahead", f"{sorted(forked)[middle] * 1e3:.1f} ms", ""),
        ("a worker with its source compiled, confined", f"{sorted(ready)[middle] * 1e3:.1f} ms", "10 ms"),
    ]


def _runs(name: str) -> list[tuple[str, str, str]]:
    small, large = events(SMALL), events(LARGE)
    rows = []
    prepare_plain()
    with Engine(name, roots=(small.parent,), workers=1) as engine:
        warm = machine.median(lambda: engine.evaluate(AGGREGATE, Dataset(small)), 15, warm=25)
        rows.append((f"{name}: warm evaluate, 1,000 rows", f"{warm * 1e3:.0f} ms", "60 ms"))
        session = plain_session(engine.backend)
        for title, source in (("aggregate", AGGREGATE), ("toPandas of 2 columns", FETCH)):
            boxed, bare = _compare(engine, session, source, large)
            ratio = f"{boxed / bare:.2f} x bare ({boxed:.2f} s / {bare:.2f} s)"
            rows.append((f"{name}: 5 million rows, {title}", ratio, "1.15 x"))
    cold = [machine.seconds(lambda: _command(name, small)) for _ in range(3)]
    return [*rows, (f"{name}: cold calcmetric run", f"{min(cold):.1f} s", "10 s")]


def _compare(engine: Engine, session: SparkSession, source: str, path: Path) -> tuple[float, float]:
    """Median seconds in the sandbox and bare, by turns on the same server, once it is warm."""
    module = types.ModuleType("metric")
    exec(source, module.__dict__)
    steps = (
        lambda: engine.evaluate(source, Dataset(path)),
        lambda: module.calc_metric(session.read.parquet(str(path))),
    )
    taken = [[machine.seconds(step) for step in steps] for _ in range(_WARM + _TIMED)][_WARM:]
    boxed, bare = (statistics.median(times) for times in zip(*taken, strict=True))
    return boxed, bare


def _command(name: str, path: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".py") as metric:
        metric.write(AGGREGATE)
        metric.flush()
        command = [sys.executable, "-m", "engine.cli", "run", metric.name, "--data", str(path)]
        subprocess.run([*command, "--backend", name], check=True, stdout=subprocess.DEVNULL)
