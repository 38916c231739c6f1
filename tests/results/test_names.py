"""Several numbers of one call: each by the rules for one, under names that nothing can be hidden in."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.frame import Frame
from engine.models.result import Result
from engine.results import Validated, validate_names
from engine.results.csv import csv_cell
from engine.results.text import visible_text
from engine.runs.call_results import FinishedCall, to_results
from engine.runs.unfold import unfold
from sandbox.contract.messages import Named, NamedValue, Outcome, Raised, Returned

ONE = Returned("float", "float", (1.0).hex())
NAN = Returned("float", "float", "nan")


def named(*pairs: Any, **changes: Any) -> Named:
    values = tuple(NamedValue(name, returned) for name, returned in pairs)
    return Named(**{"type": "dict", "count": len(values), "values": values, "wrong": "", **changes})


def refusal(found: Any) -> str:
    """Why the frame as a whole has no numbers."""
    assert isinstance(found, Validated) and found.status == "invalid_output"
    assert found.error is not None and found.error.code == "returned-names" and found.error.hint
    assert visible_text(found.error.message) == found.error.message
    return found.error.message


def test_each_value_is_judged_by_the_rules_for_one() -> None:
    text = Returned("str", "other", "length 3")
    none, infinite = Returned("NoneType", "none", ""), Returned("float", "float", "inf")
    found = validate_names(named(("a", ONE), ("b", NAN), ("c", text), ("d", none), ("e", infinite)), rows=5)
    assert isinstance(found, dict)
    assert [one.status for one in found.values()] == ["ok", "nan", *["invalid_output"] * 3]
    assert found["c"].error is not None and found["c"].error.message.startswith("'c': ")
    empty = validate_names(named(("a", ONE), ("b", NAN), ("c", text), ("d", none)), rows=0)
    assert isinstance(empty, dict)
    assert [one.status for one in empty.values()] == ["ok", "no_data", "invalid_output", "no_data"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u3000",
        " a",
        "a ",
        "a\nb",
        "a\tb",
        "a\0b",
        "\x1b[31mred",
        "\x1b]0;title\x07",
        "a\u202eb",
        "a\u200bb",
        "\ufeffa",
        "\u2028",
        "a\ud800",
        "\ue000",
        "=1+1",
        "+SUM(A1)",
        "-cmd",
        "\uff1d1",
        "@SUM(A1)",
        "x" * 101,
        "\x9b2J",
    ],
)
def test_a_name_that_hides_something_or_does_something_refuses_the_frame(name: str) -> None:
    refusal(validate_names(named(("good", ONE), (name, ONE)), rows=5))


@pytest.mark.parametrize(
    "pair", [("a", "a"), ("\u00e9", "e\u0301"), ("\ufb01t", "fit"), ("\uff41", "a"), ("x\u00b2", "x2")]
)
def test_names_that_look_alike_are_one_name_twice(pair: tuple[str, str]) -> None:
    assert "twice" in refusal(validate_names(named((pair[0], ONE), (pair[1], NAN)), rows=5))


def test_a_name_has_one_spelling() -> None:
    assert [*validate_names(named(("e\u0301", ONE)), rows=5)] == ["\u00e9"]


@pytest.mark.parametrize(
    "name", ["auc", "Pr\u00e4zision", "precision@10", "a b", "\u6d4b\u8bd5", "nan", "p<0.05", "x" * 100]
)
def test_ordinary_names_are_names(name: str) -> None:
    assert validate_names(named((name, ONE)), rows=5) == {name: Validated("ok", 1.0, None)}


def test_a_worker_that_lies_about_how_many_there_are_gives_none() -> None:
    many = [(f"n{i}", ONE) for i in range(101)]
    assert "1,000,000 names" in refusal(validate_names(named(count=10**6), rows=5))
    assert "101" in refusal(validate_names(named(*many), rows=5))
    refusal(validate_names(named(*many, count=1), rows=5))
    refusal(validate_names(named(("a", ONE), count=0), rows=5))
    refusal(validate_names(named(("a", ONE), count=2), rows=5))
    refusal(validate_names(named(("a", ONE), count=-1), rows=5))
    assert "int" in refusal(validate_names(named(("a", ONE), wrong="int"), rows=5))
    assert "\x1b" not in refusal(validate_names(named(wrong="\x1b[2J", type="\x1b]0;x\x07"), rows=5))


@given(st.lists(st.tuples(st.text(max_size=120), st.sampled_from([ONE, NAN])), max_size=8), st.integers(0, 3))
def test_whatever_the_names_what_comes_out_can_be_shown_and_told_apart(
    pairs: list[tuple[str, Returned]], rows: int
) -> None:
    found = validate_names(named(*pairs), rows=rows)
    if isinstance(found, dict):
        assert len(found) == len(pairs)
        assert all(name == name.strip() == visible_text(name) and 0 < len(name) <= 100 for name in found)
        assert all(name.encode() and csv_cell(name) == name for name in found)
    else:
        assert found.status in ("invalid_output", "missing", "no_data")


def ended(index: int, *pairs: Any, rows: int = 5) -> tuple[Result, ...]:
    outcome = Outcome(index, None, None, named(*pairs))
    return to_results(Frame(index), rows, FinishedCall(outcome, 1.5, "printed"), 9, several=True)


def returned(index: int, value: Returned, rows: int = 5) -> tuple[Result, ...]:
    return to_results(Frame(index), rows, FinishedCall(Outcome(index, value, None), 1.5), 9, several=True)


def shown(results: tuple[Result, ...]) -> list[tuple[int, str | None, str]]:
    return [(one.frame.index, one.name, one.status) for one in results]


def test_names_come_in_the_order_of_the_first_frame_that_gave_them_and_none_is_silently_absent() -> None:
    raised = Outcome(2, None, Raised("ValueError", "no", 1, ""))
    frames = [
        returned(0, NAN),
        ended(1, ("b", ONE), ("a", NAN)),
        to_results(Frame(2), 5, FinishedCall(raised), 9, several=True),
        ended(3, ("c", ONE), ("b", ONE)),
        ended(4),
        ended(5, rows=0),
        returned(6, NAN, rows=0),
        returned(7, ONE),
    ]
    found = unfold(frames)
    assert [one.name for one in found] == ["b", "a", "c"] * len(frames)
    by_frame = [[one.status for one in found[at : at + 3]] for at in range(0, len(found), 3)]
    assert by_frame == [
        ["nan"] * 3,
        ["ok", "nan", "missing"],
        ["raised"] * 3,
        ["ok", "missing", "ok"],
        ["missing"] * 3,
        ["no_data"] * 3,
        ["no_data"] * 3,
        ["invalid_output"] * 3,
    ]
    assert [one.printed for one in found[3:6]] == ["printed", "", ""]


def test_one_number_stands_for_no_name() -> None:
    (result,) = unfold([returned(0, ONE)])
    assert (result.status, result.name) == ("invalid_output", None)
    assert result.error is not None and "-> float" in result.error.hint
    assert math.isnan(result.value)


def test_where_no_frame_gave_a_name_each_has_one_result() -> None:
    assert shown(unfold([ended(0), ended(1, rows=0)])) == [(0, None, "missing"), (1, None, "no_data")]


def test_a_run_has_a_hundred_names_at_most_whatever_the_order_in_which_frames_end() -> None:
    frames = [ended(i, *((f"n{i}-{k}", ONE) for k in range(30))) for i in range(4)] + [
        ended(4, ("n0-1", ONE))
    ]
    found = unfold(frames)
    assert len(found) == 90 * 5
    fourth = [one for one in found if one.frame.index == 3]
    assert {one.status for one in fourth} == {"invalid_output"}
    assert fourth[0].error is not None and "100" in fourth[0].error.message
    assert [one.name for one in found if one.frame.index == 4 and one.status == "ok"] == ["n0-1"]
