"""What the tests of native answers share: files, a database as the DuckDB process has it, plans."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql import DataFrame
from pyspark.sql.connect import functions as F  # noqa: N812

from engine.backends.base import BackendSession
from engine.backends.duckdb.server import open_database
from engine.backends.native.files import scan_of
from engine.backends.spark.backend import LocalSpark
from engine.frames.relations import unpruned
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool
from engine.spark import plans
from engine.spark.native.translate import schema_of
from tests.spark.native.plans import edge_table, hostile_table
from tests.spark.plans.offline import Offline

Build = Callable[[DataFrame], DataFrame]


class Tables:
    """Plans over a table, as the gateway binds them."""

    def __init__(self, folder: Path, table: pa.Table) -> None:
        path = folder / "data.parquet"
        pq.write_table(table, path)
        spool = Spool()
        source = resolve_source(path, roots=[folder], spool=spool)
        spool.close()
        schema = schema_of(source.relation, scan_of)
        self._frame = unpruned(source.relation, schema, source.early)
        self._offline = Offline()

    def plan(self, build: Build) -> pb.Relation:
        """The bound plan of a DataFrame."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # PySpark's, of windows without a partition
            root = self._offline.plan(build(self._offline.df)).root
        return plans.bind(root, frame=self._frame, views={})

    def query(self, text: str, values: Mapping[str, Any]) -> pb.Relation:
        """The bound plan of a query over the view `t`."""
        made = pb.Relation()
        sql = made.with_relations.root.sql
        sql.query = f"WITH `t` AS (SELECT * FROM _calcmetric_view_a_0) ({text})"
        for name, value in values.items():
            constant: Any = F.lit(value)
            sql.named_arguments[name].CopyFrom(constant._expr.to_plan(self._offline.spark._client))
        view = made.with_relations.references.add()
        view.subquery_alias.alias = "_calcmetric_view_a_0"
        view.subquery_alias.input.CopyFrom(self.plan(lambda df: df))
        return made


@pytest.fixture(scope="session")
def native_dir(data_dir: Path) -> Path:
    made = data_dir / "native"
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def hostile(native_dir: Path) -> Tables:
    folder = native_dir / "hostile"
    folder.mkdir()
    return Tables(folder, hostile_table())


@pytest.fixture(scope="session")
def edges(native_dir: Path) -> Tables:
    folder = native_dir / "edges"
    folder.mkdir()
    return Tables(folder, edge_table())


@pytest.fixture(scope="session")
def odd_names(native_dir: Path) -> Tables:
    """Columns whose names have points and back-ticks in them, one of them as a field of a struct has."""
    folder = native_dir / "odd names"
    folder.mkdir()
    values = [1.5, None, -2.0, float("nan")]
    names = ("a.b", "a`b", "a", ".c", "d.e", "`")
    table = pa.table({name: pa.array(values, pa.float64()) for name in names})
    fields = pa.array([{"e": 1.0}, {"e": None}, None, {"e": 4.0}], pa.struct([("e", pa.float64())]))
    return Tables(folder, table.append_column("d", fields))


@pytest.fixture(scope="module")
def spark_session(spark_backend: LocalSpark) -> Iterator[BackendSession]:
    opened = spark_backend.open_session()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def database(data_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_database({}, [str(data_dir)]) as opened:
        yield opened
