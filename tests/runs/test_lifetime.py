"""How long a run goes on, and what it ends with."""

import pytest

from engine.errors import BackendError, Interrupted, LimitExceeded
from engine.runs.call_results import RunCancelled
from engine.runs.lifetime import Lifetime


def test_the_time_before_the_turn_is_not_the_run_s_own():
    lifetime = Lifetime(0.0)
    lifetime.refuse_cancelled()
    with pytest.raises(LimitExceeded, match="wall_seconds"):
        lifetime.refuse_over()
    lifetime = Lifetime(60.0)
    early = lifetime.context.deadline
    lifetime.begin()
    assert lifetime.context.deadline > early and lifetime.seconds < 60


def test_a_cancel_is_heard_by_who_asks_and_by_who_waits():
    lifetime = Lifetime(60.0)
    before = lifetime.context
    lifetime.begin()
    lifetime.cancel()
    assert lifetime.cancelled and before.cancelled and lifetime.context.over == "cancelled"
    for refuse in (lifetime.refuse_cancelled, lifetime.refuse_over):
        with pytest.raises(Interrupted):
            refuse()


def test_it_fails_with_the_first_error():
    lifetime = Lifetime(60.0)
    lifetime.raise_failure()
    lifetime.fail(BackendError("first"))
    lifetime.fail(BackendError("second"))
    assert lifetime.failed
    with pytest.raises(BackendError, match="first"):
        lifetime.raise_failure()


def test_why_it_was_stopped():
    lifetime = Lifetime(2.5)
    assert lifetime.why(cancelled=True) == RunCancelled()
    overtime = lifetime.why(cancelled=False)
    assert isinstance(overtime, LimitExceeded) and (overtime.limit, overtime.value) == ("wall_seconds", 2.5)
