"""Rows in the caller's memory, whoever's tables they are in, the same on every backend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from engine import Dataset
from engine.errors import DataError
from engine.models.streams import RowStream, is_stream
from engine.sources.memory import find_tabular
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool
from tests.sources.conftest import RowBatch

Read = Callable[[Any], RowBatch]
WHEN = dt.datetime(2026, 1, 1, 12, 30, 0, 123456)
COLUMNS = {"a": [1, 2, None], "s": ["x", None, "ü"], "d": [0.5, float("inf"), None], "t": [WHEN, None, WHEN]}
TABLE = pa.table(COLUMNS)


def generated() -> Iterator[Any]:
    yield TABLE.slice(0, 1)
    yield TABLE.slice(1, 0)
    yield TABLE.slice(1).to_batches()[0]


def reader() -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(TABLE.schema, iter(TABLE.to_batches(max_chunksize=1)))


class Foreign:
    """A table of a library that nobody here knows, which speaks Arrow's interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return TABLE.__arrow_c_stream__(requested_schema)


def of_polars(_: Path) -> Any:
    return pl.DataFrame(COLUMNS).with_columns(pl.col("s").cast(pl.Categorical))


def of_duckdb(_: Path) -> Any:
    return duckdb.connect().from_arrow(TABLE)


def of_dataset(folder: Path) -> Any:
    pq.write_table(TABLE, folder / "a.parquet")
    return pads.dataset(folder, format="parquet")


MAKERS = [
    of_polars, of_duckdb, of_dataset, lambda _: TABLE.to_batches()[0], lambda _: Foreign(),
    lambda _: reader(), lambda _: generated(),
]  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
def test_rows_are_the_same_whoever_holds_them(
    read: Read, tmp_path: Path, make: Callable[[Path], Any]
) -> None:
    rows = read(Dataset(make(tmp_path)).source)
    expected = sorted(TABLE.to_pylist(), key=str)
    assert sorted(rows, key=str) == expected


def test_what_a_library_hands_over_is_not_copied() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3]})
    found = find_tabular(frame)
    assert found is not None
    [batch] = found.batches()
    [there] = pa.table(frame).column("a").chunks
    assert batch.column("a").buffers()[1].address == there.buffers()[1].address


@pytest.mark.parametrize("make", [reader, generated, Foreign])
def test_what_can_be_read_once_is_refused_the_second_time(spool: Spool, make: Callable[[], Any]) -> None:
    """A reader that was read gives no rows and no error, which would be a number of nothing."""
    dataset = Dataset(make())
    resolve_source(dataset.source, roots=(), spool=spool).release()
    with pytest.raises(DataError, match="read before"):
        resolve_source(dataset.source, roots=(), spool=spool)


@pytest.mark.parametrize("source", [TABLE, TABLE.to_pandas(), pl.DataFrame(COLUMNS), TABLE.to_batches()[0]])
def test_tables_can_be_read_as_often_as_one_likes(spool: Spool, source: Any) -> None:
    dataset = Dataset(source)
    assert not is_stream(source) and dataset.source is source
    for _ in range(2):
        resolve_source(dataset.source, roots=(), spool=spool).release()


def failing() -> Iterator[Any]:
    yield TABLE
    raise KeyError("gone")


def differing() -> Iterator[Any]:
    yield pa.table({"a": [1]})
    yield pa.table({"a": ["x"]})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: iter([]), "no batch"),
        (lambda: iter(["text"]), "gives a str as batch 1"),
        (lambda: iter([TABLE, 7]), "gives a int as batch 2"),
        (failing, "failed: KeyError: 'gone'"),
        (differing, "'a' was int64 and is string"),
        (lambda: pl.LazyFrame(COLUMNS), r"LazyFrame; call its collect\(\) first"),
        (lambda: iter([iter([TABLE])]), "as batch 1"),
        (object, "cannot be a object"),
    ],
)
def test_what_gives_no_rows_is_told(spool: Spool, make: Callable[[], Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        resolve_source(Dataset(make()).source, roots=(), spool=spool)
    assert not list(spool.folder.iterdir())


def test_a_stream_whose_column_turns_out_unfit_is_told_and_not_read_from_its_middle(spool: Spool) -> None:
    bad = pa.array([2**62], pa.timestamp("s"))  # no microseconds count so far
    batches = [pa.table({"a": [1], "t": pa.array([0], pa.timestamp("s"))}), pa.table({"a": [2], "t": bad})]
    with pytest.raises(DataError, match="gives its rows once"):
        resolve_source(Dataset(iter(batches)).source, roots=(), spool=spool)
    source = resolve_source(pa.concat_tables(batches), roots=(), spool=spool)
    assert list(source.left_out) == ["t"]
    source.release()


def test_a_stream_may_be_taken_by_one_only() -> None:
    once = RowStream(iter([TABLE]))
    assert [once.take(), once.take()] == [True, False]
    assert (
        is_stream(iter([]))
        and is_stream(Foreign())
        and not is_stream("path")
        and not is_stream(pd.DataFrame())
    )
