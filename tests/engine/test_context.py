"""Until when somebody waits, and what ends the waiting before."""

import math
import threading
import time

import pytest

from engine.context import UNBOUNDED, Deadline, QueryContext
from engine.errors import Interrupted
from tests.run_ids import run_id


def test_a_deadline_that_never_passes() -> None:
    assert Deadline.never.remaining() == math.inf and not Deadline.never.passed
    assert Deadline.never.half() == Deadline.never and Deadline.never.half().timeout() is None
    assert Deadline.never.sooner(Deadline(1.0)) == Deadline(1.0).sooner(Deadline.never) == Deadline(1.0)


def test_a_deadline_that_has_passed_leaves_nothing() -> None:
    passed = Deadline.after(-1)
    assert passed.passed and passed.remaining() == passed.timeout() == 0.0
    assert passed.half().passed


def test_half_of_the_time_that_is_left() -> None:
    whole = UNBOUNDED.within(10)
    assert 4 < whole.half().deadline.at - time.monotonic() <= 5
    with pytest.raises(Interrupted):
        UNBOUNDED.within(-1).half().check()


def test_nobody_gets_more_time_than_there_is() -> None:
    short = UNBOUNDED.within(1)
    assert short.within(60).deadline == short.deadline
    assert short.within(0.5).deadline < short.deadline


def test_a_cancel_comes_before_a_deadline() -> None:
    cancel = threading.Event()
    context = QueryContext(Deadline.after(-1), cancel)
    assert [context.over, cancel.set(), context.over] == ["deadline", None, "cancelled"]
    assert context.cancelled


@pytest.mark.parametrize("cancel", [None, threading.Event()], ids=["without", "with a cancel"])
def test_waiting_ends_with_the_time(cancel: threading.Event | None) -> None:
    late = QueryContext(Deadline.after(0.01), cancel)
    with pytest.raises(Interrupted, match="deadline"):
        late.wait(threading.Event())
    condition = threading.Condition()
    with condition, pytest.raises(Interrupted, match="deadline"):
        late.wait_until(condition, lambda: False)
    late.pause(600)


def test_what_has_come_is_not_waited_for_however_late_it_is() -> None:
    late, there, condition = UNBOUNDED.within(-1), threading.Event(), threading.Condition()
    there.set()
    late.wait(there)
    with condition:
        late.wait_until(condition, lambda: True)


def test_a_question_for_all_has_nothing_of_the_call_that_asks_it_but_its_time() -> None:
    own = QueryContext(Deadline.after(60), threading.Event(), run_id("run"), settings=(("a", "b"),))
    own = own.isolate().unordered().told(lambda _: None)
    assert own.isolated and not own.ordered and len(own.notes) == 1
    assert own.shared() == QueryContext(own.deadline, own.cancel)
