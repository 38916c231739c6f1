"""Trusted side: put the real frame where a rebuilt plan reads the placeholder, then check the result.

Each frame stands below an alias named as the placeholder, which keeps the plan id of the read (that
`df["column"]` refers to), and hides what is below: Spark adds columns that a projection dropped for a
filter or a sort above it, but never through an alias. Plan ids inside the frame are made anew, so that
a guest's references cannot mean them. Rejected: renaming a backend view per frame (state, and a race).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.plans.caps import FIRST_BOUND_ID, FIRST_VIEW_ID, MAX_FRAME_READS
from engine.plans.names import VIEW_PREFIX
from engine.plans.trees import children, count, largest_plan_id, relations, renumber, walk
from engine.plans.views import expand_views, scope_views
from sandbox.contract.settings import PLACEHOLDER

_SCOPE: Final = re.compile(r"[a-z0-9]{1,40}")

# What reads something. After binding there is none of it outside the frame.
_READERS: Final = frozenset(
    {"read", "relation_changes", "catalog", "cached_local_relation", "chunked_cached_local_relation"}
    | {"cached_remote_relation", "common_inline_user_defined_data_source", "extension", "unknown"}
)


def bind(
    relation: pb.Relation, *, frame: pb.Relation, views: Mapping[str, pb.Relation], scope: str = "0"
) -> pb.Relation:
    """Return the plan that the backend gets.

    Args:
        relation: a rebuilt plan.
        frame: what one call of calc_metric sees; trusted.
        views: the guest's views by normalised name, as `define_view` returned them.
        scope: lower-case letters and digits that differ between any two plans which may be planned at
            the same time in one backend session (a run's counter of queries does).

    Raises:
        PlanRefused: if the plan reads a table that is not there, or is too large.
    """
    if _SCOPE.fullmatch(scope) is None:
        raise ValueError(f"scope must be letters and digits, not {scope!r}")
    result = expand_views(relation, views, FIRST_VIEW_ID)
    scope_views(result, scope)
    reads = [item for item in relations(result) if item.WhichOneof("rel_type") == "read"]
    if len(reads) > MAX_FRAME_READS:
        raise PlanRefused(
            "plan-too-large",
            f"the plan reads the DataFrame {len(reads)} times; {MAX_FRAME_READS} are allowed",
            "compute several aggregates in one agg(...), and join or union less often",
        )
    # A guest's own ids may lie so high that those of views, made anew from there on, reach this range.
    next_id = max(FIRST_BOUND_ID, largest_plan_id(result) + 1)
    for read in reads:
        _check_placeholder(read)
        inside, next_id = renumber(frame, next_id)
        read.subquery_alias.alias = PLACEHOLDER
        read.subquery_alias.input.CopyFrom(inside)
    check_bound(result, frame)
    return result


def check_bound(relation: pb.Relation, frame: pb.Relation) -> None:
    """Read a bound plan a second time: nothing but the frame may read anything.

    Raises:
        PlanRefused: if something else would, or a reference of SQL text kept a name of the guest's.
    """
    expected, parts = _fingerprint(frame), count(frame)
    work = [relation]
    while work:
        here = work.pop()
        kind = here.WhichOneof("rel_type") if here.DESCRIPTOR.name == "Relation" else None
        alias = here.subquery_alias if kind == "subquery_alias" else None
        if alias is not None and alias.alias == PLACEHOLDER and _is_frame(alias.input, expected, parts):
            continue
        if kind in _READERS or here.DESCRIPTOR.name in ("Read", "SqlCommand"):
            raise PlanRefused("read-refused", "the plan reads something other than the DataFrame", "")
        if kind == "with_relations" and here.with_relations.root.WhichOneof("rel_type") == "sql":
            _check_references(here.with_relations)
        work += children(here)


def _check_placeholder(read: pb.Relation) -> None:
    if read.read.named_table.unparsed_identifier != PLACEHOLDER or read.read.is_streaming:
        raise PlanRefused("read-refused", "the plan reads something other than the DataFrame", "")


def _check_references(refs: pb.WithRelations) -> None:
    for reference in refs.references:
        if not reference.subquery_alias.alias.startswith(VIEW_PREFIX):
            raise PlanRefused("read-refused", "spark.sql: a view of the query has an unexpected name", "")


def _is_frame(relation: pb.Relation, expected: bytes, parts: int) -> bool:
    """Whether it is the frame; a guest's own alias of that name may hold much more, many times over."""
    same_size = sum(1 for _ in islice(walk(relation), parts + 1)) == parts
    return same_size and _fingerprint(relation) == expected


def _fingerprint(relation: pb.Relation) -> bytes:
    return bytes(renumber(relation, 0)[0].SerializeToString(deterministic=True))
