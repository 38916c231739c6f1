"""Requests of a hostile worker that PySpark would never make, as whole messages or raw protobuf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyspark.sql.connect.proto as pb

from tests.spark.plans.offline import placeholder

Make = Callable[[], pb.Relation]

UNKNOWN_FIELD = b"\xfa\xff\x0f\x01x"  # field 32767, one byte


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number: int, body: bytes) -> bytes:
    """A field with a body of its own."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def number_of(message: Any, name: str) -> int:
    """The number of a field."""
    return int(message.DESCRIPTOR.fields_by_name[name].number)


def request_of(relation: bytes) -> bytes:
    """A request to run a relation that is given as bytes."""
    plan = field(number_of(pb.Plan, "root"), relation)
    return field(number_of(pb.ExecutePlanRequest, "plan"), plan)


def chain(depth: int, name: str = "limit") -> bytes:
    """Relations inside one another, as bytes: no message of the library could be built so deep."""
    inner = placeholder().SerializeToString()
    outer = number_of(pb.Relation, name)
    place = number_of(getattr(pb.Relation(), name), "input")
    for _ in range(depth):
        inner = field(outer, field(place, inner))
    return inner


def deep_expression(depth: int) -> bytes:
    """Calls inside one another, as bytes, below a projection."""
    inner = pb.Expression(literal=pb.Expression.Literal(integer=1)).SerializeToString()
    name = field(1, b"abs")
    for _ in range(depth):
        inner = field(number_of(pb.Expression, "unresolved_function"), name + field(2, inner))
    body = field(1, placeholder().SerializeToString()) + field(number_of(pb.Project, "expressions"), inner)
    return field(number_of(pb.Relation, "project"), body)


def map_bomb(count: int) -> bytes:
    """Two bytes for each message, in the value of a map: much memory for few bytes."""
    call = field(number_of(pb.Expression, "unresolved_function"), b"\x12\x00" * count)
    entry = field(1, b"a") + field(2, call)
    return field(number_of(pb.Relation, "sql"), field(number_of(pb.SQL, "named_arguments"), entry))


def list_bomb(count: int) -> bytes:
    """The same in a list."""
    return field(number_of(pb.Relation, "project"), field(number_of(pb.Project, "expressions"), b"") * count)


def _project(build: Callable[[Any], None]) -> Make:
    def make() -> pb.Relation:
        relation = pb.Relation()
        relation.common.plan_id = 2
        relation.project.input.CopyFrom(placeholder(1))
        build(relation.project.expressions.add())
        return relation

    return make


def _subquery(kind: int, plan_id: int, references: Callable[[Any], None] | None = None) -> Make:
    def make() -> pb.Relation:
        relation = pb.Relation()
        root = relation.with_relations.root
        root.common.plan_id = 5
        root.filter.input.CopyFrom(placeholder(1))
        query = root.filter.condition.subquery_expression
        query.plan_id = plan_id
        query.subquery_type = kind  # type: ignore[assignment]  # a number that PySpark may not know
        if kind == 4:
            query.in_subquery_values.add().unresolved_attribute.unparsed_identifier = "a"
        if references is not None:
            references(relation.with_relations)
        return relation

    return make


def _reference(plan_id: int) -> Callable[[Any], None]:
    def build(relations: Any) -> None:
        relations.references.add().CopyFrom(placeholder(plan_id))

    return build


def _references_loop(relations: Any) -> None:
    """Two references whose subqueries mean one another."""
    for mine, other in ((7, 8), (8, 7)):
        reference = relations.references.add()
        reference.common.plan_id = mine
        reference.filter.input.CopyFrom(placeholder(1))
        reference.filter.condition.subquery_expression.plan_id = other
        reference.filter.condition.subquery_expression.subquery_type = 1


def _sql(query: str, *names: str) -> Make:
    def make() -> pb.Relation:
        relation = pb.Relation()
        relation.with_relations.root.sql.query = query
        for name in names:
            reference = relation.with_relations.references.add()
            reference.subquery_alias.alias = name
            reference.subquery_alias.input.CopyFrom(placeholder(1))
        return relation

    return make


def _same_ids() -> pb.Relation:
    relation = pb.Relation()
    relation.common.plan_id = 1
    relation.join.left.CopyFrom(placeholder(1))
    relation.join.right.CopyFrom(placeholder(1))
    relation.join.join_condition.unresolved_attribute.unparsed_identifier = "a"
    relation.join.join_condition.unresolved_attribute.plan_id = 1
    return relation


def _forged_frame() -> pb.Relation:
    """An alias as binding makes them, over what reads another table."""
    relation = pb.Relation()
    relation.subquery_alias.alias = "frame"
    relation.subquery_alias.input.filter.input.read.named_table.unparsed_identifier = "customers"
    return relation


def _attribute(plan_id: int) -> Callable[[Any], None]:
    def build(expression: Any) -> None:
        expression.unresolved_attribute.unparsed_identifier = "inside"
        expression.unresolved_attribute.plan_id = plan_id

    return build


def _two_references(made: Any) -> None:
    _reference(6)(made)
    _reference(6)(made)


# Plans that refer to themselves, to each other, or to what is not there. Each may pass, bound to the frame.
TANGLED: dict[str, Make] = {
    "one id everywhere": _same_ids,
    "a column of no plan": _project(_attribute(999)),
    "a column of the largest id": _project(_attribute((1 << 50) - 1)),
    "a column of the views' ids": _project(_attribute(1 << 40)),
    "a scalar subquery of itself": _subquery(1, 5),
    "a subquery of a missing plan": _subquery(1, 99),
    "a subquery of its reference": _subquery(2, 6, _reference(6)),
    "an IN of a missing plan": _subquery(4, 77, _reference(6)),
    "references that mean one another": _subquery(1, 7, _references_loop),
    "two references of one id": _subquery(2, 6, _two_references),
    "no reference": _subquery(2, 0),
    "a table argument": _subquery(3, 6, _reference(6)),
    "a subquery of no kind": _subquery(0, 6, _reference(6)),
    "a subquery of an unknown kind": _subquery(99, 6, _reference(6)),
    "a forged frame": _forged_frame,
    "SQL over its reference": _sql("SELECT * FROM _calcmetric_view_0", "_calcmetric_view_0"),
    "SQL over a reference that is missing": _sql("SELECT * FROM _calcmetric_view_1", "_calcmetric_view_0"),
    "SQL over a reference twice": _sql("SELECT 1", "_calcmetric_view_0", "_calcmetric_view_0"),
    "SQL over a table's name": _sql("SELECT * FROM customers", "customers"),
    "SQL over a path": _sql("SELECT * FROM `/etc/passwd`", "/etc/passwd"),
    "SQL over a bound name": _sql("SELECT * FROM _calcmetric_view_f1q1_0_0", "_calcmetric_view_f1q1_0_0"),
    "SQL over the frame": _sql("SELECT * FROM frame", "frame"),
    "SQL with a subquery expression": _sql(
        "SELECT (SELECT max(a) FROM _calcmetric_view_0)", "_calcmetric_view_0", "_calcmetric_view_1"
    ),
}
