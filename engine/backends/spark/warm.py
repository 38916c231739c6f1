"""A typical query or two for a fresh Spark server, so that the first honest one does not pay for its classes.

The first query of a Java server takes seconds: classes are loaded, code is generated and compiled. What is
asked here touches what most metrics touch: a Parquet file, a filter, a grouped aggregate, a sort. It uses the
time until somebody asks for real, and no more: beside an honest first query it would slow that one down.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from engine.backends.connect.endpoint import FixedEndpoint
from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession
from engine.context import UNBOUNDED
from engine.frames.relations import read_files

_AGGREGATES: Final = ("count", "avg", "stddev", "max")


def warm_up(connection: Connection, folder: Path, goes_on: Callable[[], bool]) -> None:
    """Ask a fresh server typical things, in a session of its own.

    Args:
        connection: to the fresh server.
        folder: readable for that server; a small file is put there.
        goes_on: asked before each step; False ends it.

    Raises:
        BackendError: the server failed or ended.
        OSError: the file cannot be written.
    """
    path = folder / "warm-up.parquet"
    numbers = pa.array(range(100), pa.int64())
    times = pa.array(range(100), pa.timestamp("us", "UTC"))
    pq.write_table(
        pa.table({"n": numbers, "x": numbers.cast("double"), "t": times, "g": numbers.cast("string")}), path
    )
    source = read_files("parquet", [str(path)])
    schema = pb.AnalyzePlanRequest.Schema(plan=pb.Plan(root=source))
    with contextlib.closing(ConnectSession(FixedEndpoint(connection))) as session:
        if goes_on():
            session.analyze(pb.AnalyzePlanRequest(schema=schema), UNBOUNDED)
        for relation in (_aggregate(_filter(source)), _sort(_aggregate(source, "g")), _filter(source)):
            if goes_on():
                _ = list(session.execute(pb.Plan(root=relation), UNBOUNDED))


def _column(name: str) -> pb.Expression:
    attribute = pb.Expression.UnresolvedAttribute(unparsed_identifier=name)
    return pb.Expression(unresolved_attribute=attribute)


def _call(name: str, *arguments: pb.Expression) -> pb.Expression:
    function = pb.Expression.UnresolvedFunction(function_name=name, arguments=arguments)
    return pb.Expression(unresolved_function=function)


def _filter(source: pb.Relation) -> pb.Relation:
    when = pb.Expression(literal=pb.Expression.Literal(timestamp=10))
    one = pb.Expression(literal=pb.Expression.Literal(string="1"))
    condition = _call("or", _call(">=", _column("t"), when), _call("==", _column("g"), one))
    return pb.Relation(filter=pb.Filter(input=source, condition=condition))


def _aggregate(source: pb.Relation, *keys: str) -> pb.Relation:
    aggregate = pb.Aggregate(
        input=source,
        group_type=pb.Aggregate.GROUP_TYPE_GROUPBY,
        grouping_expressions=[_column(key) for key in keys],
        aggregate_expressions=[
            pb.Expression(alias=pb.Expression.Alias(expr=_call(name, _column("x")), name=[name]))
            for name in _AGGREGATES
        ],
    )
    return pb.Relation(aggregate=aggregate)


def _sort(source: pb.Relation) -> pb.Relation:
    order = pb.Expression.SortOrder(
        child=_column("count"),
        direction=pb.Expression.SortOrder.SORT_DIRECTION_DESCENDING,
        null_ordering=pb.Expression.SortOrder.SORT_NULLS_LAST,
    )
    return pb.Relation(sort=pb.Sort(input=source, order=[order], is_global=True))
