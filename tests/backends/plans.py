"""Plans for the tests of backends, built from protobuf: nothing of PySpark's client is in between."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.context import UNBOUNDED, QueryContext

Expression = pb.Expression


def call(name: str, *arguments: pb.Expression) -> pb.Expression:
    function = Expression.UnresolvedFunction(function_name=name, arguments=arguments)
    return Expression(unresolved_function=function)


def column(name: str) -> pb.Expression:
    return Expression(unresolved_attribute=Expression.UnresolvedAttribute(unparsed_identifier=name))


def number(value: float) -> pb.Expression:
    return Expression(literal=Expression.Literal(double=value))


def numbers(end: int) -> pb.Relation:
    return pb.Relation(range=pb.Range(start=0, end=end, step=1))


def aggregate(source: pb.Relation, *expressions: pb.Expression) -> pb.Relation:
    node = pb.Aggregate(
        input=source, group_type=pb.Aggregate.GROUP_TYPE_GROUPBY, aggregate_expressions=expressions
    )
    return pb.Relation(aggregate=node)


def count(source: pb.Relation) -> pb.Relation:
    return aggregate(source, call("count", number(1)))


def sql(text: str) -> pb.Relation:
    return pb.Relation(sql=pb.SQL(query=text))


def endless() -> pb.Relation:
    """A cross join of 9e12 pairs with a filter that no optimiser can skip."""
    side = numbers(3_000_000)
    pairs = pb.Relation(join=pb.Join(left=side, right=side, join_type=pb.Join.JOIN_TYPE_CROSS))
    condition = call(">", call("rand"), number(0.5))
    return count(pb.Relation(filter=pb.Filter(input=pairs, condition=condition)))


def run(
    session: BackendSession, relation: pb.Relation, context: QueryContext = UNBOUNDED
) -> list[dict[str, Any]]:
    """The rows of a relation, as dictionaries."""
    responses = session.execute(pb.Plan(root=relation), context)
    return [
        row
        for response in responses
        if response.HasField("arrow_batch")
        for row in pa.ipc.open_stream(response.arrow_batch.data).read_all().to_pylist()
    ]


def value(session: BackendSession, relation: pb.Relation, **options: Any) -> Any:
    """The only value of a relation."""
    (row,) = run(session, relation, **options)
    (only,) = row.values()
    return only
