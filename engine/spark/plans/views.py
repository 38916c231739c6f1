"""Trusted side: a guest's views, and `spark.sql` over them. Nothing is created on the backend.

A view is a name for a rebuilt plan. Where SQL text reads views, their plans travel with it as references,
and the text gets one common table expression per view: `WITH v AS (SELECT * FROM <reference>)`. Spark
makes session-wide temporary views of references while it plans, and drops them afterwards; so two
queries of one session must not use the same reference names (the wrong frame's numbers, or a table of the
backend that happens to have the name). `bind` therefore makes reference names unique, which a text that
names the guest's views directly would not allow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import BackendError, PlanRefused
from engine.spark.plans.caps import (
    FIRST_VIEW_ID,
    MAX_NODES,
    MAX_PLAN_BYTES,
    MAX_REFERENCES,
    MAX_VIEW_BYTES,
    MAX_VIEWS,
)
from engine.spark.plans.names import RESERVED_PREFIX, VIEW_PREFIX, table_refused
from engine.spark.plans.requests import DefineView, RunSql
from engine.spark.plans.trees import copy, count, largest_plan_id, relations, renumber
from engine.spark.text.check import check_query
from engine.spark.text.hidden import fold
from engine.spark.text.stopping import Stop, never
from sandbox.contract.settings import BASELINE, PLACEHOLDER

# PySpark's name for a DataFrame that was formatted into the text; another one each time.
_FORMATTED: Final = re.compile(r"_pyspark_connect_temp_view_[0-9a-f]{32}")


def define_view(view: DefineView, views: Mapping[str, pb.Relation]) -> pb.Relation:
    """Return the plan to keep for a view: as its text says now, even if the views in it change later.

    Args:
        view: the request.
        views: the views defined so far, as this function returned them, by normalised name.

    Raises:
        BackendError: as Spark's, if the view exists and is not to be replaced.
        PlanRefused: if the plan reads an unknown one, or the views become too many or too large.
    """
    if not view.replace and view.name in views:
        raise BackendError(
            f"a view {view.name} exists",
            condition="TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
            exception="org.apache.spark.sql.AnalysisException",
            sql_state="42P07",
            parameters={"relationName": f"`{view.name}`"},
        )
    others = [plan for name, plan in views.items() if name != view.name]
    plan = expand_views(view.relation, views, FIRST_VIEW_ID)
    size = plan.ByteSize() + sum(other.ByteSize() for other in others)
    if len(others) >= MAX_VIEWS or size > MAX_VIEW_BYTES:
        raise PlanRefused(
            "plan-too-large",
            f"df.createOrReplaceTempView({view.name!r}): the views of one call of calc_metric are more than "
            f"{MAX_VIEWS}, or hold more than {MAX_VIEW_BYTES >> 20} MiB",
            "use fewer views, and the same name again for what is no longer needed",
        )
    return plan


def expand_views(relation: pb.Relation, views: Mapping[str, pb.Relation], first: int) -> pb.Relation:
    """Return a copy in which each read of a view is the view's plan, aliased with its name.

    The reads keep their plan ids; those inside a view's plan are made anew from `first` on, so that a
    reference to the plan from outside cannot mean its copy inside the view.

    Raises:
        PlanRefused: if it reads a table that is not a view, or gets too large.
    """
    result = copy(relation)
    next_id = max(first, largest_plan_id(result) + 1)
    nodes, size = count(result), result.ByteSize()
    for read in [item for item in relations(result) if item.WhichOneof("rel_type") == "read"]:
        name = read.read.named_table.unparsed_identifier
        if name in (PLACEHOLDER, BASELINE):
            continue
        if name not in views:
            raise table_refused(name)
        size += views[name].ByteSize()
        if size > MAX_PLAN_BYTES:
            raise _too_large(name)
        plan, next_id = renumber(views[name], next_id)
        nodes += count(plan)
        if nodes > MAX_NODES:
            raise _too_large(name)
        read.subquery_alias.alias = name
        read.subquery_alias.input.CopyFrom(plan)
    return result


def sql_relation(run: RunSql, views: Mapping[str, pb.Relation], stop: Stop = never) -> pb.Relation:
    """Return the relation that stands for a query; it passes `parse_request` when it comes back.

    Args:
        run: the request.
        views: the guest's views, as `define_view` returned them, by normalised name.
        stop: is asked now and then whether to go on.

    Raises:
        PlanRefused: if the text is not allowed, or reads a table that is neither a view nor an input.
        Interrupted: `stop` says so.
    """
    if RESERVED_PREFIX in fold(run.query):
        raise PlanRefused("sql-refused", f"names that begin with {RESERVED_PREFIX} are reserved", "")
    text, inputs = _name_inputs(run)
    known = {**views, **inputs}
    checked = check_query(text, views=tuple(known), stop=stop)
    used = sorted(checked.views)
    if len(used) > MAX_REFERENCES:
        raise PlanRefused("plan-too-large", f"spark.sql: more than {MAX_REFERENCES} views in one query", "")
    result = pb.Relation()
    root = result.with_relations.root if used else result
    references = [f"{VIEW_PREFIX}{index}" for index in range(len(used))]
    root.sql.query = check_query(_with_views(checked.text, used), views=references, stop=stop).text
    for value in run.positional:
        root.sql.pos_arguments.add().CopyFrom(value)  # extend() would stop at 100 nested messages
    for key, value in run.named:
        root.sql.named_arguments[key].CopyFrom(value)
    next_id, size = FIRST_VIEW_ID, 0
    for reference, name in zip(references, used, strict=True):
        item = result.with_relations.references.add()
        item.subquery_alias.alias = reference
        size += known[name].ByteSize()
        if size > MAX_PLAN_BYTES:
            raise _too_large(name)
        plan, item.common.plan_id = renumber(expand_views(known[name], views, FIRST_VIEW_ID), next_id)
        next_id = item.common.plan_id + 1
        item.subquery_alias.input.CopyFrom(plan)
    if count(result) > MAX_NODES:
        raise _too_large(used[0] if used else "the query")
    return result


def scope_views(relation: pb.Relation, scope: str) -> None:
    """Make the names of references unique in a plan that is about to be bound, by `scope` and a count."""
    for index, item in enumerate(list(relations(relation))):
        refs = item.with_relations
        if item.WhichOneof("rel_type") != "with_relations" or refs.root.WhichOneof("rel_type") != "sql":
            continue
        unique = f"{VIEW_PREFIX}{scope}_{index}_"
        sql = refs.root.sql
        sql.query = re.sub(rf"\b{VIEW_PREFIX}(?=\d+\b)", unique, sql.query)
        for reference in refs.references:
            alias = reference.subquery_alias
            alias.alias = alias.alias.replace(VIEW_PREFIX, unique, 1)


def _name_inputs(run: RunSql) -> tuple[str, dict[str, pb.Relation]]:
    """Give formatted DataFrames names by position, so that equal code gives equal text."""
    names = {
        name: f"df_{index}_of_this_query"
        for index, name in enumerate(dict.fromkeys(_FORMATTED.findall(run.query)))
    }
    text = _FORMATTED.sub(lambda match: names[match[0]], run.query)
    return text, {names.get(name, name): plan for name, plan in run.inputs}


def _with_views(text: str, names: list[str]) -> str:
    """Put one common table expression per view before a checked query.

    The query keeps its own WITH inside the parentheses, where a name of its own goes before a view's.
    """
    if not names:
        return text
    made = ", ".join(
        f"`{name}` AS (SELECT * FROM {VIEW_PREFIX}{index})"  # noqa: S608 (both are plain words)
        for index, name in enumerate(names)
    )
    return f"WITH {made} ({text})"


def _too_large(name: str) -> PlanRefused:
    return PlanRefused(
        "plan-too-large",
        f"the plan is too large once the view {name} is put in: more than {MAX_NODES:,} parts, "
        f"or {MAX_PLAN_BYTES >> 20} MiB",
        "use views of views less often, or collect intermediate results",
    )
