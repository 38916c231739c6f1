"""What the sandbox costs: starting it, one worker, one small run, and a run of millions of rows.

The bare side runs the same metric in this process, with PySpark's own client on the same kind of server
and the same data: what a person has without any of this.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path
from typing import Any

import click
from pyspark.sql.connect.session import SparkSession
from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.data import events
from engine import Dataset, Engine, Limits
from engine.backends.names import make_backend
from engine.pool.pool import WorkerPool
from sandbox.client.rows import install_collect
from sandbox.contract.framing import Kind
from sandbox.contract.messages import Start, encode

SMALL, LARGE = 1_000, 5_000_000
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
@click.option("--backend", "backends", multiple=True, default=["sail", "spark"], help="Which backends.")
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
    finally:
        pool.close()
    middle = len(forked) // 2
    return [
        ("zygote start", f"{start:.2f} s", ""),
        ("fork, answered by the zygote", f"{sorted(forked)[middle] * 1e3:.1f} ms", ""),
        ("fork to a compiled source, confined", f"{sorted(ready)[middle] * 1e3:.1f} ms", "10 ms"),
    ]


def _runs(name: str) -> list[tuple[str, str, str]]:
    small, large = events(SMALL), events(LARGE)
    rows = []
    with Engine(name, roots=(small.parent,), workers=1) as engine:
        warm = machine.median(lambda: engine.evaluate(AGGREGATE, Dataset(small)), 15, warm=5)
        rows.append((f"{name}: warm evaluate, 1,000 rows", f"{warm * 1e3:.0f} ms", "60 ms on sail"))
        boxed = {
            title: machine.median(lambda source=source: engine.evaluate(source, Dataset(large)), 5, warm=2)
            for title, source in (("aggregate", AGGREGATE), ("toPandas of 2 columns", FETCH))
        }
    bare = _bare(name, large)
    for title, taken in boxed.items():
        ratio = f"{taken / bare[title]:.2f} x bare ({taken:.2f} s / {bare[title]:.2f} s)"
        rows.append((f"{name}: 5 million rows, {title}", ratio, "1.15 x"))
    cold = [machine.seconds(lambda: _command(name, small)) for _ in range(3)]
    aim = "4 s" if name == "sail" else "10 s"
    return [*rows, (f"{name}: cold calcmetric run", f"{min(cold):.1f} s", aim)]


def _bare(name: str, path: Path) -> dict[str, float]:
    """The same metrics in this process, with PySpark's own client."""
    install_collect()
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # or PySpark's functions ask for a JVM in this process
    with tempfile.TemporaryDirectory() as spool:
        backend: Any = make_backend(name, roots=(path.parent,), spool=Path(spool))
        try:
            backend.start()
            session = _plain_session(backend)
            return {
                "aggregate": _time_bare(AGGREGATE, session, path),
                "toPandas of 2 columns": _time_bare(FETCH, session, path),
            }
        finally:
            backend.close()


def _plain_session(backend: Any) -> SparkSession:
    """PySpark's client on the server that a backend of ours started, with nothing in between."""
    connection = backend.connection()
    session = SparkSession("sc://localhost:1")
    session._client._channel = connection.channel
    session._client._stub = connection.stub
    session._client.disable_reattachable_execute()
    session._client._builder.metadata = lambda: connection.metadata
    session._client._user_id = connection.user_id
    return session


def _time_bare(source: str, session: SparkSession, path: Path) -> float:
    module = types.ModuleType("metric")
    exec(source, module.__dict__)
    return machine.median(lambda: module.calc_metric(session.read.parquet(str(path))), 5, warm=2)


def _command(name: str, path: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".py") as metric:
        metric.write(AGGREGATE)
        metric.flush()
        command = [sys.executable, "-m", "engine.cli", "run", metric.name, "--data", str(path)]
        subprocess.run([*command, "--backend", name], check=True, stdout=subprocess.DEVNULL)
