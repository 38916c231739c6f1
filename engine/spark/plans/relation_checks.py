"""Trusted side: checks of single relations that a table of fields cannot express."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.plans.caps import MAX_PARTITIONS, MAX_RANGE_ROWS, MAX_SAMPLE_FRACTION
from engine.spark.plans.names import VIEW_PREFIX
from engine.spark.plans.rules import Place
from engine.spark.text.function_table import TABLE_FUNCTIONS
from engine.spark.text.lexer import HINTS

# Table functions that spread columns of the frame into rows; a range is bounded as a relation of its own.
SPREADING_FUNCTIONS: Final = TABLE_FUNCTIONS - {"range"}


def check_relation_kind(relation: pb.Relation, _place: Place) -> None:
    """Refuse a relation of no kind.

    Raises:
        PlanRefused: if it is empty.
    """
    if relation.WhichOneof("rel_type") is None:
        raise PlanRefused("plan-garbage", "the plan holds an empty relation", "")


def check_partitions(count: int, _place: Place) -> int:
    """Bound a number of partitions.

    Raises:
        PlanRefused: if it is too large.
    """
    if count > MAX_PARTITIONS:
        raise PlanRefused(
            "plan-too-large",
            f"{count:,} partitions are too many",
            f"a metric may ask for {MAX_PARTITIONS:,}; it rarely needs repartition at all",
        )
    return count


def check_fraction(value: float, _place: Place) -> float:
    """Bound a sampling fraction.

    Raises:
        PlanRefused: if it is not between 0 and the cap.
    """
    if not 0.0 <= value <= MAX_SAMPLE_FRACTION:
        raise PlanRefused(
            "plan-too-large",
            f"the sampling fraction {value} is refused",
            f"use one from 0 to 1 (with replacement, up to {MAX_SAMPLE_FRACTION:g})",
        )
    return value


def check_range(relation: pb.Range, _place: Place) -> None:
    """Bound the rows of a range.

    Raises:
        PlanRefused: if it has no step or too many rows.
    """
    step = relation.step
    rows = (relation.end - relation.start + step - (1 if step > 0 else -1)) // step if step else None
    if rows is None or rows > MAX_RANGE_ROWS:
        raise PlanRefused(
            "plan-too-large",
            "spark.range is refused: " + ("its step is 0" if rows is None else f"{rows:,} rows are too many"),
            f"a metric may make {MAX_RANGE_ROWS:,} rows",
        )


def check_hint(name: str, _place: Place) -> str:
    """Check the name of a hint.

    Raises:
        PlanRefused: if it is not a known one.
    """
    if name.lower() not in HINTS:
        raise PlanRefused(
            "plan-refused",
            f"df.hint({name[:100]!r}) is refused: it is not a hint that a metric may give",
            "leave the hint out, or use one of " + ", ".join(sorted(HINTS)),
        )
    return name


def check_hint_parameters(hint: pb.Hint, place: Place) -> None:
    """Bound the numbers of partitions that a hint gives.

    Raises:
        PlanRefused: if one is too large.
    """
    for parameter in hint.parameters:
        kind = parameter.literal.WhichOneof("literal_type")
        if kind in ("byte", "short", "integer", "long"):
            check_partitions(getattr(parameter.literal, kind), place)


def check_table_function(name: str, _place: Place) -> str:
    """Check the name of a table-valued function.

    Raises:
        PlanRefused: if it is not one that spreads columns into rows.
    """
    if name.lower() not in SPREADING_FUNCTIONS:
        raise PlanRefused(
            "function-refused",
            f"the table function {name[:100]!r} is refused: it does not compute over the DataFrame",
            "use one of " + ", ".join(sorted(SPREADING_FUNCTIONS)) + "; spark.range makes numbers",
        )
    return name


def referenced_views(relation: pb.WithRelations) -> Sequence[str]:
    """Return the names under which SQL text, the root of a with_relations, sees its references.

    Raises:
        PlanRefused: if a reference is not a plain named one; Spark would then read the names elsewhere.
    """
    names = []
    for reference in relation.references:
        if reference.WhichOneof("rel_type") != "subquery_alias" or reference.subquery_alias.qualifier:
            raise PlanRefused("plan-garbage", "spark.sql: a view of the query is not plainly named", "")
        names.append(reference.subquery_alias.alias)
    return names


def check_references(relation: pb.WithRelations, place: Place) -> None:
    """Check the names of the views that SQL text reads: only such as this package gives.

    Spark makes session-wide views of them while it plans, so they are given unique names when bound.

    Raises:
        PlanRefused: for other names, or one name twice.
    """
    if relation.root.WhichOneof("rel_type") != "sql" or place.views is None:
        return
    names = referenced_views(relation)
    if len(set(names)) != len(names) or not all(_names_view(name) for name in names):
        raise PlanRefused(
            "read-refused",
            "this SQL plan is refused: its views were not made by spark.sql",
            "use spark.sql over views that the metric made with createOrReplaceTempView",
        )


def _names_view(name: str) -> bool:
    return name.startswith(VIEW_PREFIX) and name[len(VIEW_PREFIX) :].isdecimal() and name.isascii()
