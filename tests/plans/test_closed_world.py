"""The tables name every message, field and enum value that PySpark's protocol has where a plan can be.

A new PySpark release fails here with the list of what is new, until each is classified.
"""

from __future__ import annotations

from typing import Any

import pyspark.sql.connect.proto as pb
import pytest

from engine.plans.analyses import LOCAL_ANSWERS
from engine.plans.rules import Keep, Refuse, Walk
from engine.plans.tables import CHECKS, ENUMS, FIELDS
from engine.plans.trees import _WITH_PLAN_ID

ROOTS = (pb.ExecutePlanRequest, pb.AnalyzePlanRequest, pb.ConfigRequest)
PACKAGE = "spark.connect."


def _short(descriptor: Any) -> str:
    return str(descriptor.full_name).removeprefix(PACKAGE)


def _value_type(field: Any) -> Any:
    """The message type of a field; for maps that of the values, if those are messages."""
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return kind.fields_by_name["value"].message_type
    return kind


def reachable() -> dict[str, Any]:
    """The message types that the tables let a request reach, by short name."""
    found: dict[str, Any] = {}
    work = [root.DESCRIPTOR for root in ROOTS]
    while work:
        descriptor = work.pop()
        name = _short(descriptor)
        if name in found:
            continue
        found[name] = descriptor
        rules = FIELDS.get(name, {})
        work += [
            _value_type(field)
            for field in descriptor.fields
            if isinstance(rules.get(field.name), Walk) and _value_type(field) is not None
        ]
    return found


REACHABLE = reachable()


def test_every_reachable_field_is_classified() -> None:
    missing = [
        f"{name}.{field.name}"
        for name, descriptor in REACHABLE.items()
        for field in descriptor.fields
        if field.name not in FIELDS.get(name, {})
    ]
    assert missing == []


def test_tables_name_nothing_else() -> None:
    assert set(FIELDS) == set(REACHABLE)
    for name, rules in FIELDS.items():
        assert set(rules) == set(REACHABLE[name].fields_by_name), name


def test_checks_belong_to_known_messages() -> None:
    assert set(CHECKS) <= set(FIELDS)


def test_rules_fit_their_fields() -> None:
    """Messages are walked, scalars kept; an enum is kept only with a table of its values."""
    for name, rules in FIELDS.items():
        for field_name, rule in rules.items():
            field = REACHABLE[name].fields_by_name[field_name]
            if isinstance(rule, Walk):
                assert _value_type(field) is not None, f"{name}.{field_name}"
            elif isinstance(rule, Keep):
                assert field.message_type is None, f"{name}.{field_name}"
                assert field.enum_type is None or _short(field.enum_type) in ENUMS, f"{name}.{field_name}"


def test_every_text_is_checked() -> None:
    """No string or bytes passes without a check: each could be long, name a file or be parsed."""
    text = [
        f"{name}.{field_name}"
        for name, rules in FIELDS.items()
        for field_name, rule in rules.items()
        if isinstance(rule, Keep)
        and rule.check is None
        and REACHABLE[name].fields_by_name[field_name].default_value in ("", b"")
    ]
    assert text == []


@pytest.mark.parametrize("name", ENUMS)
def test_every_enum_value_is_classified(name: str) -> None:
    enums = {
        _short(field.enum_type): field.enum_type
        for descriptor in REACHABLE.values()
        for field in descriptor.fields
        if field.enum_type is not None
    }
    values = {value.name for value in enums[name].values if value.number != 0}
    assert set(ENUMS[name]) == values


def test_refusals_say_what_and_why() -> None:
    for name, rules in FIELDS.items():
        for field_name, rule in rules.items():
            if isinstance(rule, Refuse):
                error = rule.error()
                assert error.code and rule.what and rule.why, f"{name}.{field_name}"


def test_plan_ids_are_known() -> None:
    """Renumbering must see each field that holds a plan id."""
    holders = {
        descriptor.full_name for descriptor in REACHABLE.values() if "plan_id" in descriptor.fields_by_name
    }
    assert holders == _WITH_PLAN_ID


def test_local_answers_are_fields_of_the_response() -> None:
    assert set(LOCAL_ANSWERS.values()) <= set(pb.AnalyzePlanResponse.DESCRIPTOR.fields_by_name)


def test_counts_of_what_is_classified() -> None:
    """The sizes of PySpark 4.2's protocol, so that a surprise is seen as one."""
    assert len(FIELDS["Relation"]) == 1 + 61
    assert len(FIELDS["Expression"]) == 1 + 22
    assert len(FIELDS["Command"]) == 20
    assert len(pb.AnalyzePlanRequest.DESCRIPTOR.oneofs_by_name["analyze"].fields) == 14
    assert len(FIELDS["ConfigRequest.Operation"]) == 7
