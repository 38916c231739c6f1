"""Parameters: what a caller gave against what a source declares, with every problem at once."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.codes import PARAMETERS
from engine.models.parameters import Written, bind, unused
from sandbox.contract.signature import Parameter, Scalar, Signature, from_scalar

OPTIONS = (Scalar("str", "macro"), Scalar("int", "1"), Scalar("bool", "true"), Scalar("str", "2"))
SIGNATURE = Signature(
    False,
    (
        Parameter("threshold", "float", (), 3, 20),
        Parameter("k", "int", (), 3, 40),
        Parameter("strict", "bool", (), 3, 60),
        Parameter("label", "str", (), 4, 1),
        Parameter("mode", "literal", OPTIONS, 4, 20),
        Parameter("score", "column", (), 4, 40),
    ),
    ("models",),
)


def value_of(name: str, given: object) -> Any:
    """The value that a parameter gets; None if it is refused."""
    bound, problems = bind(SIGNATURE, {name: given})
    assert bool(problems) != (name in bound.values)
    assert all(problem.code == "parameter-value" and problem.hint for problem in problems)
    return bound.values.get(name)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("threshold", 0.7, 0.7),
        ("threshold", 1, 1.0),
        ("threshold", np.float32(0.5), 0.5),
        ("threshold", -0.0, -0.0),
        ("threshold", Written("0.7"), 0.7),
        ("threshold", Written("-1e3"), -1000.0),
        ("k", 5, 5),
        ("k", -(2**63) + 1, -(2**63) + 1),
        ("k", np.int64(5), 5),
        ("k", Written("-5"), -5),
        ("strict", True, True),
        ("strict", Written("False"), False),
        ("label", "", ""),
        ("label", "a\tb", "a\tb"),
        ("label", Written("0.7"), "0.7"),
        ("mode", "macro", "macro"),
        ("mode", 1, 1),
        ("mode", True, True),
        ("mode", Written("1"), 1),
        ("mode", Written("true"), True),
        ("mode", Written("2"), "2"),
        ("score", "a.b", "a.b"),
    ],
)
def test_a_value_of_its_type_is_taken_exactly(name: str, given: object, expected: object) -> None:
    found = value_of(name, given)
    assert (type(found), repr(found)) == (type(expected), repr(expected))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("threshold", math.nan),
        ("threshold", math.inf),
        ("threshold", True),
        ("threshold", "0.7"),
        ("threshold", None),
        ("threshold", 10**400),
        ("threshold", Decimal("0.5")),
        ("threshold", [0.5]),
        ("threshold", Written("nan")),
        ("threshold", Written("1e999")),
        ("threshold", Written("")),
        ("threshold", Written("9" * 10_000)),
        ("k", 5.0),
        ("k", True),
        ("k", 2**63),
        ("k", "5"),
        ("k", Written("5.0")),
        ("k", Written("9" * 10_000)),
        ("k", Written("1_000")),
        ("strict", 1),
        ("strict", "true"),
        ("strict", Written("yes")),
        ("strict", np.True_),
        ("label", 5),
        ("label", b"x"),
        ("label", "x" * 1_001),
        ("label", "a\0b"),
        ("label", "\ud800"),
        ("label", None),
        ("mode", "micro"),
        ("mode", 2),
        ("mode", False),
        ("mode", 1.0),
        ("mode", Written("Macro")),
        ("mode", []),
        ("score", 1),
        ("score", ""),
        ("score", Written("")),
        ("score", "\udfff"),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, given: object) -> None:
    assert value_of(name, given) is None


def test_all_problems_are_told_at_once_each_at_the_place_of_its_parameter() -> None:
    given = {"threshold": "high", "k": 1.5, "treshold": 0.5, "models": 1, "label": "fine"}
    bound, problems = bind(SIGNATURE, given)
    assert {(one.code, one.line, one.column) for one in problems} == {
        ("parameter-value", 3, 20),
        ("parameter-value", 3, 40),
        ("parameter-unknown", 1, 1),
        ("parameter-fixed", 1, 1),
    }
    assert {one.code for one in problems} <= set(PARAMETERS)
    assert "threshold" in next(one.hint for one in problems if one.code == "parameter-unknown")
    assert dict(bound.values) == {"label": "fine"}


def test_no_words_of_a_caller_have_power_over_what_shows_them() -> None:
    nasty = "\x1b[2J\u202e" + "x" * 5_000
    _, problems = bind(SIGNATURE, {nasty: 1, "threshold": nasty, "mode": nasty})
    assert len(problems) == 3
    assert all(one.message.isascii() and one.message.isprintable() for one in problems)
    assert all(len(one.message) < 200 for one in problems)


def test_arguments_come_in_the_order_of_the_source_and_columns_are_known() -> None:
    bound, problems = bind(SIGNATURE, {"score": "p", "threshold": 1})
    assert not problems and list(bound.values) == ["threshold", "score"]
    assert [one.name for one in bound.columns] == ["score"]
    assert [(one.name, from_scalar(one.value)) for one in bound.arguments] == [
        ("threshold", 1.0),
        ("score", "p"),
    ]


def test_what_is_given_for_several_metrics_has_to_be_a_parameter_of_one() -> None:
    given = {"threshold": Written("1", shared=True), "nope": Written("1", shared=True)}
    with_it, without = bind(SIGNATURE, given), bind(Signature(), given)
    assert not with_it[1] and not without[1]
    (problem,) = unused([with_it[0], without[0]])
    assert problem.code == "parameter-unknown" and "nope" in problem.message
    assert unused([]) == ()


@given(
    st.dictionaries(
        st.text(max_size=9) | st.sampled_from(["threshold", "k", "mode"]), st.from_type(object), max_size=4
    )
)
def test_whatever_is_given_is_bound_or_told(given: dict[str, object]) -> None:
    bound, problems = bind(SIGNATURE, given)
    assert len(bound.values) + len(problems) == len(given)
