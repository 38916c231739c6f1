"""The second reading by itself, on plans and texts that no checker has seen: it finds what must not pass."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.spark.plans import Fetch, bind, parse_request
from engine.spark.text import check_expression, check_query
from sandbox.contract.framing import Method
from tests.hostile.client import some_frame
from tests.hostile.second_reading import Gap, read_bound
from tests.hostile.text_reading import find_harm
from tests.spark.plans import hostile
from tests.spark.plans.offline import placeholder, request
from tests.spark.text.frame import VIEWS, expressions, queries
from tests.spark.text.hostile import hostile as hostile_texts

# What it does not look for, and why.
NOT_LOOKED_FOR = {
    "many partitions by hint": "costs time, reads nothing",
    "nothing": "Spark refuses an empty expression",
    "hidden extraction": "a field of a value; the hidden column itself is looked for",
    "long text": "costs time, reads nothing",
    "plan id out of range": "means no plan, unless it reaches into the frame",
}


def _reading(relation: pb.Relation) -> None:
    read_bound(relation, some_frame())


@pytest.mark.parametrize("name", sorted(hostile.RELATIONS.keys() - NOT_LOOKED_FOR.keys()))
def test_hostile_relations_are_found(name: str) -> None:
    relation = pb.Relation()
    hostile.RELATIONS[name][1](relation)
    with pytest.raises(Gap):
        _reading(relation)


@pytest.mark.parametrize("name", sorted(hostile.EXPRESSIONS.keys() - NOT_LOOKED_FOR.keys()))
def test_hostile_expressions_are_found(name: str) -> None:
    relation = pb.Relation()
    relation.project.input.local_relation.schema = "a INT"
    _reading(relation)
    hostile.EXPRESSIONS[name][1](relation.project.expressions.add())
    with pytest.raises(Gap):
        _reading(relation)


def test_references_into_the_frame_and_another_frame_are_found() -> None:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    column = relation.project.expressions.add().unresolved_attribute
    column.unparsed_identifier, column.plan_id = "inside", 5
    parsed = parse_request(Method.EXECUTE, request(relation))
    assert isinstance(parsed, Fetch)
    bound = bind(parsed.relation, frame=some_frame(), views={})
    _reading(bound)
    with pytest.raises(Gap, match="read"):
        read_bound(bound, placeholder())
    inside = bound.project.input.subquery_alias.input.common.plan_id
    bound.project.expressions[0].unresolved_attribute.plan_id = inside
    with pytest.raises(Gap, match="reach into the frame"):
        _reading(bound)


def test_most_hostile_texts_are_found_and_no_honest_one() -> None:
    """Those that are left are no sentences of SQL, or need a grammar to tell: they are the other readers'."""
    texts = hostile_texts()
    found = [
        text
        for kind, text in texts
        if find_harm(text, frozenset(VIEWS if kind == "query" else ()), query=kind == "query")
    ]
    assert len(found) > len(texts) * 0.6
    for section in expressions().values():
        for text in section:
            assert not find_harm(check_expression(text), frozenset(), query=False), text
    for text in queries():
        assert not find_harm(check_query(text, views=VIEWS).text, frozenset(VIEWS), query=True), text
