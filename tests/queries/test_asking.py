"""What comes of a shared query that fails: each frame asks for itself, and is told why."""

from __future__ import annotations

import threading

import pytest

from engine.backends.tables import TableTooLarge
from engine.context import UNBOUNDED, QueryContext
from engine.errors import BackendError, BackendLost, Interrupted
from engine.frames.not_fusable import NotFusable
from engine.queries.asking import Asker, asking
from tests.run_ids import run_id


def asker(context: QueryContext = UNBOUNDED) -> Asker:
    return Asker(run_id("run"), 0, 0, context)


def lost(*, alone: bool) -> BackendLost:
    made = BackendLost("it died")
    made.by_this_query = alone
    return made


def with_condition() -> BackendError:
    made = BackendError("division by zero")
    made.condition = "DIVIDE_BY_ZERO"
    return made


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (with_condition(), "the shared query failed (DIVIDE_BY_ZERO)"),
        (BackendError("why"), "the shared query failed (without a condition)"),
        (lost(alone=True), "the server died of the shared query"),
        (TableTooLarge(), "more rows than are kept in memory"),
        (Interrupted("deadline"), "the shared query took more than half of the time of a frame"),
    ],
)
def test_a_query_that_fails_is_a_reason_to_ask_apart(failure: Exception, reason: str) -> None:
    who = asker()
    with pytest.raises(NotFusable) as caught, asking(who):
        raise failure
    assert caught.value.reason == reason and who.queries == 1


def test_a_lost_server_is_asked_again() -> None:
    with pytest.raises(BackendLost), asking(asker()):
        raise lost(alone=False)


def test_who_waits_no_longer_is_told_that() -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Interrupted), asking(asker(QueryContext(cancel=cancelled))):
        raise Interrupted("cancelled")


def test_a_shared_query_tells_its_asker_by_whom_it_was_answered_and_has_half_of_its_time() -> None:
    who = asker(UNBOUNDED.within(60))
    with asking(who) as context:
        assert 0 < context.deadline.remaining() <= 30
        for note in context.notes:
            note("why")
    assert who.notes == ["why"]
