"""Who is asked when, and who is to blame: the policy, with times of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.connect.suspect_queue import (
    DRAIN_SECONDS,
    RETURN_SECONDS,
    QueryTurn,
    Record,
    SuspectQueue,
)

SLICE = 4.0


class Scene:
    """A queue, a clock and one server after another."""

    def __init__(self) -> None:
        self.queue, self.now, self.server = SuspectQueue(SLICE), 100.0, object()

    def start(self, turn: QueryTurn) -> bool:
        """A query comes, and is asked if it may be; whether it is."""
        self.queue.join(turn)
        return self.again(turn)

    def again(self, turn: QueryTurn) -> bool:
        if not self.queue.try_start(turn, self.now):
            return False
        self.queue.begin(turn, self.server, self.now)
        return True

    def die(self) -> None:
        self.queue.record_crash(self.server, self.now)
        self.server = object()


@pytest.fixture
def scene():
    return Scene()


def turns(count: int) -> list[QueryTurn]:
    return [QueryTurn(Record()) for _ in range(count)]


def test_without_deaths_everybody_is_asked_at_once(scene):
    assert all(scene.start(turn) for turn in turns(100))


def test_after_a_death_the_suspects_come_one_at_a_time_and_the_others_wait(scene):
    hit, late = turns(3), QueryTurn(Record())
    assert all(scene.start(turn) for turn in hit)
    scene.die()
    assert [turn.alone for turn in hit] == [False] * 3
    assert not scene.start(late)  # the suspects are expected back
    for turn in hit:
        scene.queue.join(turn)
    for turn in hit:
        assert [other for other in (*hit, late) if scene.again(other)] == [turn]
        scene.queue.remove(turn)
    assert scene.again(late)


def test_who_is_alone_at_the_second_death_has_done_it_and_nobody_else(scene):
    honest, offender = turns(2)
    assert scene.start(honest) and scene.start(offender)
    scene.die()
    scene.queue.join(honest)
    scene.queue.join(offender)
    assert scene.again(honest) and not scene.again(offender)
    scene.queue.remove(honest)
    assert scene.again(offender)
    scene.die()
    assert offender.is_culprit and not honest.is_culprit


def test_a_first_crash_makes_nobody_the_culprit_even_alone(scene):
    (turn,) = turns(1)
    assert scene.start(turn)
    scene.die()
    assert turn.alone and not turn.is_culprit
    assert scene.start(turn)
    scene.die()
    assert turn.is_culprit


def test_who_came_to_a_dead_server_too_late_did_not_kill_it(scene):
    late = QueryTurn(Record(), crashes=1)
    assert scene.start(late)
    scene.queue.record_crash(scene.server, scene.now, late=True)
    assert late.server_died and not late.is_culprit


def test_the_sessions_with_blame_go_last(scene):
    guilty, (first, second) = QueryTurn(Record(blame=1)), turns(2)
    for turn in (guilty, first, second):
        assert scene.start(turn)
    scene.die()
    for turn in (guilty, first, second):
        scene.queue.join(turn)
    order: list[QueryTurn] = []
    for _ in range(3):
        (turn,) = [one for one in (guilty, first, second) if one not in order and scene.again(one)]
        order.append(turn)
        scene.queue.remove(turn)
    assert order == [first, second, guilty]


def test_a_suspect_that_does_not_end_has_a_slice_and_a_longer_one_next_time(scene):
    slow, other = turns(2)
    for crashes in (1, 2):
        assert scene.start(slow)
        if slow.crashes:
            assert not scene.start(other)
            scene.now += SLICE * 2 ** (crashes - 2) - 0.01
            assert not scene.again(other)
            scene.now += 0.02
            assert scene.again(other)
        scene.die()
    assert slow.crashes == 2 and other.crashes == 1
    assert not slow.is_culprit and not other.is_culprit


def test_a_suspect_waits_for_what_runs_a_moment_only(scene):
    running, suspect = QueryTurn(Record()), QueryTurn(Record(), crashes=1)
    assert scene.start(running)
    assert not scene.start(suspect)
    scene.now += DRAIN_SECONDS - 0.01
    assert not scene.again(suspect)
    scene.now += 0.02
    assert scene.again(suspect)


def test_who_never_comes_back_keeps_nobody_waiting(scene):
    gone, other = turns(2)
    assert scene.start(gone)
    scene.die()
    assert not scene.start(other)
    scene.now += RETURN_SECONDS + 0.01
    assert scene.again(other)


STEPS = st.lists(st.tuples(st.sampled_from(["come", "end", "die"]), st.integers(0, 5)), max_size=60)


@given(STEPS)
def test_whatever_happens_everybody_is_asked_in_the_end(steps):
    scene, everybody = Scene(), turns(6)
    waiting: list[QueryTurn] = []
    running: list[QueryTurn] = []
    for step, number in steps:
        turn = everybody[number]
        if step == "come" and turn not in waiting and turn not in running:
            scene.queue.join(turn)
            waiting.append(turn)
        elif step == "end" and turn in running:
            running.remove(turn)
            scene.queue.remove(turn)
        elif step == "die":
            scene.die()
            running = [one for one in running if not one.server_died]
        started = [one for one in waiting if scene.again(one)]
        waiting = [one for one in waiting if one not in started]
        running += started
        assert sum(one.is_culprit for one in everybody) <= sum(one.crashes > 1 for one in everybody)
    bound = len(waiting) * (DRAIN_SECONDS + SLICE * 2 ** max(turn.crashes for turn in everybody))
    until = scene.now + bound + RETURN_SECONDS + 1
    while waiting and scene.now < until:  # nothing of what runs ends, and yet
        scene.now += 0.1
        waiting = [one for one in waiting if not scene.again(one)]
    assert not waiting


def test_only_time_lost_through_others_disturbs(scene):
    first, second = turns(2)
    assert scene.start(first) and scene.start(second)
    scene.die()
    assert (first.record.disturbed, second.record.disturbed) == (1, 1)
    for _ in range(2):
        scene.queue.remove(second)
        assert scene.start(first)
        scene.die()
    assert first.alone and first.record.disturbed == 1
