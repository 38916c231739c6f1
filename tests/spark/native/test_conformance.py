"""Every line of the table of functions, over hostile values: DuckDB gives what Spark gives.

Bits, types, nulls, names; where a line's guard holds nothing is said, and where it does not hold Spark may
raise nothing. One query on each side for each signature.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type
from pyspark.sql.types import StructField, StructType

from engine.backends.base import BackendSession
from engine.backends.duckdb.server import open_database
from engine.backends.tables import fetch
from engine.context import UNBOUNDED
from engine.errors import BackendError
from engine.frames.build import aggregated, column, projected
from engine.frames.relations import read_files
from engine.spark.native.expressions import NameScope, read
from engine.spark.native.tree import Column
from engine.spark.native.types import arrow_type, duckdb_name, from_proto, to_proto
from tests.spark.native.grid import Case, Signature, all_lines, by_signature, masked, mixed
from tests.spark.native.values import grouped, row_wise, values_of

CASES = by_signature()
_SECONDS = 300.0
TABLES = ["lines", pytest.param("mixed", marks=pytest.mark.deep)]


def test_every_line_has_hostile_values() -> None:
    lines = all_lines()
    for line in lines:
        assert line.takes
        assert all(len(values_of(kind)) > 2 for kind in line.takes), line
    assert sum(map(len, CASES.values())) == len(lines)


@pytest.mark.parametrize("signature", CASES, ids=str)
def test_every_line_is_read_as_itself(signature: Signature) -> None:
    for case in CASES[signature]:
        typed = case.typed()
        assert typed.type == case.line.gives, case.label
        assert case.line.sql.count("{") and all(case.sql()), case.label


@pytest.fixture(scope="module")
def folder(data_dir: Path) -> Path:
    made = data_dir / "conformance"
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_database({}, [str(folder)]) as opened:
        yield opened


def _of_duckdb(
    database: duckdb.DuckDBPyConnection, table: pa.Table, cases: list[Case], path: Path
) -> pa.Table:
    """The value and the flag of each case, by id; DuckDB's types are the line's."""
    pq.write_table(table, path)
    arguments = [f"{_plain(table, name)} AS c{name[1:]}" for name in table.column_names[1:]]
    source = f"SELECT id, {', '.join(arguments)} FROM read_parquet('{path}')"
    parts, kinds = ["id"], []
    for number, case in enumerate(cases):
        value, flag = case.sql()
        # DuckDB raises by itself for some of what is flagged.
        parts += [f"CASE WHEN {flag} THEN NULL ELSE {value} END AS v{number}", f"{flag} AS f{number}"]
        kinds.append(f"typeof(any_value(v{number}))")
    query = f"SELECT {', '.join(parts)} FROM ({source})"
    query += " GROUP BY id" if cases[0].line.aggregate else ""
    [found] = database.sql(f"SELECT {', '.join(kinds)} FROM ({query})").fetchall()
    for kind, case in zip(found, cases, strict=True):
        assert kind == duckdb_name(case.line.gives), case.label
    return database.sql(f"{query} ORDER BY id").to_arrow_table()


def _plain(table: pa.Table, name: str) -> str:
    stamped = pa.types.is_timestamp(table.schema.field(name).type)
    return f"make_timestamp(epoch_us({name}))" if stamped else name


def _of_spark(
    spark_session: BackendSession, table: pa.Table, native: pa.Table, cases: list[Case], path: Path
) -> pa.Table:
    """What Spark gives for each case by id, where it is not flagged."""
    flags = {row["id"]: row for row in native.to_pylist()}
    ids = table["id"].to_pylist()
    for number in range(len(cases)):
        oks = [not flags[one][f"f{number}"] for one in ids]
        table = table.append_column(f"ok{number}", pa.array(oks, pa.bool_()))
    pq.write_table(table, path)
    relation = read_files("parquet", [str(path)])
    results = [masked(case, number) for number, case in enumerate(cases)]
    if cases[0].line.aggregate:
        asked = aggregated(relation, [column("id")], results)
    else:
        asked = projected(relation, [column("id"), *results])
    found = fetch(spark_session, asked, UNBOUNDED.within(_SECONDS))
    return found.table.sort_by("id")


def _differs(case: Case, mine: Any, theirs: Any) -> bool:
    if isinstance(mine, list) and isinstance(theirs, list):
        return repr(mine) != repr(theirs)
    if mine is None or theirs is None or not isinstance(mine, float):
        return bool(mine != theirs)
    if math.isnan(mine) or math.isnan(theirs):
        return math.isnan(mine) != math.isnan(theirs)
    if case.typed().approximate and math.isfinite(mine) and math.isfinite(theirs):
        # The differences that make a skewness cancel each other.
        noise = 1e-12 if case.line.name == "skewness" else 1e-300
        return not math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=noise)
    return mine != theirs or math.copysign(1, mine) != math.copysign(1, theirs)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("table_of", TABLES)
def test_values_are_those_of_spark(
    table_of: str, folder: Path, database: duckdb.DuckDBPyConnection, spark_session: BackendSession
) -> None:
    wrong = []
    for (takes, aggregate), cases in (CASES if table_of == "lines" else mixed()).items():
        table = grouped(takes) if aggregate else row_wise(takes)
        try:
            native = _of_duckdb(database, table, cases, folder / "native.parquet")
            spark = _of_spark(spark_session, table, native, cases, folder / "spark.parquet")
        except (BackendError, duckdb.Error) as error:
            wrong.append(f"{[case.label for case in cases]}: raises {str(error)[:400]}")
            continue
        assert spark["id"].to_pylist() == native["id"].to_pylist()
        inputs = table.to_pylist()
        for number, case in enumerate(cases):
            assert spark[f"r{number}"].type == arrow_type(case.line.gives), case.label
            flags = native[f"f{number}"].to_pylist()
            pairs = zip(native[f"v{number}"].to_pylist(), spark[f"r{number}"].to_pylist(), flags, strict=True)
            if all(flags) and table_of == "lines":
                wrong.append(f"{case.label}: everything is flagged")
            different = [
                (place, mine, theirs)
                for place, (mine, theirs, flag) in enumerate(pairs)
                if not flag and _differs(case, _zoneless(mine), _zoneless(theirs))
            ]
            for place, mine, theirs in different[:3]:
                given = [row for row in inputs if row["id"] == place]
                wrong.append(f"{case.label}: {given[:4]} gives {mine!r}, Spark {theirs!r} ({len(different)})")
    assert not wrong, "\n".join(wrong)


def _zoneless(value: Any) -> Any:
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("table_of", TABLES)
def test_types_and_names_are_those_of_spark(
    table_of: str, folder: Path, spark_session: BackendSession
) -> None:
    wrong = []
    for (takes, aggregate), cases in (CASES if table_of == "lines" else mixed()).items():
        path = folder / "types.parquet"
        pq.write_table((grouped(takes) if aggregate else row_wise(takes)).slice(0, 2), path)
        request = pb.AnalyzePlanRequest()
        source = read_files("parquet", [str(path)])
        request.schema.plan.root.CopyFrom(projected(source, [case.expression for case in cases]))
        try:
            fields = spark_session.analyze(request, UNBOUNDED).schema.schema.struct.fields
        except BackendError as error:
            wrong.append(f"{[case.label for case in cases]}: {error}")
            continue
        for case, found in zip(cases, fields, strict=True):
            typed = case.typed()
            mine = (case.name or found.name, typed.type, typed.nullable)
            theirs = (found.name, from_proto(found.data_type), found.nullable)
            if mine != theirs:
                wrong.append(f"{case.label}: {mine}, Spark {theirs}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.spark
@pytest.mark.slow
def test_what_can_be_null_is_what_spark_says(spark_session: BackendSession) -> None:
    """Of columns in which there are no nulls."""
    wrong = []
    for (takes, _), cases in CASES.items():
        fields = [
            StructField(f"a{place}", proto_schema_to_pyspark_data_type(to_proto(kind)), nullable=False)
            for place, kind in enumerate(takes)
        ]
        source = pb.Relation(local_relation=pb.LocalRelation(schema=StructType(fields).json()))
        request = pb.AnalyzePlanRequest()
        request.schema.plan.root.CopyFrom(projected(source, [case.expression for case in cases]))
        columns = tuple(Column(place, f"a{place}", kind, False) for place, kind in enumerate(takes))
        found = spark_session.analyze(request, UNBOUNDED).schema.schema.struct.fields
        for case, field in zip(cases, found, strict=True):
            typed = read(case.expression, NameScope(columns, aggregates=True))
            if typed.nullable != field.nullable:
                wrong.append(f"{case.label}: {typed.nullable}, Spark {field.nullable}")
    assert not wrong, "\n".join(wrong)
