"""What data in an object store costs, and a table of many files of which few are read."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import machine
from benchmarks.bucket import YOUNG, Bucket, serve
from benchmarks.show import Row, seconds, show_table
from engine import Dataset, Engine, SegmentGroup
from engine.models.urls import parse_store_url
from engine.sources.resolve import resolve_source
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.stores.fetched import FetchedObjects
from engine.sources.stores.filesystems import open_store
from engine.sources.stores.stores import Stores
from engine.sources.tables.skipping import TimeSpan

_ROWS = 1_000
_COLUMNS = 50
_UNTIMED = 3
_MEAN = """
from pyspark.sql import functions as F

def calc_metric(df):
    return df.agg(F.avg("x").alias("m")).first()["m"]
"""
_DAYS, _WANTED = 100, 1
_BUCKET = "benchmark"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@click.command("stores")
@click.option(
    "--times", default=5, show_default=True, help="Of each measurement, of which the median counts."
)
@click.option("--files", default=1_000, show_default=True, help="In the bucket, and in the folder.")
@click.option("--per-day", default=100, show_default=True, help="Files of each of the table's 100 days.")
def stores(times: int, files: int, per_day: int) -> None:
    """1,000 files in a bucket on this machine and in a folder; 100 files of a table of 10,000."""
    with tempfile.TemporaryDirectory() as root:
        folder, table = _write_files(Path(root, "b/files"), files), _write_table(Path(root, "t"), per_day)
        wide = _write_wide(Path(root, "b/wide"))
        with _bucket(folder.parent), _spool() as spool:
            local, cold, warm = _of_runs(times, folder, "")
            _, _, young = of_young = _of_runs(times, folder, YOUNG)
            asked = _of_asking(times, spool)
            whole, chunks = _of_columns(times, spool)
            opened = _median(times, lambda: _open_table(table, spool, per_day))
    shown = f"{files:,} files of {_ROWS:,} rows"
    rows: list[Row] = [
        (f"{shown} in a folder: a mean by 4 segments", seconds(local), "", ""),
        ("the same in a bucket, nothing fetched yet", seconds(cold), f"{cold / local:.2f}", "2"),
        ("the same, fetched before", seconds(warm), f"{warm / local:.2f}", "1.2"),
        ("the same, of objects that were just written", seconds(young), f"{young / of_young[0]:.2f}", "1.2"),
        ("of these, to ask whether each is still the same", seconds(asked), "", ""),
        (f"a file of {_COLUMNS} columns in it ({wide / 1e6:.0f} MB), fetched whole", seconds(whole), "", ""),
        ("two of its columns, by their chunks (pyarrow)", seconds(chunks), "", ""),
        (
            f"a table of {_DAYS * per_day:,} files, {_WANTED * per_day} read, opened",
            seconds(opened),
            "",
            "2 s",
        ),
    ]
    show_table("data in object stores", ("what", "seconds", "times the folder", "aim"), rows)


def _median(times: int, work: Callable[[], object]) -> float:
    return statistics.median(machine.seconds(work) for _ in range(times))


def _of_runs(times: int, folder: Path, front: str) -> tuple[float, float, float]:
    """Seconds of a run over a folder, over a bucket with nothing fetched yet, and with all of it there.

    The folder is read right before what it is compared with, so that both find the machine alike.
    """
    found: list[tuple[float, float, float]] = []
    with Engine("spark", roots=(folder, f"s3://{_BUCKET}")) as engine:

        def run(named: str) -> float:
            def work() -> None:
                run = engine.evaluate(_MEAN, Dataset(named), segments=[SegmentGroup.by_value("g")])
                assert run.overall.status == "ok" and len(run.results) == 5

            return machine.seconds(work)

        for _ in range(_UNTIMED):
            run(str(folder))
        for number in range(times):
            place = f"s3://{_BUCKET}/{front}{number}/files"
            found.append((run(str(folder)), run(place), run(place)))
    local, cold, warm = (statistics.median(column) for column in zip(*found, strict=True))
    return local, cold, warm


def _of_asking(times: int, spool: Spool) -> float:
    """Seconds to ask for the etags of objects that were just written, by a clock that stands still."""
    fetched = FetchedObjects(spool.folder / "y", steady=lambda: 0.0)
    stores = Stores([parse_store_url(f"s3://{_BUCKET}")], fetched)
    objects = [one.object for one in stores.find_objects(parse_store_url(f"s3://{_BUCKET}/{YOUNG}/files"))]
    stores.hold(objects, "files").release()
    return _median(times, lambda: stores.hold(objects, "files").release())


def _of_columns(times: int, spool: Spool) -> tuple[float, float]:
    """Seconds for a whole file of many columns, and for two of them."""
    place = parse_store_url(f"s3://{_BUCKET}/w/wide/0.parquet")

    def whole() -> None:
        kept = spool.folder / "wide"
        _open(str(place), (), spool, Stores([place], FetchedObjects(kept))).release()
        shutil.rmtree(kept)

    def chunks() -> None:
        with open_store(place).open_input_file(place.path) as file:
            pq.ParquetFile(file, pre_buffer=True).read(["c3", "c30"])

    return _median(times, whole), _median(times, chunks)


def _open(named: str, roots: tuple[Path, ...], spool: Spool, place: Stores | None) -> ResolvedSource:
    return resolve_source(named, roots=roots, spool=spool, reader="duckdb", stores=place)


def _open_table(table: Path, spool: Spool, per_day: int) -> None:
    last = _START + dt.timedelta(days=_DAYS)
    span = TimeSpan("at", last - dt.timedelta(days=_WANTED), last)
    source = resolve_source(f"delta:{table}", roots=(table,), spool=spool, reader="duckdb", span=span)
    assert source.table is not None and source.table.files == _WANTED * per_day
    source.release()


@contextlib.contextmanager
def _spool() -> Iterator[Spool]:
    spool = Spool()
    try:
        yield spool
    finally:
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
    asyncio.run(serve(Bucket(folder), told))


def _write_files(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    numbers = np.random.default_rng(7)
    for number in range(count):
        groups = np.array(["a", "b", "c", "d"])[np.arange(_ROWS) % 4]
        pq.write_table(pa.table({"x": numbers.random(_ROWS), "g": groups}), folder / f"{number:04}.parquet")
    return folder


def _write_wide(folder: Path) -> int:
    """One file of many columns; its bytes."""
    folder.mkdir()
    numbers, path = np.random.default_rng(7), folder / "0.parquet"
    pq.write_table(pa.table({f"c{number}": numbers.random(200_000) for number in range(_COLUMNS)}), path)
    return path.stat().st_size


def _write_table(folder: Path, per_day: int) -> Path:
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
        for number in range(per_day):
            name = f"{day}-{number}.parquet"
            os.link(path, folder / name)
            added = {"path": name, "partitionValues": {}, "size": path.stat().st_size, "stats": stats,
                     "modificationTime": 0, "dataChange": True}  # fmt: skip
            actions = [*actions, {"add": added}]
        (log / f"{day:020}.json").write_text("\n".join(map(json.dumps, actions)))
    return folder
