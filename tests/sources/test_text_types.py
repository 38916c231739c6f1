"""Types of columns of text: as Spark's inference has them, whatever the order and the blocks."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

from engine.context import UNBOUNDED
from engine.errors import BackendError
from engine.frames.relations import read_files, with_schema
from engine.models.text_options import TextOptions
from engine.sources.text.kinds import (
    NOTHING,
    TEXT,
    TextColumnType,
    TextKind,
    arrow_type,
    classify,
    convert,
    merge,
)
from engine.sources.text.spooling import remote_options
from engine.sources.text.times import instant
from tests.backends.plans import aggregate, call, run
from tests.backends.plans import column as column_of
from tests.sources.text_columns import COLUMNS, OTHERWISE

NAMES = {
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.timestamp("us", "UTC"): "timestamp",
    pa.bool_(): "boolean",
    pa.string(): "string",
}
# How Spark is told to read what the policy reads: with the policy's dialect spelled out.
OPTIONS = {"multiLine": "true", "quote": '"', "escape": '"', "sep": ",", "mode": "FAILFAST", "lineSep": "\n"}


def converted(values: pa.Array, wanted: TextColumnType) -> list[Any]:
    """Values of text in a type in which all of them can be read."""
    found = convert(values, wanted)
    assert found is not None
    return list(found.to_pylist())


def column(values: Iterable[str | None]) -> pa.Array:
    return pa.array([value or None for value in values], pa.string())


def name_of(kind: pa.DataType) -> str:
    return f"decimal({kind.precision},0)" if pa.types.is_decimal(kind) else NAMES[kind]


def read(values: Iterable[str | None]) -> tuple[str, list[Any]]:
    found = classify(column(values))
    return name_of(arrow_type(found)), converted(column(values), found)


def same(first: Iterable[object], second: Iterable[object]) -> bool:
    """Whether values are equal, and of one type; NaN is itself."""
    return [repr(value) for value in first] == [repr(value) for value in second]


@pytest.mark.parametrize("name", [*COLUMNS, *OTHERWISE])
def test_types_are_those_of_the_table_in_any_order(name):
    values, kind = (COLUMNS | OTHERWISE)[name]
    assert read(values)[0] == kind
    assert read(values[::-1])[0] == kind
    assert read(["", *values])[0] == kind


@pytest.mark.parametrize("name", [*COLUMNS, *OTHERWISE])
def test_types_of_parts_merge_to_the_type_of_the_whole(name):
    values, kind = (COLUMNS | OTHERWISE)[name]
    found = NOTHING
    for value in values:
        found = merge(found, classify(column([value])))
    assert name_of(arrow_type(found)) == kind
    assert same(converted(column(values), found), read(values)[1])


def test_values_are_what_the_text_says():
    utc = dt.UTC
    assert read(["007", "+3", "-0"])[1] == [7, 3, 0]
    assert read(["18446744073709551615", "-1"])[1] == [Decimal("18446744073709551615"), Decimal(-1)]
    assert read([" 5", "6d", "0x1p3", "0.1"])[1] == [5.0, 6.0, 8.0, 0.1]
    assert read(["-0.0", "Inf", "-Infinity"])[1] == [-0.0, math.inf, -math.inf]
    assert math.copysign(1, read(["-0.0"])[1][0]) == -1
    assert read(["2024-01-01", "0001-01-01"])[1] == [dt.date(2024, 1, 1), dt.date(1, 1, 1)]
    assert read(["2024-07-01 10:00:00 Europe/Berlin"])[1] == [dt.datetime(2024, 7, 1, 8, tzinfo=utc)]
    assert read(["2024-01-01T10:00:00+02:00"])[1] == [dt.datetime(2024, 1, 1, 8, tzinfo=utc)]
    assert read(["2024-01-01 10:00:00.123456789"])[1] == [
        dt.datetime(2024, 1, 1, 10, 0, 0, 123456, tzinfo=utc)
    ]
    assert read(["true", "FALSE", ""])[1] == [True, False, None]


def test_a_value_of_another_type_is_noticed():
    for values, kind in (
        (["1", "x"], TextKind.INT),
        (["1", "2147483648"], TextKind.INT),
        (["1", "0.5"], TextKind.LONG),
        (["0.5", "NA"], TextKind.DOUBLE),
        (["2024-01-01", "2024-01-01 10:00"], TextKind.DATE),
        (["2024-01-01", "soon"], TextKind.TIMESTAMP),
        (["true", "yes"], TextKind.BOOLEAN),
        (["1"], TextKind.NULL),
    ):
        assert convert(column(values), TextColumnType(kind)) is None
    assert convert(column(["9" * 30]), TextColumnType(TextKind.DECIMAL, 20)) is None


@given(st.lists(st.sampled_from([v for values, _ in COLUMNS.values() for v in values]), max_size=6))
def test_any_mixture_has_one_type_however_it_is_cut(values):
    whole = classify(column(values))
    for cut in range(len(values) + 1):
        assert merge(classify(column(values[:cut])), classify(column(values[cut:]))) == whole
    assert convert(column(values), whole) is not None


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1))
def test_numbers_come_back_as_they_were(number, whole):
    assert converted(column([repr(number)]), TextColumnType(TextKind.DOUBLE)) == [number]
    assert converted(column([str(whole)]), TextColumnType(TextKind.LONG)) == [whole]


@given(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)))
def test_instants_are_pythons(moment):
    local = moment.replace(tzinfo=dt.timezone(dt.timedelta(hours=2)))
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert instant(local.isoformat()) == (local - epoch) // dt.timedelta(microseconds=1)
    found = converted(column([moment.isoformat(" ")]), TextColumnType(TextKind.TIMESTAMP))
    assert found == [moment.replace(tzinfo=dt.UTC)]


def test_a_column_in_chunks_is_a_column():
    chunks = pa.chunked_array([column(["1", "2"]), column(["x"]), column([])])
    assert classify(chunks) == TEXT
    assert classify(chunks.slice(0, 2)) == TextColumnType(TextKind.INT)
    assert converted(chunks.slice(1, 1), TextColumnType(TextKind.INT)) == [2]


@pytest.mark.slow
@pytest.mark.spark
def test_spark_has_the_same_types_and_values(spark_backend, data_dir):
    """The judge: real Spark, told the dialect, over every column of the table; short ones end in nulls."""
    folder: Path = data_dir / "text-types"
    folder.mkdir()
    rows = max(len(values) for values, _ in COLUMNS.values())
    with (folder / "all.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(f"c{place}" for place in range(len(COLUMNS))), "row"])
        for row in range(rows):
            cells = [values[row] if row < len(values) else "" for values, _ in COLUMNS.values()]
            writer.writerow([*cells, f"r{row}"])
    session = spark_backend.open_session()
    relation = read_files("csv", [str(folder / "all.csv")], options=OPTIONS)
    request = pb.AnalyzePlanRequest(schema=pb.AnalyzePlanRequest.Schema(plan=pb.Plan(root=relation)))
    schema = session.analyze(request, UNBOUNDED).schema.schema
    types: Any = proto_schema_to_pyspark_data_type(schema)
    found = run(session, with_schema(relation, schema))
    session.close()
    for place, (name, (values, kind)) in enumerate(COLUMNS.items()):
        assert (name, types[f"c{place}"].dataType.simpleString()) == (name, kind)
        padded = [*values, *[""] * (rows - len(values))]
        assert same([row[f"c{place}"] for row in found], read(padded)[1]), name


@pytest.mark.slow
@pytest.mark.spark
def test_what_a_cluster_is_told_makes_it_read_the_same_or_fail(spark_backend, data_dir):
    folder = data_dir / "text-cluster"
    folder.mkdir()
    (folder / "good.csv").write_text('x,note\n1,"a\n""b"""\n2,c\n')
    (folder / "ragged.csv").write_text("x,note\n1,a\n2\n3,c,d\n")
    (folder / "other.csv").write_text("note,x\nc,5\n")
    (folder / "bad.json").write_text('{"x":1}\n{"x":\n')
    session = spark_backend.open_session()

    def total(kind, *names):
        options = remote_options(kind, TextOptions(), tabs=False)
        relation = read_files(kind, [str(folder / name) for name in names], options=options)
        request = pb.AnalyzePlanRequest(schema=pb.AnalyzePlanRequest.Schema(plan=pb.Plan(root=relation)))
        schema = session.analyze(request, UNBOUNDED).schema.schema
        (row,) = run(session, aggregate(with_schema(relation, schema), call("sum", column_of("x"))))
        return int(*row.values())

    assert total("csv", "good.csv") == 3
    for kind, names in (("csv", ["ragged.csv"]), ("csv", ["good.csv", "other.csv"]), ("json", ["bad.json"])):
        with pytest.raises(BackendError):
            total(kind, *names)
    session.close()


def test_the_table_says_what_parquet_gets(tmp_path):
    """The types as they are written, so that a backend cannot see others."""
    table = pa.table({"v": convert(column(["1"]), TextColumnType(TextKind.INT))})
    pq.write_table(table, tmp_path / "a.parquet")
    assert pq.read_schema(tmp_path / "a.parquet").field("v").type == pa.int32()
