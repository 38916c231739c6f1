"""A worker that breaks the channel's rules ends with one of the channel's errors, soon, and with no other."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from engine.errors import LimitExceeded
from engine.gateway.gateway import LacksScience
from sandbox.contract.framing import (
    ENGINE_CAPS,
    HEADER,
    WORKER_CAPS,
    ChannelClosed,
    ChannelGarbage,
    Kind,
    Method,
)
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Outcome, encode
from tests.hostile.client import FRAME_INDEX, ask, converse, execute, frame, outcome, some_frame
from tests.spark.plans.offline import placeholder

SHORT = Limits(frame_seconds=0.3, wall_seconds=60.0)
JSON = encode(Outcome(FRAME_INDEX, None, None))

GARBAGE = {
    "an unknown kind": frame(99, b"x"),
    "kind 0": frame(0),
    "every byte set": b"\xff" * 64,
    "the last kind": frame(255, b"x"),
    **{f"{kind.name}, which the engine sends": frame(kind, b"{}") for kind in ENGINE_CAPS},
    **{f"{kind.name} over its cap": frame(kind, length=cap + 1) for kind, cap in WORKER_CAPS.items()},
    "the largest length": frame(Kind.REQUEST, length=2**32 - 1),
    "COMPILED again": frame(Kind.COMPILED, b'{"problems":[]}'),
    "a request of no method": frame(Kind.REQUEST),
    "a request of method 0": ask(0, b""),
    "a request of method 255": ask(255, b"x"),
    "an outcome of no side": frame(Kind.OUTCOME, JSON),
    "an outcome of another frame": outcome(FRAME_INDEX + 1),
    "an outcome of frame -1": outcome(-1),
    "an empty outcome": frame(Kind.OUTCOME),
    "garbage after an answer": execute(placeholder()) + frame(99),
    "garbage after printing": frame(Kind.PRINTED, b"x") + frame(Kind.REPLY_END),
}
CLOSED = {
    "nothing": b"",
    "half a header": HEADER.pack(5, Kind.PRINTED)[:3],
    "half a payload": frame(Kind.REQUEST, b"\x01abc", length=100),
    "a frame inside an unfinished one": frame(Kind.PRINTED, outcome(), length=60_000),
    "only printing": frame(Kind.PRINTED, b"\xff\xfe\x00") * 3,
    "only questions": ask(Method.CONFIG, b"") * 50,
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_no_honest_worker_sends_is_garbage(name: str) -> None:
    ended = converse(GARBAGE[name] + outcome())
    assert isinstance(ended.ending, ChannelGarbage)
    assert ended.unhandled == []


def test_libraries_can_be_lacked_by_a_worker_that_lacks_them_only() -> None:
    lacking = execute(placeholder()) + frame(Kind.LACKS)
    assert isinstance(converse(lacking).ending, LacksScience)
    assert isinstance(converse(lacking, science=True).ending, ChannelGarbage)
    assert isinstance(converse(frame(Kind.LACKS, b"scipy")).ending, ChannelGarbage)


@pytest.mark.parametrize("name", CLOSED)
def test_a_worker_that_goes_away_in_the_middle_is_closed(name: str) -> None:
    ended = converse(CLOSED[name])
    assert isinstance(ended.ending, ChannelClosed)
    assert ended.unhandled == []


@pytest.mark.parametrize("name", CLOSED)
def test_a_worker_that_falls_silent_in_the_middle_is_ended_at_the_deadline(name: str) -> None:
    ended = converse(CLOSED[name], limits=SHORT, linger=True)
    assert isinstance(ended.ending, LimitExceeded)
    assert ended.ending.limit == "frame_seconds"


def _endlessly(data: bytes) -> Callable[[socket.socket], None]:
    def talk(sock: socket.socket) -> None:
        while True:
            sock.sendall(data)

    return talk


ENDLESS: dict[str, bytes] = {
    "printing": frame(Kind.PRINTED, b"x" * 60_000),
    "empty printing": frame(Kind.PRINTED),
    "refused questions": ask(Method.CONFIG, b"\xff") * 20,
    "zeros": b"\x00" * 100,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_worker_that_never_stops_talking_is_ended(name: str) -> None:
    ended = converse(_endlessly(ENDLESS[name]), limits=SHORT)
    assert isinstance(ended.ending, LimitExceeded | ChannelGarbage)
    assert len(ended.printed) <= SHORT.printed_bytes + 100


def test_printing_over_its_limit_is_read_slowly() -> None:
    """It is read, since a worker may ask again after it, but must not keep a core of the engine busy."""
    sent = 0

    def talk(sock: socket.socket) -> None:
        nonlocal sent
        while True:
            sock.sendall(frame(Kind.PRINTED, b"x"))
            sent += 1

    ended = converse(talk, limits=Limits(frame_seconds=0.5, wall_seconds=60.0, printed_bytes=10))
    assert isinstance(ended.ending, LimitExceeded)
    assert ended.ending.limit == "frame_seconds"
    assert sent < 2_000  # some in the socket's buffers; tens of thousands, if nothing waits


def test_a_worker_that_sends_one_byte_at_a_time_is_ended_at_the_deadline() -> None:
    def drip(sock: socket.socket) -> None:
        for byte in outcome() * 10:
            sock.sendall(bytes([byte]))
            time.sleep(0.05)

    ended = converse(drip, limits=SHORT)
    assert isinstance(ended.ending, LimitExceeded)


def test_a_worker_that_asks_and_does_not_read_is_ended_at_the_deadline() -> None:
    """Its buffer fills with answers until the engine cannot send; the engine does not wait for ever."""

    def talk(sock: socket.socket) -> None:
        question = ask(Method.CONFIG, b"\x12\x04\x32\x02\x0a\x00")
        while True:
            sock.sendall(question * 100)

    ended = converse(talk, limits=SHORT)
    assert isinstance(ended.ending, LimitExceeded)


def test_plans_are_counted_whether_they_pass_or_not() -> None:
    for request in (execute(placeholder()), execute(some_frame()), ask(Method.ANALYZE, b"\xff")):
        ended = converse(request * 20 + outcome(), limits=Limits(frame_seconds=5.0, plans=10))
        assert isinstance(ended.ending, LimitExceeded)
        assert ended.ending.limit == "plans"


def test_frames_that_come_in_one_piece_or_byte_by_byte_say_the_same() -> None:
    data = frame(Kind.PRINTED, b"hello ") + execute(placeholder()) + frame(Kind.PRINTED, b"world") + outcome()

    def slowly(sock: socket.socket) -> None:
        for byte in data:
            sock.sendall(bytes([byte]))

    for talk in (data, slowly):
        ended = converse(talk)
        assert isinstance(ended.ending, Outcome)
        assert ended.printed == "hello world"
        assert len(ended.backend.asked) == 1


def test_an_outcome_before_any_question_is_the_workers_own_word() -> None:
    """It may say so: the number is its own. The questions after it belong to no call, and reach nobody."""
    ended = converse(outcome() + execute(placeholder()))
    assert isinstance(ended.ending, Outcome)
    assert ended.backend.asked == []
    assert [kind for kind, _ in ended.replies] == [Kind.CALL]


def test_a_question_is_answered_before_garbage_ends_the_call() -> None:
    ended = converse(execute(placeholder()) + outcome(0))
    assert isinstance(ended.ending, ChannelGarbage)
    kinds = [kind for kind, _ in ended.replies]
    assert kinds[0] == Kind.CALL
    assert kinds[-1] == Kind.REPLY_END


def test_nobody_uses_what_was_not_prefetched() -> None:
    assert isinstance(converse(frame(Kind.USED)).ending, ChannelGarbage)
