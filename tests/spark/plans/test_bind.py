"""Binding keeps plan ids, hides the frame's own, and the second reading does not trust the first."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.plans import bind
from engine.spark.plans.bind import check_bound
from engine.spark.plans.caps import FIRST_BOUND_ID, MAX_FRAME_READS
from engine.spark.plans.trees import with_plan_ids
from tests.spark.plans.offline import bound, placeholder, some_frame


def _wrapped(frame: pb.Relation) -> pb.Relation:
    relation = pb.Relation()
    relation.subquery_alias.alias = "frame"
    relation.subquery_alias.input.CopyFrom(frame)
    return relation


def test_frame_stands_below_an_alias_with_the_plan_id() -> None:
    result = bound(placeholder(5))
    expected = _wrapped(some_frame())
    expected.common.plan_id = 5
    assert result == expected


def test_input_is_left_alone() -> None:
    relation = placeholder(5)
    bound(relation)
    assert relation == placeholder(5)


def test_ids_of_the_frame_are_made_anew_for_each_read() -> None:
    frame = some_frame()
    frame.common.plan_id = 1
    frame.filter.input.common.plan_id = 2
    frame.filter.condition.unresolved_attribute.plan_id = 2
    join = pb.Relation()
    join.join.left.CopyFrom(placeholder(1))
    join.join.right.CopyFrom(placeholder(2))
    result = bind(join, frame=frame, views={})
    ids = [here.plan_id for here in with_plan_ids(result)]
    first = FIRST_BOUND_ID
    assert ids == [1, first, first + 1, first + 1, 2, first + 2, first + 3, first + 3]


def test_reads_are_bounded() -> None:
    relation = placeholder()
    for _ in range(MAX_FRAME_READS):
        union = pb.Relation()
        union.set_op.left_input.CopyFrom(relation)
        union.set_op.right_input.CopyFrom(placeholder())
        relation = union
    with pytest.raises(PlanRefused) as caught:
        bound(relation)
    assert caught.value.code == "plan-too-large"


def test_scope_is_a_plain_word() -> None:
    for scope in ("", "a b", "`", "x" * 41):
        with pytest.raises(ValueError, match="scope"):
            bind(placeholder(), frame=some_frame(), views={}, scope=scope)


def _other(frame: pb.Relation) -> pb.Relation:
    frame.filter.condition.expression_string.expression = "true"
    return frame


def _tampered() -> list[pb.Relation]:
    """Plans that a mistake in rebuilding or binding might let through."""
    raw = some_frame()
    elsewhere = _wrapped(_other(some_frame()))
    other_name = _wrapped(some_frame())
    other_name.subquery_alias.alias = "x"
    file = pb.Relation()
    file.limit.input.read.data_source.paths.append("/etc/passwd")
    catalog = pb.Relation()
    catalog.limit.input.catalog.list_tables.SetInParent()
    cached = pb.Relation()
    cached.cached_remote_relation.relation_id = "x"
    within = pb.Relation()
    within.with_relations.root.CopyFrom(_wrapped(some_frame()))
    within.with_relations.references.add().CopyFrom(raw)
    named = pb.Relation()
    named.with_relations.root.sql.query = "SELECT * FROM customers"
    named.with_relations.references.add().subquery_alias.alias = "customers"
    return [raw, elsewhere, other_name, file, catalog, cached, within, named]


@pytest.mark.parametrize("index", range(len(_tampered())))
def test_second_reading_refuses_other_reads(index: int) -> None:
    with pytest.raises(PlanRefused) as caught:
        check_bound(_tampered()[index], some_frame())
    assert caught.value.code == "read-refused"


def test_second_reading_accepts_the_frame() -> None:
    check_bound(_wrapped(some_frame()), some_frame())


def test_frame_with_nan_is_recognised() -> None:
    frame = some_frame()
    frame.filter.condition.literal.double = float("nan")
    bind(placeholder(), frame=frame, views={})


def test_ids_of_the_frame_differ_from_those_of_views_even_if_a_guest_counts_from_the_top() -> None:
    view = pb.Relation()
    view.project.input.CopyFrom(placeholder(1))
    view.project.expressions.add().unresolved_attribute.unparsed_identifier = "a"
    view.project.expressions[0].unresolved_attribute.plan_id = 9
    view.common.plan_id = 7
    relation = pb.Relation()
    relation.set_op.left_input.CopyFrom(placeholder(FIRST_BOUND_ID - 1))
    relation.set_op.right_input.read.named_table.unparsed_identifier = "v"
    frame = some_frame()
    frame.common.plan_id = 1
    result = bind(relation, frame=frame, views={"v": view})
    inside = {result.set_op.left_input.subquery_alias.input.common.plan_id}
    seen = result.set_op.right_input.subquery_alias.input
    inside.add(seen.project.input.subquery_alias.input.common.plan_id)
    of_view = {
        seen.common.plan_id,
        seen.project.input.common.plan_id,
        seen.project.expressions[0].unresolved_attribute.plan_id,
    }
    assert len(inside) == 2
    assert len(of_view) == 3
    assert not inside & of_view
