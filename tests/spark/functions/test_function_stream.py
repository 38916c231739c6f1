"""Rows that stream through functions stay beside what was given for them, however the worker cuts it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.queries.spark.functions.function_stream import FunctionStream, KeptResults
from engine.sources.spool import Scratch
from engine.spark.functions import Sample, other_cut, recut
from engine.spark.functions.cuts import is_inexact

DOUBLE = pb.DataType(double=pb.DataType.Double())
ROWS = pa.table({"a": pa.array(range(25_000), pa.int64()), "b": pa.array(map(str, range(25_000)))})


def kept(folder: Path | None, schema: pa.Schema | None = None) -> KeptResults:
    """Where rows are put; with a place for files if there is a folder."""
    schema = schema or pa.schema([("b", pa.string()), ("r", pa.float64())])
    types = [pb.DataType(string=pb.DataType.String()), DOUBLE]
    return KeptResults(schema, types, None if folder is None else Scratch(folder))


def pushed(through: FunctionStream, rows: pa.Table, cuts: list[int]) -> Iterator[bytes]:
    """What a worker that doubles numbers sends, in batches of these sizes."""
    pieces = b"".join(through.pieces(pa.schema([rows.schema.field(0)])))
    given = pa.ipc.open_stream(io.BytesIO(pieces)).read_all().column(0).to_numpy() * 2.0
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.schema([("_0", pa.float64())])) as writer:
        for start, end in zip([0, *cuts], [*cuts, len(given)], strict=True):
            writer.write_batch(pa.record_batch({"_0": given[start:end]}))
    data = sink.getvalue()
    return (data[start : start + 70_001] for start in range(0, len(data), 70_001))


@pytest.mark.parametrize("cuts", [[], [1], [0, 0, 12_345, 12_345], list(range(1_000, 25_000, 999))])
def test_results_stand_beside_their_rows(cuts: list[int], tmp_path: Path) -> None:
    into, sample = kept(tmp_path), Sample()
    batches = (ROWS.slice(start, 7_000) for start in range(0, 25_000, 7_000))
    through = FunctionStream(batches, [0], [1], [DOUBLE], into, sample=sample)
    for piece in pushed(through, ROWS, cuts):
        through.take(memoryview(piece))
    through.finish()
    assert into.file is not None
    found = pq.read_table(into.file.path)
    assert found.column("b").equals(ROWS.column("b"))
    assert found.column("r").to_numpy().tolist() == (np.arange(25_000) * 2.0).tolist()
    assert [one.as_py() for one in sample.results[0]] == [
        2.0 * one.as_py() for one in sample.arguments.column(0)
    ]
    footer = pq.read_metadata(into.file.path)
    assert all(footer.row_group(0).column(place).statistics is None for place in (0, 1))
    into.remove()
    assert list(tmp_path.iterdir()) == []


def test_few_rows_stay_in_the_plan(tmp_path: Path) -> None:
    into = kept(tmp_path)
    into.add([pa.chunked_array([["x"]]), pa.chunked_array([[1.0]])])
    into.finish()
    assert into.file is None
    assert into.relation().HasField("local_relation")


def test_days_that_calendars_differ_about_stay_in_memory(tmp_path: Path) -> None:
    schema = pa.schema([("d", pa.date32()), ("r", pa.float64())])
    for day, in_file in ((date(1899, 12, 31), False), (date(9999, 12, 30), False), (date(1900, 1, 1), True)):
        into = kept(tmp_path, schema)
        into.add([pa.chunked_array([[day] * 6_000]), pa.chunked_array([[1.0] * 6_000])])
        into.finish()
        assert (into.file is not None) == in_file
        into.remove()


def test_what_has_no_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [pa.chunked_array([["x" * 100] * 6_000]), pa.chunked_array([[1.0] * 6_000])]
    monkeypatch.setattr("engine.queries.spark.functions.function_stream.MOST_BYTES", 1_000)
    with pytest.raises(PlanRefused):
        kept(None).add(columns)
    monkeypatch.setattr("engine.queries.spark.functions.function_stream.MOST_FILE_BYTES", 10_000)
    with pytest.raises(PlanRefused):
        kept(tmp_path).add(columns)
    monkeypatch.undo()
    gone = kept(tmp_path / "nowhere")
    gone.add(columns)
    with pytest.raises(PlanRefused, match="temporary file"):
        gone.finish()


def test_the_files_of_a_run_have_so_many_bytes_together_and_no_other_run_pays(tmp_path: Path) -> None:
    columns = [pa.chunked_array([["x" * 100] * 6_000]), pa.chunked_array([[1.0] * 6_000])]
    schema = pa.schema([("b", pa.string()), ("r", pa.float64())])
    types = [pb.DataType(string=pb.DataType.String()), DOUBLE]
    folder = Scratch(tmp_path, most_bytes=1 << 20)
    one, other = folder.of_a_run(), folder.of_a_run()

    def put(scratch: Scratch) -> KeptResults:
        into = KeptResults(schema, types, scratch)
        try:
            into.add(columns)
            into.finish()
        except BaseException:
            into.remove()
            raise
        return into

    first = put(one)
    with pytest.raises(PlanRefused, match="more than 1 MiB in files of one run"):
        put(one)
    put(other).remove()
    first.remove()
    put(one).remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sizes", [[], [0, 0], [3], [10_000], [9_999, 2], [20_000, 0, 4], [1] * 5])
def test_rows_are_cut_anew_in_their_order(sizes: list[int]) -> None:
    ends = np.cumsum([0, *sizes])
    parts = list(recut(ROWS.slice(start, size) for start, size in zip(ends, sizes, strict=False)))
    assert [part.num_rows for part in parts[:-1]] == [10_000] * (len(parts) - 1)
    assert [one for part in parts for one in part.column("a").to_pylist()] == list(range(sum(sizes)))


def test_a_sample_of_a_stream_is_cut_like_that_of_all_rows() -> None:
    draw = np.random.default_rng(1)
    for share in (0.0, 0.001, 0.3, 0.999, 1.0):
        column = pa.array(draw.integers(0, 1 << 54, 9_000), mask=draw.random(9_000) < share)
        table, sample = pa.table({"a": column}), Sample()
        for part in recut([table], 1_234):
            sample.see(part)
        for part in recut([table], 777):
            sample.give(part.columns)
        cut, wanted = other_cut(sample.arguments), other_cut(table)
        assert cut is not None
        assert wanted is not None
        assert cut.first == wanted.first
        mine = sample.arguments.column(0).take(pa.array(cut.rows))
        assert mine.to_pylist() == table.column(0).take(pa.array(wanted.rows)).to_pylist()
        assert sample.results[0].to_pylist() == sample.arguments.column(0).to_pylist()
        assert sample.is_inexact == is_inexact(table)
