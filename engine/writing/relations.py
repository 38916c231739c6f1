"""Relations of the engine's own plans as SQL: reads, filters, projections, groups, limits. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.writing.dialects import Dialect
from engine.writing.expressions import Condition, write_expression
from engine.writing.literals import Untranslatable

__all__ = ["Translator", "Untranslatable"]

_ALIAS = "_calcmetric_t"


@dataclass(frozen=True, slots=True)
class Translator:
    """Writes relations in one dialect.

    Attributes:
        dialect: the dialect of SQL that is written.
        source: gives the query that reads what a relation of kind `read` or `local_relation` names.
        condition: see `write_expression`.
    """

    dialect: Dialect
    source: Callable[[pb.Relation], exp.Query]
    condition: Condition

    def query(self, relation: pb.Relation) -> exp.Query:
        """The query that gives a relation's rows.

        Raises:
            Untranslatable: it is none of the engine's own making.
            PlanRefused: as `condition`.
        """
        kind = relation.WhichOneof("rel_type")
        if kind in ("read", "local_relation"):
            return self.source(relation)
        if kind == "filter":
            inner = self._over(relation.filter.input)
            return inner.select(exp.Star(), copy=False).where(
                self.write(relation.filter.condition), copy=False
            )
        if kind == "project":
            inner = self._over(relation.project.input)
            return inner.select(*map(self.write, relation.project.expressions), copy=False)
        if kind == "aggregate":
            return self._aggregate(relation.aggregate)
        if kind == "limit":
            return self._over(relation.limit.input).select(exp.Star(), copy=False).limit(relation.limit.limit)
        raise Untranslatable(f"a relation of kind {kind}")

    def write(self, expression: pb.Expression) -> exp.Expr:
        """An expression over a relation's columns; see `write_expression`."""
        return write_expression(expression, self.dialect, self.condition)

    def keyed(self, relation: pb.Relation, keys: list[tuple[str, pb.Expression]]) -> exp.Query:
        """The rows of a relation with further columns of these names."""
        further = [exp.alias_(self.write(key), name, quoted=True) for name, key in keys]
        return self._over(relation).select(exp.Star(), *further, copy=False)

    def _over(self, relation: pb.Relation) -> exp.Select:
        return exp.Select().from_(self.query(relation).subquery(exp.to_identifier(_ALIAS, quoted=True)))

    def _aggregate(self, aggregate: pb.Aggregate) -> exp.Query:
        if aggregate.group_type != pb.Aggregate.GROUP_TYPE_GROUPBY or aggregate.HasField("pivot"):
            raise Untranslatable("another kind of aggregate")
        keys = [self.write(key) for key in aggregate.grouping_expressions]
        values = [self.write(value) for value in aggregate.aggregate_expressions]
        query = self._over(aggregate.input).select(*keys, *values, copy=False)
        # By place: a key may have the name of a column that means something else below.
        places = [exp.Literal.number(place) for place in range(1, len(keys) + 1)]
        return query.group_by(*places, copy=False) if keys else query
