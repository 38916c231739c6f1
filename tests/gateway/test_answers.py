"""The one service that answers a call, over a query language that does nothing but say what it was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pyspark.sql.connect.proto as pb
import pytest

from engine.context import UNBOUNDED, Note, RunId
from engine.errors import LimitExceeded, PlanRefused
from engine.gateway.answers import Answers, RunAnswers
from engine.gateway.budget import CHEAP_MESSAGES, FrameBudget
from engine.models.run import Asked
from engine.queries.asking import Asker
from engine.queries.calls import CallInProgress, FrameCall
from engine.queries.carried import Batch, Reply
from engine.queries.language import Apart, ReadyAnswer, Request, Told
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Described, ReplyError

SHARED = Batch(3, 0, b"shared")
OWN = Batch(2, 0, b"own")
TOLD = Described(())
RAISED = ReplyError("", "", "", "a function of the metric raised")
RUN = RunId("run")


@dataclass
class Shares:
    """What frames share: the answers to some questions, and what was counted."""

    name: str
    answered: tuple[bytes, ...] = ()
    counted: list[tuple[str, ...]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)

    def withdraw(self, run: RunId) -> None:
        self.counted.append(("left", str(run)))

    def note_used(self, ready: ReadyAnswer, asker: Asker, *, again: bool = True) -> None:
        self.counted.append(("used again" if again else "used", ready.what))

    def note_apart(self, apart: Apart, asker: Asker, notes: Sequence[str]) -> None:
        self.counted.append(("apart", apart.what, apart.reason, *notes))


@dataclass
class Asks:
    """A question of some words: `both`, `baseline`, `refused`, or anything else."""

    state: CallInProgress
    words: bytes
    unsure: str = ""

    @property
    def what(self) -> str:
        return self.words.decode()

    @property
    def apart(self) -> str:
        return "a question over both frames" if self.words == b"both" else ""

    def over_baseline(self) -> Asks | None:
        return Asks(self.state, b"over one") if self.words == b"baseline" else None

    def known(self, sharing: Shares, asker: Asker) -> ReadyAnswer | None:
        found = self.ask(sharing, asker)
        return found if isinstance(found, ReadyAnswer) else None

    def ask(self, sharing: Shares, asker: Asker) -> ReadyAnswer | Apart:
        asker.queries += 10
        sharing.frames.append(asker.frame)
        if self.words not in sharing.answered:
            return Apart(self.what, "for a reason")
        return ReadyAnswer(self.words, self.what, "rows", SHARED.rows, lambda: iter([TOLD, SHARED]))

    def own(self, note: Note) -> Iterator[Reply]:
        if self.words == b"refused":
            raise PlanRefused("sql-refused", "no")
        self.state.queries += 1
        note("who answered")
        return iter([OWN])


@dataclass
class Reader:
    """Reads `?` and a question, `.` and what is free, `:` and what is told at once."""

    state: CallInProgress

    def is_free(self, payload: memoryview) -> bool:
        if bytes(payload[:1]) not in (b"?", b".", b":"):
            raise ChannelGarbage("a request for an unknown method")
        return bytes(payload[:1]) == b"."

    def read(self, payload: memoryview) -> Request[Shares]:
        if bytes(payload[:1]) == b"?":
            return Asks(self.state, bytes(payload[1:]))
        return Told(iter([TOLD]))

    def close(self) -> None:
        self.state.queries += 100


@dataclass
class Speech:
    """The language, whose calls ask the same again or not."""

    repeats: bool = True
    session: Any = None
    function_raised: ReplyError = RAISED

    def reader(self, state: CallInProgress) -> Reader:
        return Reader(state)

    def explain(self, error: Exception) -> ReplyError:
        return ReplyError("", "", "", str(error))


def call_of(
    run: RunAnswers[Shares], limits: Limits | None = None, *, index: int = 4
) -> tuple[Answers[Shares], FrameBudget]:
    budget = FrameBudget(limits or Limits())
    call = FrameCall(index, 1, pb.Relation(), baseline=pb.Relation(), baseline_index=7)
    return run.of_call(call, budget, UNBOUNDED, cast(Any, None)), budget


def ask(answers: Answers[Shares], payload: bytes) -> list[Reply]:
    return list(answers.responses(memoryview(payload)))


def test_a_shared_answer_is_charged_and_counted():
    data = Shares("data", (b"a",))
    answers, budget = call_of(RunAnswers(Speech(), RUN, data))
    assert ask(answers, b"?a") == [TOLD, SHARED]
    assert data.counted == [("used", "a")] and data.frames == [4]
    assert (budget.plans, budget.rows, budget.bytes, answers.queries) == (1, 3, len(SHARED.data), 10)


def test_what_is_not_shared_is_asked_by_the_frame_and_counted_with_the_reason_and_who_answered():
    data, asked = Shares("data"), list[Asked]()
    answers, _ = call_of(RunAnswers(Speech(), RUN, data, asked=asked))
    assert ask(answers, b"?a") == [OWN] and answers.queries == 11
    assert data.counted == [("apart", "a", "for a reason", "who answered")]
    assert asked == [Asked("a", "spark", "who answered")]


def test_without_sharing_each_frame_asks_for_itself():
    answers, _ = call_of(RunAnswers(Speech(), RUN))
    assert ask(answers, b"?a") == [OWN] and answers.queries == 1


def test_a_question_over_both_frames_is_counted_and_keeps_nobody_waiting():
    data = Shares("data", (b"both",))
    answers, _ = call_of(RunAnswers(Speech(), RUN, data))
    assert ask(answers, b"?both") == [OWN]
    assert data.counted == [
        ("left", "run"),
        ("apart", "both", "a question over both frames", "who answered"),
    ]


@pytest.mark.parametrize("shared", [True, False])
def test_a_question_over_the_baseline_is_asked_and_counted_there(shared: bool):
    data, baseline = Shares("data", (b"baseline",)), Shares("baseline", (b"over one",) if shared else ())
    answers, _ = call_of(RunAnswers(Speech(), RUN, data, baseline=lambda _: baseline))
    assert ask(answers, b"?baseline") == ([TOLD, SHARED] if shared else [OWN])
    assert data.counted == [("left", "run")] and baseline.frames == [7]
    kind = ("used", "over one") if shared else ("apart", "over one", "for a reason", "who answered")
    assert baseline.counted == [kind]


def test_what_is_refused_before_it_is_asked_is_not_counted():
    data, asked = Shares("data"), list[Asked]()
    answers, _ = call_of(RunAnswers(Speech(), RUN, data, asked=asked))
    with pytest.raises(PlanRefused):
        ask(answers, b"?refused")
    assert not data.counted and not asked
    ask(answers, b"?a")
    assert [line[1] for line in data.counted] == ["a"]


def test_requests_are_charged_before_they_are_read_but_for_those_that_are_free(
    monkeypatch: pytest.MonkeyPatch,
):
    slept = list[float]()
    monkeypatch.setattr("time.sleep", slept.append)
    answers, budget = call_of(RunAnswers(Speech(), RUN), Limits(plans=1))
    for _ in range(CHEAP_MESSAGES):
        assert ask(answers, b".") == [TOLD]
    assert (budget.plans, slept) == (0, [])
    ask(answers, b".")
    assert slept
    ask(answers, b":")
    with pytest.raises(LimitExceeded, match="plans"):
        ask(answers, b"?refused")
    with pytest.raises(ChannelGarbage):
        ask(answers, b"!")


def test_more_than_a_frame_may_fetch_is_not_handed_on():
    answers, _ = call_of(RunAnswers(Speech(), RUN, Shares("data", (b"a",))), Limits(fetched_rows=2))
    with pytest.raises(LimitExceeded, match="fetched_rows"):
        ask(answers, b"?a")


def test_the_first_request_of_a_call_is_answered_with_the_next_one():
    data = Shares("data", (b"a",))
    run = RunAnswers(Speech(), RUN, data)
    first, _ = call_of(run)
    assert first.prefetch() is None
    ask(first, b"?a")
    next_one, budget = call_of(run, index=5)
    assert next_one.prefetch() is not None and budget.plans == 0
    next_one.note_used()
    assert data.counted == [("used", "a"), ("used again", "a")]
    assert (budget.plans, budget.rows) == (1, 3)
    with pytest.raises(ChannelGarbage):
        next_one.note_used()


@pytest.mark.parametrize("payload", [b"?" + bytes(17 << 10), b":", b"."])
def test_what_is_no_small_question_is_not_prefetched(payload: bytes):
    run = RunAnswers(Speech(), RUN, Shares("data", (payload[1:],)))
    ask(call_of(run)[0], payload)
    assert call_of(run)[0].prefetch() is None


def test_where_no_two_calls_ask_the_same_nothing_is_prefetched():
    run = RunAnswers(Speech(repeats=False), RUN, Shares("data", (b"a",)))
    ask(call_of(run)[0], b"?a")
    assert call_of(run)[0].prefetch() is None


def test_the_end_of_a_call_is_told_to_its_language():
    answers, _ = call_of(RunAnswers(Speech(), RUN))
    answers.note_end()
    assert answers.queries == 100
