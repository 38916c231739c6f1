"""Relations over files and tables: as protobuf, and as Spark reads them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.local.server import LocalServer
from engine.context import UNBOUNDED
from engine.frames.relations import read_files, read_table
from tests.backends.plans import aggregate, call, column, run

DDL = "n BIGINT, word STRING, at TIMESTAMP"
JSON = (
    '{"type":"struct","fields":['
    '{"name":"n","type":"long","nullable":true,"metadata":{}},'
    '{"name":"word","type":"string","nullable":true,"metadata":{}},'
    '{"name":"at","type":"timestamp","nullable":true,"metadata":{}}]}'
)
TABLE = pa.table(
    {
        "n": pa.array([1, 2, 3], pa.int64()),
        "word": ["x", None, "z"],
        "at": pa.array([0, 1_000_000, 2_000_000], pa.timestamp("us", "UTC")),
    }
)


@pytest.fixture(scope="session")
def files(data_dir: Path) -> Path:
    folder = data_dir / "relations"
    (folder / "day=1").mkdir(parents=True)
    (folder / "day=2").mkdir()
    (folder / "plain").mkdir()
    for name in (
        "day=1/a",
        "day=2/b",
        "plain/1",
        "plain/2",
        "with space",
        "per%20cent",
        "comma,comma",
        "grün",
    ):
        pq.write_table(TABLE, folder / f"{name}.parquet")
    (folder / "part").mkdir()
    for day in ("day=1", "day=2"):
        (folder / day).rename(folder / "part" / day)
    lines = [
        ("1", "x", "1970-01-01T00:00:00Z"),
        ("2", "", "1970-01-01T00:00:01Z"),
        ("3", "z", "1970-01-01T00:00:02Z"),
    ]
    (folder / "data.csv").write_text("n,word,at\n" + "".join(",".join(line) + "\n" for line in lines))
    (folder / "data.json").write_text(
        "".join(
            f'{{"n": {n}, "word": {f"{chr(34)}{w}{chr(34)}" if w else "null"}, "at": "{t}"}}\n'
            for n, w, t in lines
        )
    )
    pq.write_table(TABLE, folder / "data.parquet")
    return folder


def total(spark_backend: LocalServer, relation: pb.Relation) -> int:
    session = spark_backend.open_session()
    try:
        (row,) = run(session, aggregate(relation, call("sum", column("n"))))
    finally:
        session.close()
    return int(*row.values())


def test_inference_is_asked_for_only_without_a_schema() -> None:
    inferred = read_files("csv", ["a.csv"]).read.data_source
    assert dict(inferred.options) == {"header": "true", "inferSchema": "true"}
    assert not inferred.HasField("schema")
    given = read_files("csv", ["a.csv"], schema="n INT", options={"sep": ";"}).read.data_source
    assert dict(given.options) == {"header": "true", "sep": ";"}
    assert given.schema == "n INT"


def test_a_table_is_named() -> None:
    assert read_table("a.`b c`").read.named_table.unparsed_identifier == "a.`b c`"


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["parquet", "csv", "json"])
@pytest.mark.parametrize("schema", [DDL, JSON])
def test_a_given_schema_is_what_comes_out(
    spark_backend: LocalServer, files: Path, file_format: str, schema: str
) -> None:
    session = spark_backend.open_session()
    relation = read_files(file_format, [str(files / f"data.{file_format}")], schema=schema)  # type: ignore[arg-type]
    analysis = pb.AnalyzePlanRequest.Schema(plan=pb.Plan(root=relation))
    response = session.analyze(pb.AnalyzePlanRequest(schema=analysis), UNBOUNDED)
    kinds = [field.data_type.WhichOneof("kind") for field in response.schema.schema.struct.fields]
    assert kinds == ["long", "string", "timestamp"]
    rows = run(session, relation)
    assert [(row["n"], row["word"], row["at"].timestamp()) for row in rows] == [
        (1, "x", 0.0),
        (2, None, 1.0),
        (3, "z", 2.0),
    ]
    session.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["with space.parquet", "per%20cent.parquet", "comma,comma.parquet", "grün.parquet"]
)
def test_odd_names_are_names(spark_backend: LocalServer, files: Path, name: str) -> None:
    assert total(spark_backend, read_files("parquet", [str(files / name)])) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern", ["plain", "plain/", "plain/*.parquet", "plain/{1,2}.parquet", "plain/[12].parquet", "part"]
)
def test_folders_and_globs_are_all_their_files(spark_backend: LocalServer, files: Path, pattern: str) -> None:
    assert total(spark_backend, read_files("parquet", [f"{files}/{pattern}"])) == 12


@pytest.mark.slow
def test_a_url_is_a_path(spark_backend: LocalServer, files: Path) -> None:
    assert total(spark_backend, read_files("parquet", [f"file://{files}/data.parquet"])) == 6


@pytest.mark.slow
def test_partitions_are_columns(spark_backend: LocalServer, files: Path) -> None:
    session = spark_backend.open_session()
    rows = run(session, read_files("parquet", [f"{files}/part"]))
    assert sorted(str(row["day"]) for row in rows) == ["1", "1", "1", "2", "2", "2"]
    session.close()
