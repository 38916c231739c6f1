"""What PySpark's API offers for computing passes, unchanged in meaning, and passes again."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.plans import Fetch, bind, canonical, parse_request
from engine.spark.plans.rebuild import rebuild
from engine.spark.plans.trees import copy, relations, walk
from sandbox.contract.framing import Method
from tests.spark.plans.corpus import RELATIONS, REQUESTS
from tests.spark.plans.offline import Offline, placeholder, some_frame


def _fetch(offline: Offline, name: str) -> pb.Relation:
    frame = RELATIONS[name](offline.df, offline.spark)
    parsed = parse_request(Method.EXECUTE, offline.fetch(frame))
    assert isinstance(parsed, Fetch)
    return parsed.relation


@pytest.mark.parametrize("name", RELATIONS)
def test_passes_and_passes_again(offline: Offline, name: str) -> None:
    relation = _fetch(offline, name)
    again = rebuild(relation)
    assert again.SerializeToString(deterministic=True) == relation.SerializeToString(deterministic=True)


# Texts that the checkers write anew, and what is dropped because it says nothing.
_NORMALISED = {
    "Expression": "common",
    "RelationCommon": "origin",
    "UnresolvedAttribute": "is_metadata_column",
    "Deduplicate": "within_watermark",
    "ExpressionString": "expression",
    "LocalRelation": "schema",
    "NamedTable": "unparsed_identifier",
    "Unparsed": "data_type_string",
}


def _normalised(relation: pb.Relation) -> pb.Relation:
    result = copy(relation)
    for here in walk(result):
        field = _NORMALISED.get(here.DESCRIPTOR.name)
        if field is not None:
            here.ClearField(field)
        elif isinstance(here, pb.Expression.Cast) and here.HasField("type_str"):
            here.type_str = ""
        elif isinstance(here, pb.Expression.Literal) and here.string.startswith("{"):
            here.string = ""
    return result


@pytest.mark.parametrize("name", RELATIONS)
def test_keeps_what_was_sent(offline: Offline, name: str) -> None:
    """Texts aside, the rebuilt plan is the sent one without its origins."""
    sent = offline.plan(RELATIONS[name](offline.df, offline.spark)).root
    assert _normalised(rebuild(sent)) == _normalised(sent)


@pytest.mark.parametrize("name", RELATIONS)
def test_binds(offline: Offline, name: str) -> None:
    views = {"scored": placeholder(77)}
    result = bind(_fetch(offline, name), frame=some_frame(), views=views)
    names = {
        item.read.named_table.unparsed_identifier
        for item in relations(result)
        if item.WhichOneof("rel_type") == "read"
    }
    assert names <= {"events"}


@pytest.mark.parametrize("name", RELATIONS)
def test_canonical_form_is_that_of_the_code(offline: Offline, name: str) -> None:
    another = Offline()  # PySpark counts plans and lambdas per process: they go on counting here
    assert canonical(_fetch(offline, name)) == canonical(_fetch(another, name))


def test_different_code_has_different_forms(offline: Offline) -> None:
    names = [name for name in RELATIONS if name != "zip"]
    forms = {canonical(_fetch(offline, name)) for name in names}
    assert len(forms) == len(names)


@pytest.mark.parametrize("name", REQUESTS)
def test_request_passes(offline: Offline, name: str) -> None:
    method, payload = offline.ask(lambda: REQUESTS[name](offline.df, offline.spark))
    parse_request(method, payload)


def test_what_the_session_asks_on_its_own(offline: Offline) -> None:
    """Every request of the whole corpus passes, those that PySpark makes on the way included."""
    fresh = Offline()
    for build in RELATIONS.values():
        build(fresh.df, fresh.spark)
    assert fresh.recorder.requests
    for method, request in fresh.recorder.requests:
        parse_request(method, request.SerializeToString())


def test_refusals_have_a_code_and_a_message() -> None:
    with pytest.raises(PlanRefused) as caught:
        parse_request(Method.EXECUTE, b"")
    assert caught.value.code and caught.value.message
