"""Trusted side: put the real frames where a rebuilt plan reads the placeholders, then check the result.

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
from google.protobuf.message import Message

from engine.errors import PlanRefused
from engine.spark.plans.caps import FIRST_BOUND_ID, FIRST_VIEW_ID, MAX_FRAME_READS
from engine.spark.plans.expressions import UDF
from engine.spark.plans.names import VIEW_PREFIX, table_refused
from engine.spark.plans.relation_traits import traits_of
from engine.spark.plans.trees import children, copy, count, largest_plan_id, relations, renumber, walk
from engine.spark.plans.views import expand_views, scope_views
from sandbox.contract.settings import BASELINE, PLACEHOLDER

_SCOPE: Final = re.compile(r"[a-z0-9]{1,40}")


def bind(
    relation: pb.Relation,
    *,
    frame: pb.Relation,
    views: Mapping[str, pb.Relation],
    scope: str = "0",
    baseline: pb.Relation | None = None,
) -> pb.Relation:
    """Return the plan that the backend gets.

    Args:
        relation: a rebuilt plan.
        frame: what one call of calc_metric sees; trusted.
        views: the guest's views by normalised name, as `define_view` returned them.
        scope: lower-case letters and digits that differ between any two plans which may be planned at
            the same time in one backend session (a run's counter of queries does).
        baseline: what the second placeholder stands for; None: the call has one frame only.

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
    frames = {PLACEHOLDER: frame} if baseline is None else {PLACEHOLDER: frame, BASELINE: baseline}
    for read in reads:
        name = _placeholder(read, frames)
        inside, next_id = renumber(frames[name], next_id)
        read.subquery_alias.alias = name
        read.subquery_alias.input.CopyFrom(inside)
    check_bound(result, frame, baseline)
    return result


def frames_read(relation: pb.Relation) -> frozenset[str]:
    """Which of the two placeholders a rebuilt plan reads, its views expanded."""
    names = {
        here.read.named_table.unparsed_identifier
        for here in relations(relation)
        if here.WhichOneof("rel_type") == "read"
    }
    return frozenset(names & {PLACEHOLDER, BASELINE})


def over_one_frame(relation: pb.Relation) -> pb.Relation:
    """A plan over the second placeholder alone, as the same plan over the first one.

    So it is shared, answered and bound as any plan over one frame is.
    """
    result = copy(relation)
    for here in relations(result):
        if here.read.named_table.unparsed_identifier == BASELINE:
            here.read.named_table.unparsed_identifier = PLACEHOLDER
    return result


def check_bound(relation: pb.Relation, frame: pb.Relation, baseline: pb.Relation | None = None) -> None:
    """Read a bound plan a second time: nothing but the frames may read anything.

    Raises:
        PlanRefused: if something else would, or a reference of SQL text kept a name of the guest's.
    """
    known = {PLACEHOLDER: frame} if baseline is None else {PLACEHOLDER: frame, BASELINE: baseline}
    expected = {name: (_fingerprint(one), count(one)) for name, one in known.items()}
    work: list[Message] = [relation]
    while work:
        here = work.pop()
        if isinstance(here, pb.Relation):
            kind, alias = here.WhichOneof("rel_type"), here.subquery_alias
            bound = kind == "subquery_alias" and alias.alias in expected
            if bound and _is_frame(alias.input, *expected[alias.alias]):
                continue
            if traits_of(here).reads:  # after binding nothing does outside the frame
                raise _reads_other()
            if kind == "with_relations" and here.with_relations.root.WhichOneof("rel_type") == "sql":
                _check_references(here.with_relations)
        if isinstance(here, pb.Read | pb.SqlCommand):
            raise _reads_other()
        if isinstance(here, pb.CommonInlineUserDefinedFunction | pb.PythonUDF):
            raise UDF.error()  # only the worker of its author applies one
        work += children(here)


def _reads_other() -> PlanRefused:
    return PlanRefused("read-refused", "the plan reads something other than the DataFrame", "")


def _placeholder(read: pb.Relation, frames: Mapping[str, pb.Relation]) -> str:
    """The placeholder that a read names; the second one is no table to a call that has one frame."""
    name = str(read.read.named_table.unparsed_identifier)
    if name == BASELINE and name not in frames:
        raise table_refused(name)
    if name not in frames or read.read.is_streaming:
        raise _reads_other()
    return name


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
