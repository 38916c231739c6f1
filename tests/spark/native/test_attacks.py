"""What a guest's plan can make of the SQL that is ours: names, constants and sizes chosen to break it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql.connect import functions as F  # noqa: N812

from engine.backends.native.files import scan_of
from engine.errors import PlanRefused
from engine.spark.native.translate import Query, judged, translate
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import MOST_CHARS
from engine.spark.text import check_schema
from tests.spark.native.conftest import Build, Tables
from tests.waiting import within

# Texts that end a constant or a name where the SQL is careless, name a file, or are no plain text.
HOSTILE = [
    "'", '"', "''", "\\'", "\\", "`", "$$", "$1", "?", ":x", "{0}", "{over}", "%s", "\n", "\r\n", "--", "/*",
    "' OR 1=1 --", "'); SELECT * FROM read_text('/etc/passwd'); --", '" FROM read_text(\'/etc/passwd\') --',
    "x' || (SELECT content FROM read_text('/etc/passwd')) || '",
    "E'\\x41'", "U&'\\0041'", "c0", "g", "k0", "t",
    "\u202e", "\ufeff", "\u0301", "é", "😀", "\x01", "\x7f", "\x1b[31m", "a" * 5_000, "", " ", "NULL", "true",
    "nan", "../../etc/passwd", "s3://bucket/key", "*", "a*", "[ab]",
]  # fmt: skip


def read_of(sql: str, database: duckdb.DuckDBPyConnection) -> set[str]:
    """What a query reads, as DuckDB's own parser has it: files, by the paths that it names, and tables."""
    ((found,),) = database.cursor().execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    tree = json.loads(found)
    assert not tree["error"] and len(tree["statements"]) == 1, tree
    read = set[str]()
    work: list[Any] = [tree["statements"]]
    while work:
        here = work.pop()
        if isinstance(here, dict):
            if here.get("type") == "BASE_TABLE":
                read.add(f"the table {here['table_name']}")
            if here.get("type") == "TABLE_FUNCTION":
                read.add(f"the function {here['function']['function_name']}")
            work += here.values()
        elif isinstance(here, list):
            work += here
    return read


def answer(query: Query, database: duckdb.DuckDBPyConnection) -> pa.Table:
    for guard in query.guards:
        if database.cursor().sql(guard).fetchall() != [(False,)]:
            raise Unproven("a guard")
    return judged(query, database.cursor().sql(query.sql).to_arrow_table())


def one(tables: Tables, build: Build, database: duckdb.DuckDBPyConnection) -> object:
    """The only value of an answer, whose query reads nothing but the frame."""
    query = translate(tables.plan(build), scan_of)
    for sql in (query.sql, *query.guards):
        assert read_of(sql, database) == {"the function read_parquet"}
    return answer(query, database).column(0)[0].as_py()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_constant_stays_the_text_that_it_is(
    text: str, hostile: Tables, database: duckdb.DuckDBPyConnection
) -> None:
    assert one(hostile, lambda df: df.select(F.max(F.lit(text)).alias("m")), database) == text
    within_text = one(hostile, lambda df: df.filter(F.col("k") == F.lit(text)).agg(F.count("*")), database)
    assert within_text == 0


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_constant_stays_the_text_that_it_is(
    text: str, hostile: Tables, database: duckdb.DuckDBPyConnection
) -> None:
    try:
        found = one(hostile, lambda df: df.select(F.max(F.lit(text)).alias("m")), database)
    except Unproven:
        assert "\0" in text
    else:
        assert found == text


@pytest.mark.parametrize("name", [text for text in HOSTILE if text])
def test_names_of_authors_are_in_no_query(
    name: str, hostile: Tables, database: duckdb.DuckDBPyConnection
) -> None:
    def build(df: Any) -> Any:
        return (
            df.alias(name)
            .withColumn("n", F.col("id") + 1)
            .toDF(*df.columns, name)
            .agg(F.max(F.lit(1)).alias(name))
        )

    try:
        query = translate(hostile.plan(build), scan_of)
    except Unproven:
        return
    assert f"marker {name}" not in query.sql
    assert answer(query, database).column_names == [name]
    assert read_of(query.sql, database) == {"the function read_parquet"}


@pytest.fixture(scope="module")
def named(native_dir: Path) -> tuple[Path, list[str]]:
    """A file whose columns have hostile names; the number of a column is its value."""
    names = [text for text in HOSTILE if text.strip() and len(text) < 100]
    names = list({text.lower(): text for text in names}.values())
    path = native_dir / "named.parquet"
    pq.write_table(pa.table({text: [place] for place, text in enumerate(names)}), path)
    return path, names


def test_columns_of_hostile_names_are_read_as_what_they_are(
    named: tuple[Path, list[str]], database: duckdb.DuckDBPyConnection
) -> None:
    path, names = named
    for place, name in enumerate(names):
        relation = pb.Relation()
        total = relation.aggregate
        total.group_type = pb.Aggregate.GROUP_TYPE_GROUPBY
        source = total.input.read.data_source
        source.format = "parquet"
        source.paths.append(str(path))
        fields = [{"name": text, "type": "long", "nullable": True, "metadata": {}} for text in names]
        source.schema = json.dumps({"type": "struct", "fields": fields})
        alias = total.aggregate_expressions.add().alias
        alias.name.append("m")
        function = alias.expr.unresolved_function
        function.function_name = "max"
        column = function.arguments.add().unresolved_attribute
        column.unparsed_identifier = "`" + name.replace("`", "``") + "`"
        try:
            query = translate(relation, scan_of)
        except Unproven:
            continue
        assert read_of(query.sql, database) == {"the function read_parquet"}
        assert answer(query, database).to_pylist() == [{"m": place}], name


@pytest.mark.parametrize(
    "name", ["a*.parquet", "a?.parquet", "[ab].parquet", "{a,b}.parquet", "a\\b.parquet"]
)
def test_a_file_is_no_pattern(name: str, native_dir: Path) -> None:
    folder = native_dir / f"patterns-{len(name)}-{ord(name[1])}"
    folder.mkdir()
    for each in (name, "a.parquet", "ab.parquet", "b.parquet"):
        pq.write_table(pa.table({"x": [len(each)]}), folder / each)
    read = pb.Read()
    read.data_source.format = "parquet"
    read.data_source.paths.append(str(folder / name))
    read.data_source.schema = json.dumps(
        {"type": "struct", "fields": [{"name": "x", "type": "long", "nullable": True, "metadata": {}}]}
    )
    with pytest.raises(Unproven, match="unusual name"):
        scan_of(read)


def literal(**values: Any) -> pb.Expression:
    expression = pb.Expression()
    for name, value in values.items():
        if name == "decimal":
            for part, content in value.items():
                setattr(expression.literal.decimal, part, content)
        else:
            setattr(expression.literal, name, value)
    return expression


@pytest.mark.parametrize(
    "constant",
    [
        literal(decimal={"value": "NaN", "precision": 10, "scale": 2}),
        literal(decimal={"value": "Infinity", "precision": 10, "scale": 2}),
        literal(decimal={"value": "1e999999999", "precision": 38, "scale": 0}),
        literal(decimal={"value": "') FROM x --", "precision": 10, "scale": 2}),
        literal(decimal={"value": "1", "precision": 10_000, "scale": -7}),
        literal(decimal={"value": "1", "precision": 0, "scale": 0}),
        literal(date=2**31 - 1),
        literal(date=-(2**31)),
        literal(timestamp=2**63 - 1),
        literal(timestamp_ntz=-(2**63)),
        literal(binary=b"\x00';--"),
        literal(long=-(2**63)),
        literal(double=float("nan")),
        literal(double=5e-324),
        literal(float=float("-inf")),
    ],
    ids=lambda constant: str(constant.literal).replace("\n", " ")[:40],
)
def test_a_constant_by_hand_breaks_nothing(
    constant: pb.Expression, hostile: Tables, database: duckdb.DuckDBPyConnection
) -> None:
    relation = hostile.plan(lambda df: df.agg(F.max(F.lit(1)).alias("m")))
    function = relation.aggregate.aggregate_expressions[0].alias.expr.unresolved_function
    function.arguments[0].CopyFrom(constant)
    try:
        query = translate(relation, scan_of)
    except Unproven:
        return
    assert read_of(query.sql, database) == {"the function read_parquet"}
    answer(query, database)


def test_a_type_that_python_would_import_is_nobody_s(hostile: Tables, tmp_path: Path) -> None:
    """PySpark imports the module that a user-defined type names; the gateway knows no such type either."""
    schema = {
        "type": "struct",
        "fields": [
            {
                "name": "a",
                "nullable": True,
                "metadata": {},
                "type": {"type": "udt", "pyClass": "antigravity.X", "class": None, "sqlType": "long"},
            }
        ],
    }
    with pytest.raises(PlanRefused):
        check_schema(json.dumps(schema))
    relation = pb.Relation()
    sink = pa.BufferOutputStream()
    table = pa.table({"a": [1]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    relation.local_relation.data = sink.getvalue().to_pybytes()
    for text in (json.dumps(schema), "[" * 100_000, '{"type":"struct"}', "null", "a INT"):
        relation.local_relation.schema = text
        with pytest.raises(Unproven):
            translate(relation, scan_of)
    assert "antigravity" not in os.sys.modules  # type: ignore[attr-defined]


def nested(depth: int) -> Build:
    def build(df: Any) -> Any:
        column = F.col("y")
        for _ in range(depth):
            column = F.sqrt(column)
        return df.agg(F.max(column).alias("m"))

    return build


def doubled(steps: int) -> Build:
    """Each column is the one below, three times: written into each other it would have 3^steps parts."""

    def build(df: Any) -> Any:
        for number in range(steps):
            below = "y" if number == 0 else f"w{number - 1}"
            df = df.withColumn(f"w{number}", F.greatest(below, below, below))
        return df.filter(F.col(f"w{steps - 1}") > 0).agg(F.count("*").alias("n"))

    return build


def branches(depth: int) -> Build:
    def build(df: Any) -> Any:
        column = F.col("i") % F.col("i")
        for number in range(depth):
            column = F.when(F.col("i") > number, F.col("i") % number).otherwise(column)
        return df.agg(F.max(column).alias("m"))

    return build


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(nested(40), id="nested calls"),
        pytest.param(doubled(8), id="columns that double, few"),
        pytest.param(doubled(50), id="columns that double"),
        pytest.param(branches(3), id="few branches"),
        pytest.param(branches(40), id="branches within branches"),
        pytest.param(
            lambda df: df.filter(F.col("k").isin(*map(str, range(9)))).agg(F.count("*")), id="options"
        ),
        pytest.param(lambda df: df.select(F.max(F.lit("x" * 1_000_000)).alias("m")), id="a long text"),
        pytest.param(
            lambda df: df.agg(*(F.max(F.col("y") + number).alias(f"m{number}") for number in range(2_000))),
            id="many aggregates",
        ),
        pytest.param(
            lambda df: df.select([F.lit(1).alias(f"c{number}") for number in range(3_000)]).limit(1),
            id="many columns",
        ),
    ],
)
def test_a_large_plan_costs_little_before_it_is_given_up(build: Build, hostile: Tables) -> None:
    relation = hostile.plan(build)
    with within(4.0):
        try:
            query = translate(relation, scan_of)
        except Unproven:
            return
    assert len(query.sql) <= MOST_CHARS
    assert all(len(guard) <= 2 * MOST_CHARS for guard in query.guards)


def deep(depth: int) -> pb.Relation:
    """A plan whose expression nests deeper than PySpark would make it."""
    relation = pb.Relation()
    expression = relation.project.expressions.add()
    for _ in range(depth):
        function = expression.unresolved_function
        function.function_name = "sqrt"
        expression = function.arguments.add()
    expression.literal.double = 2.0
    relation.project.input.local_relation.schema = "a INT"
    return relation


def deep_relation(depth: int) -> pb.Relation:
    relation = pb.Relation()
    here = relation
    for _ in range(depth):
        here.limit.limit = 1
        here = here.limit.input
    here.local_relation.schema = "a INT"
    return relation


@pytest.mark.parametrize("relation", [deep(900), deep_relation(900)], ids=["expression", "steps"])
def test_a_plan_that_nests_deeply_is_given_up(relation: pb.Relation) -> None:
    with pytest.raises(Unproven):
        translate(relation, scan_of)
