"""PySpark's client without what a worker has no use for, which was half of its time in a call of calc_metric.

It looks up where in the author's code each of its functions is called, asks the environment in each of them
whether this is Spark Connect, and reads each response as if it could be any of the eighteen that a server
sends. The gateway drops the first, the second never changes, and sends three kinds of the third.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyspark.errors.utils as pyspark_errors
import pyspark.sql.utils as pyspark_utils
from pyspark.sql.connect import types
from pyspark.sql.connect.client import SparkConnectClient
from pyspark.sql.connect.column import Column
from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.group import GroupedData


def patch_pyspark_client() -> None:
    """Called once, in the zygote."""
    pyspark_errors._enable_debugging_cache = False  # type: ignore[assignment] # None until it is asked
    for kind in (Column, DataFrame, GroupedData):
        _forget_origins(kind)
    pyspark_utils.is_remote = lambda: True
    SparkConnectClient._execute_and_fetch_as_iterator = _fetch  # type: ignore[method-assign, assignment]


def _forget_origins(kind: type) -> None:
    """Take the look-up of call sites off the methods of a class."""
    wrapper = pyspark_errors._with_origin(_fetch).__code__
    for name, method in list(vars(kind).items()):
        if getattr(method, "__code__", None) is wrapper:
            setattr(kind, name, method.__wrapped__)


def _fetch(self: Any, request: Any, *_: Any, **__: Any) -> Iterator[Any]:
    """The type of an answer, its rows, and the relation that stands for the text of `spark.sql`."""
    try:
        for response in self._stub.ExecutePlan(request):
            if isinstance(response, memoryview):
                with pa.ipc.open_stream(response) as reader:
                    yield from reader
            elif response.HasField("schema"):
                yield types.proto_schema_to_pyspark_data_type(response.schema)
            elif response.HasField("sql_command_result"):
                yield {"sql_command_result": response.sql_command_result.relation}
    except Exception as error:
        self._handle_error(error)
