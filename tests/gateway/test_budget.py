import pytest

from engine.errors import LimitExceeded
from engine.gateway.budget import CUT_MARK, FrameBudget
from sandbox.contract.limits import Limits


@pytest.mark.parametrize(
    ("limits", "charge", "name"),
    [
        (Limits(plans=1), lambda budget: budget.charge_plan(), "plans"),
        (Limits(fetched_rows=10), lambda budget: budget.charge_fetch(6, 0), "fetched_rows"),
        (Limits(fetched_bytes=10), lambda budget: budget.charge_fetch(0, 6), "fetched_bytes"),
    ],
)
def test_the_limit_itself_is_allowed_and_one_more_is_not(limits, charge, name):
    budget = FrameBudget(limits)
    charge(budget)
    with pytest.raises(LimitExceeded) as caught:
        charge(budget)
    assert caught.value.limit == name
    assert caught.value.used > caught.value.value


def test_printed_text_is_cut_and_marked():
    budget = FrameBudget(Limits(printed_bytes=5))
    assert budget.keep_printed(b"abc")
    assert budget.printed == "abc"
    assert budget.keep_printed(b"defg")
    assert budget.printed == "abcde" + CUT_MARK
    assert not budget.keep_printed(b"more")
    assert budget.printed == "abcde" + CUT_MARK


def test_a_character_cut_in_half_does_not_break_the_text():
    budget = FrameBudget(Limits(printed_bytes=1))
    budget.keep_printed("é".encode())
    assert budget.printed == "\N{REPLACEMENT CHARACTER}" + CUT_MARK
