"""The lean client reads what the engine sends as PySpark's own does, and looks nothing up on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.errors.exceptions.connect import AnalysisException
from pyspark.sql.connect.client import SparkConnectClient
from pyspark.sql.connect.session import SparkSession

from engine.queries.batches import table_batches
from engine.queries.carried import as_frame
from engine.queries.spark import replies
from sandbox.client import pyspark_patches
from sandbox.client.errors import build_exception
from sandbox.contract.framing import BATCH_HEADER, Kind
from sandbox.contract.messages import ReplyError

TABLE = pa.table({"a": [1, 2, None], "b": ["x", None, "z"]})
BATCH = next(iter(table_batches(TABLE)))


def schema() -> pb.ExecutePlanResponse:
    made = pb.DataType()
    for name, kind in (("a", "long"), ("b", "string")):
        field = made.struct.fields.add(name=name, nullable=True)
        getattr(field.data_type, kind).SetInParent()
    return replies.schema_response(made)


def as_message() -> pb.ExecutePlanResponse:
    made = pb.ExecutePlanResponse(session_id="s")
    made.arrow_batch.row_count, made.arrow_batch.data = BATCH.rows, bytes(BATCH.data)
    return made


def as_bytes() -> memoryview:
    kind, parts = as_frame(BATCH)
    assert kind is Kind.BATCH
    return memoryview(b"".join(parts))[BATCH_HEADER.size :]


@pytest.fixture
def client():
    session = SparkSession("sc://localhost:1")
    session.client.disable_reattachable_execute()
    yield session.client
    session.client.close()


def read(how: Any, client: Any, responses: Iterable[object]) -> list[Any]:
    client._verify_response_integrity = lambda _: None
    client._stub = SimpleNamespace(ExecutePlan=lambda request, **_: iter(responses))
    return list(how(client, pb.ExecutePlanRequest(), {}, progress=None))


def test_it_reads_what_pyspark_reads(client):
    named = replies.sql_result(pb.Relation(range=pb.Range(end=3, step=1)))
    theirs = [schema(), as_message(), named, replies.complete()]
    ours = [schema(), as_bytes(), named, replies.complete()]
    expected = read(SparkConnectClient._execute_and_fetch_as_iterator, client, theirs)
    assert len(expected) == 3
    assert read(pyspark_patches._fetch, client, ours) == expected


def test_errors_are_those_of_pyspark(client):
    def failing(request, **_):
        raise build_exception(
            ReplyError("NO_SUCH", "org.apache.spark.sql.AnalysisException", "42000", "no such column")
        )
        yield

    client._stub = SimpleNamespace(ExecutePlan=failing)
    with pytest.raises(AnalysisException, match="no such column"):
        list(pyspark_patches._fetch(client, pb.ExecutePlanRequest(), {}))


def test_nothing_looks_up_its_caller_any_more():
    script = """if True:
        import pyspark.errors.utils as errors
        from pyspark.sql.connect.column import Column
        from pyspark.sql.connect.dataframe import DataFrame
        from pyspark.sql.connect.group import GroupedData
        def wrapped():
            code = errors._with_origin(lambda: None).__code__
            methods = [m for kind in (Column, DataFrame, GroupedData) for m in vars(kind).values()]
            return sum(getattr(method, "__code__", None) is code for method in methods)
        before = wrapped()
        from sandbox.client.pyspark_patches import patch_pyspark_client
        patch_pyspark_client()
        print(before > 50, wrapped())
    """
    environment = {**os.environ, "SPARK_CONNECT_MODE_ENABLED": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["True", "0"], done.stderr
