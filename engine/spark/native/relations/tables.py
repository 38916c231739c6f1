"""The readers of relations, by their kinds. Data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native import queries
from engine.spark.native.relations import grouping, joins, plain, reshape, statistics
from engine.spark.native.relations.rows import NativeReader, Rows

STEPS: Final[Mapping[str, Callable[[NativeReader, pb.Relation], Rows]]] = {
    **plain.STEPS,
    "join": joins.join,
    "set_op": joins.set_operation,
    "hint": joins.hint,
    f"aggregate {pb.Aggregate.GROUP_TYPE_ROLLUP}": grouping.rollup,
    f"aggregate {pb.Aggregate.GROUP_TYPE_CUBE}": grouping.cube,
    f"aggregate {pb.Aggregate.GROUP_TYPE_GROUPING_SETS}": grouping.grouping_sets,
    f"aggregate {pb.Aggregate.GROUP_TYPE_PIVOT}": grouping.pivot,
    "cov": statistics.cov,
    "corr": statistics.corr,
    "approx_quantile": statistics.approx_quantile,
    "summary": statistics.summary,
    "with_relations": queries.with_relations,
    "sql": queries.query,
    "unpivot": reshape.unpivot,
    "replace": reshape.replaced,
}
