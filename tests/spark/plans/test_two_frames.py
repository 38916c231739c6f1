"""Plans that read two frames: bound to both, checked again, and refused where a call has one."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.frames.build import Literal, filtered, literal
from engine.spark.plans import bind, canonical, frames_read, over_one_frame
from engine.spark.plans.bind import check_bound
from engine.spark.plans.names import check_view_name
from sandbox.contract.settings import BASELINE, PLACEHOLDER
from tests.spark.plans.offline import placeholder, some_frame

TRUE = literal(Literal(boolean=True))


def second(plan_id: int = 1) -> pb.Relation:
    """A read of the second placeholder."""
    read = placeholder(plan_id)
    read.read.named_table.unparsed_identifier = BASELINE
    return read


def other_frame() -> pb.Relation:
    """Other rows than those of `some_frame`."""
    return filtered(some_frame(), TRUE)


def joined() -> pb.Relation:
    join = pb.Relation()
    join.join.left.CopyFrom(placeholder(1))
    join.join.right.CopyFrom(second(2))
    return join


def test_each_read_is_bound_to_its_own_frame():
    result = bind(joined(), frame=some_frame(), views={}, baseline=other_frame())
    left, right = result.join.left.subquery_alias, result.join.right.subquery_alias
    assert (left.alias, right.alias) == (PLACEHOLDER, BASELINE)
    assert left.input.WhichOneof("rel_type") == some_frame().WhichOneof("rel_type")
    assert right.input.filter.condition == TRUE


def test_a_call_of_one_frame_has_no_second_one():
    for relation in (second(), joined()):
        with pytest.raises(PlanRefused) as refused:
            bind(relation, frame=some_frame(), views={})
        assert refused.value.code == "read-refused" and "spark.table" in refused.value.message


@pytest.mark.parametrize("name", [BASELINE, BASELINE.upper(), f"`{BASELINE}`"])
def test_no_view_takes_its_name(name):
    with pytest.raises(PlanRefused):
        check_view_name(name)


def test_one_frame_in_the_other_ones_place_is_found_by_the_second_reading():
    frame, baseline = some_frame(), other_frame()
    swapped = pb.Relation()
    swapped.subquery_alias.alias = BASELINE
    swapped.subquery_alias.input.CopyFrom(frame)
    with pytest.raises(PlanRefused):
        check_bound(swapped, frame, baseline)
    right = pb.Relation()
    right.subquery_alias.alias = BASELINE
    right.subquery_alias.input.CopyFrom(baseline)
    check_bound(right, frame, baseline)
    with pytest.raises(PlanRefused):
        check_bound(right, frame)


def test_what_a_plan_reads():
    assert frames_read(joined()) == {PLACEHOLDER, BASELINE}
    assert frames_read(second()) == {BASELINE} and frames_read(placeholder()) == {PLACEHOLDER}
    nothing = pb.Relation()
    nothing.range.end = 3
    assert frames_read(nothing) == frozenset()


def test_a_plan_over_the_second_frame_alone_is_the_same_plan_over_the_first():
    plan = filtered(second(7), TRUE)
    assert canonical(over_one_frame(plan)) == canonical(filtered(placeholder(7), TRUE))
    assert frames_read(plan) == {BASELINE}, "it is left as it was"
