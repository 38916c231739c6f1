"""What a session tells of the waiting for its slots."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pyspark.sql.connect.proto as pb
import pytest

from engine.context import UNBOUNDED, QueryContext
from engine.errors import Interrupted
from engine.runs import admitted
from engine.runs.admission import SlotPolicy
from engine.runs.admitted import AdmittedSession
from engine.runs.limiters import FairLimiter
from tests.run_ids import run_id
from tests.waiting import wait_until


class Session:
    """Answers at once."""

    disturbed = 2

    def execute(self, plan: pb.Plan, _: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        yield pb.ExecutePlanResponse()


@pytest.fixture
def limiter() -> FairLimiter:
    return FairLimiter(SlotPolicy(1, per_run=1))


@pytest.fixture
def session(limiter: FairLimiter) -> AdmittedSession:
    return AdmittedSession(Session(), limiter, "t", run_id("run"), lambda _: None)  # type: ignore[arg-type]


def test_a_slot_at_once_disturbs_nobody(session: AdmittedSession) -> None:
    assert len(list(session.execute(pb.Plan(), UNBOUNDED))) == 1
    assert session.disturbed == 2


def test_a_long_wait_for_a_slot_is_a_disturbance_of_the_session_however_it_is_asked(
    session: AdmittedSession, limiter: FairLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admitted, "PATIENT_SECONDS", 0.0)
    held = limiter.take("other", run_id("run"))
    thread = threading.Thread(target=lambda: list(session.execute(pb.Plan(), UNBOUNDED.isolate())))
    thread.start()
    assert wait_until(lambda: bool(limiter._waiters))
    limiter.release(held)
    thread.join(60)
    assert session.disturbed == 3
    assert limiter.held == 0


def test_a_wait_that_the_deadline_ends_is_one_too(
    session: AdmittedSession, limiter: FairLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admitted, "PATIENT_SECONDS", 0.0)
    held = limiter.take("other", run_id("run"))
    with pytest.raises(Interrupted):
        list(session.execute(pb.Plan(), UNBOUNDED.within(0)))
    assert session.disturbed == 3
    limiter.release(held)
    assert limiter.held == 0


def test_a_question_has_the_slot_of_who_asks_and_everybody_hears_of_its_answer(
    limiter: FairLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, heard, told = list[object](), list[str](), list[str]()
    acquire = limiter.acquire
    monkeypatch.setattr(
        limiter, "acquire", lambda tenant, run, *more: runs.append(run) or acquire(tenant, run, *more)
    )

    class Telling(Session):
        def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
            for note in context.notes:
                note("native")
            return super().execute(plan, context)

    session = AdmittedSession(Telling(), limiter, "t", run_id("all"), heard.append)  # type: ignore[arg-type]
    own = QueryContext(run=run_id("one")).told(told.append)
    for context in (own, own.shared()):
        list(session.execute(pb.Plan(), context))
    assert runs == [run_id("one"), run_id("all")] and limiter.held == 0
    assert (told, heard) == (["native"], ["native"] * 2)
