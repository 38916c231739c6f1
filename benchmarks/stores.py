"""What data in an object store costs, and a table of many files of which few are read."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import machine
from benchmarks.show import Row, seconds, show_table
from engine.backends.base import BackendSession
from engine.backends.duckdb import LocalDuckDb
from engine.backends.sql_session import DirectSqlSession
from engine.models.urls import SPOOL_BYTES, parse_store_url
from engine.sources.resolve import resolve_source
from engine.sources.source import Source
from engine.sources.spool import Spool
from engine.sources.stores.fetched import Fetched
from engine.sources.stores.stores import Stores
from engine.sources.tables.skipping import Span

_FILES, _ROWS = 1_000, 1_000
_DAYS, _PER_DAY, _WANTED = 100, 100, 1
_BUCKET = "benchmark"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
_QUARTER = 1000.0  # seconds, after which a listing says enough of objects
_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@click.command("stores")
@click.option(
    "--times", default=5, show_default=True, help="Of each measurement, of which the median counts."
)
def stores(times: int) -> None:
    """1,000 files in a bucket on this machine and in a folder; 100 files of a table of 10,000."""
    with tempfile.TemporaryDirectory() as root:
        folder, table = _write_files(Path(root, "f")), _write_table(Path(root, "t"))
        with _bucket(folder), _session((folder, table)) as (session, spool):
            local = _median(times, lambda: _sum_up(session, _open(str(folder), (folder,), spool, None)))
            cold, warm, young = _of_bucket(times, session, spool)
            opened = _median(times, lambda: _open_table(table, spool))
    shown = f"{_FILES:,} files of {_ROWS:,} rows"
    rows: list[Row] = [
        (f"{shown} in a folder, summed up", seconds(local), "", ""),
        ("the same in a bucket, nothing fetched yet", seconds(cold), f"{cold / local:.2f}", "2"),
        ("the same, fetched before", seconds(warm), f"{warm / local:.2f}", "1.2"),
        ("the same, written less than a quarter of an hour ago", seconds(young), f"{young / local:.2f}", ""),
        (
            f"a table of {_DAYS * _PER_DAY:,} files, {_WANTED * _PER_DAY} read, opened",
            seconds(opened),
            "",
            "2 s",
        ),
    ]
    show_table("data in object stores", ("what", "seconds", "times the folder", "aim"), rows)


def _median(times: int, work: Callable[[], object]) -> float:
    return statistics.median(machine.seconds(work) for _ in range(times))


def _of_bucket(times: int, session: BackendSession, spool: Spool) -> tuple[float, float, float]:
    """Seconds with nothing fetched, with all of it, and with all of it but written just now."""
    cold, warm, young = [], [], []
    for _ in range(times):
        kept = spool.folder / "fetched"
        later, now = (
            Stores([parse_store_url(f"s3://{_BUCKET}")], Fetched(kept, SPOOL_BYTES, clock))
            for clock in (lambda: time.time() + _QUARTER, time.time)
        )

        def read(place: Stores) -> None:
            _sum_up(session, _open(f"s3://{_BUCKET}/files", (), spool, place))

        cold.append(machine.seconds(partial(read, later)))
        warm.append(machine.seconds(partial(read, later)))
        read(now)
        young.append(machine.seconds(partial(read, now)))
        shutil.rmtree(kept)
    return statistics.median(cold), statistics.median(warm), statistics.median(young)


def _open(named: str, roots: tuple[Path, ...], spool: Spool, place: Stores | None) -> Source:
    return resolve_source(named, roots=roots, spool=spool, reader="duckdb", stores=place)


def _sum_up(session: BackendSession, source: Source) -> None:
    assert isinstance(session, DirectSqlSession)
    for _ in session.run(f'SELECT SUM("x") FROM ({session.writer.text(source.relation)})'):
        pass
    source.release()


def _open_table(table: Path, spool: Spool) -> None:
    last = _START + dt.timedelta(days=_DAYS)
    span = Span("at", last - dt.timedelta(days=_WANTED), last)
    source = resolve_source(f"delta:{table}", roots=(table,), spool=spool, reader="duckdb", span=span)
    assert source.table is not None and source.table.files == _WANTED * _PER_DAY
    source.release()


@contextlib.contextmanager
def _session(roots: tuple[Path, ...]) -> Iterator[tuple[BackendSession, Spool]]:
    spool = Spool()
    server = LocalDuckDb(roots, spool.folder)
    session = server.open_session()
    try:
        yield session, spool
    finally:
        session.close()
        server.close()
        spool.close()


@contextlib.contextmanager
def _bucket(folder: Path) -> Iterator[None]:
    """A bucket with the files of a folder, of a server of its own, which the environment names."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, folder), daemon=True)
    server.start()
    os.environ |= {**_CREDENTIALS, "AWS_ENDPOINT_URL": ours.recv()}
    try:
        yield
    finally:
        server.terminate()
        server.join()


def _serve(told: Connection, folder: Path) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= _CREDENTIALS
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.create_bucket(Bucket=_BUCKET)
    for path in folder.iterdir():
        client.put_object(Bucket=_BUCKET, Key=f"files/{path.name}", Body=path.read_bytes())
    told.send(f"http://{host}:{port}")
    while True:
        time.sleep(1)


def _write_files(folder: Path) -> Path:
    folder.mkdir()
    numbers = np.random.default_rng(7)
    for number in range(_FILES):
        pq.write_table(pa.table({"x": numbers.random(_ROWS)}), folder / f"{number:04}.parquet")
    return folder


def _write_table(folder: Path) -> Path:
    """A Delta table of a commit for each day, and as many files in each."""
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    columns = [{"name": "at", "type": "timestamp", "nullable": True, "metadata": {}}]
    schema = json.dumps({"type": "struct", "fields": columns})
    first = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "x", "format": {"provider": "parquet"}, "schemaString": schema,
                      "partitionColumns": [], "configuration": {}}},
    ]  # fmt: skip
    for day in range(_DAYS):
        when = _START + dt.timedelta(days=day)
        path = folder / f"{day}.parquet"
        pq.write_table(pa.table({"at": pa.array([when], pa.timestamp("us", "UTC"))}), path)
        said = when.isoformat().replace("+00:00", "Z")
        stats = json.dumps({"numRecords": 1, "minValues": {"at": said}, "maxValues": {"at": said}})
        actions = first if day == 0 else []
        for number in range(_PER_DAY):
            name = f"{day}-{number}.parquet"
            os.link(path, folder / name)
            added = {"path": name, "partitionValues": {}, "size": path.stat().st_size, "stats": stats,
                     "modificationTime": 0, "dataChange": True}  # fmt: skip
            actions = [*actions, {"add": added}]
        (log / f"{day:020}.json").write_text("\n".join(map(json.dumps, actions)))
    return folder
