"""What is known of kinds of relations is in one table, and each kind of PySpark's is in it, or refused."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pyspark.sql.connect.proto as pb

from engine.spark.plans.relation_traits import TRAITS, ColumnTrait, RowTrait, traits_of
from engine.spark.plans.relations import RELATIONS
from engine.spark.plans.rules import Refuse
from tests.documents import ROOT

KINDS = {field.name for field in pb.Relation.DESCRIPTOR.oneofs_by_name["rel_type"].fields}
_MANY = 3
# Where kinds are listed that have no trait in common: each place says why.
OWN = {
    "engine/spark/plans/relation_traits.py",
    "engine/spark/plans/relations.py",  # which kinds a plan may hold at all
    "engine/spark/functions/exposed.py",
    "engine/spark/functions/find.py",
    "engine/spark/functions/maps.py",
    "engine/spark/functions/used.py",
    "engine/spark/fusion/cells/plan.py",
    "engine/spark/native/features.py",
}


def test_every_kind_has_traits_or_is_refused() -> None:
    rules = RELATIONS["Relation"]
    refused = {kind for kind in KINDS if isinstance(rules.get(kind), Refuse)}
    assert KINDS - refused == set(TRAITS), "a new kind needs a line in relation_traits.py, or a refusal"


def test_nothing_is_relied_on_of_a_kind_that_is_not_in_the_table() -> None:
    for unknown in (pb.Relation(), pb.Relation(catalog=pb.Catalog()), pb.Relation(unknown=pb.Unknown())):
        traits = traits_of(unknown)
        assert traits.reads and traits.rows is RowTrait.MADE and traits.columns is ColumnTrait.OTHER
        assert not traits.row_wise and not traits.adds_no_rows
        assert not (traits.passes_aliases or traits.looks_below or traits.says_names)


def test_the_frame_alone_is_read() -> None:
    assert {kind for kind, traits in TRAITS.items() if traits.reads} == {"read"}


def _lists_of_kinds(path: Path) -> Iterator[list[str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Set | ast.Tuple | ast.List):
            texts = [one.value for one in node.elts if isinstance(one, ast.Constant)]
            if len(texts) >= _MANY and len(texts) == len(node.elts) and set(texts) <= KINDS:
                yield [str(text) for text in texts]


def test_no_module_keeps_a_list_of_its_own_without_a_reason() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): listed
        for path in sorted((ROOT / "engine").rglob("*.py"))
        for listed in _lists_of_kinds(path)
    }
    assert found.keys() - OWN == set(), "what is so of a relation belongs into relation_traits.py"
    assert OWN - found.keys() == set(), "nothing is listed there any more"
