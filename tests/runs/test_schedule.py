import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LimitExceeded
from engine.runs.call_results import BackendGone, FinishedCall, Garbage, RunCancelled
from engine.runs.schedule import TRIES, Schedule


def test_frames_come_in_order_and_end_once():
    schedule = Schedule([0, 1])
    assert [schedule.take(), schedule.take(), schedule.take()] == [0, 1, None]
    assert not schedule.done
    for frame in (1, 0):
        assert schedule.end(frame, FinishedCall(Garbage())) == FinishedCall(Garbage())
    assert schedule.done and schedule.drain() == []


def test_a_frame_whose_backend_went_away_is_run_again_a_few_times():
    schedule = Schedule([7])
    for _ in range(TRIES - 1):
        assert schedule.take() == 7
        assert schedule.end(7, FinishedCall(BackendGone())) is None
    assert schedule.take() == 7
    assert schedule.end(7, FinishedCall(BackendGone())) == FinishedCall(BackendGone())
    assert schedule.take() is None and schedule.done


def test_a_frame_that_is_put_back_is_the_next_one_and_has_not_been_tried():
    schedule = Schedule([7, 8])
    for _ in range(TRIES + 1):
        assert schedule.take() == 7
        schedule.put_back(7)
    assert schedule.take() == 7 and not schedule.was_hit(7)
    schedule.stop(RunCancelled())
    schedule.put_back(7)
    assert schedule.take() is None
    assert schedule.drain() == [(7, FinishedCall(RunCancelled())), (8, FinishedCall(RunCancelled()))]


def test_a_frame_that_ended_its_backend_is_not_run_again():
    schedule = Schedule([7, 8])
    assert schedule.take() == 7
    assert schedule.end(7, FinishedCall(BackendGone(by_this_query=True))) == FinishedCall(
        BackendGone(by_this_query=True)
    )
    assert schedule.take() == 8 and not schedule.was_hit(8)


@pytest.mark.parametrize(
    ("limit", "disturbed", "again"),
    [
        ("frame_seconds", True, True),
        ("frame_seconds", False, False),
        ("wall_seconds", True, False),
        ("plans", True, False),
    ],
)
def test_time_that_others_took_is_given_again_a_few_times(limit, disturbed, again):
    schedule, ended = Schedule([7]), FinishedCall(LimitExceeded(limit, 1, 1), disturbed=disturbed)
    for _ in range(TRIES - 1 if again else 0):
        assert schedule.take() == 7
        assert schedule.end(7, ended) is None
    assert schedule.take() == 7
    assert schedule.was_hit(7) == again
    assert schedule.end(7, ended) == ended and schedule.done


@pytest.mark.parametrize("reason", [RunCancelled(), LimitExceeded("wall_seconds", 1, 1)])
def test_once_stopped_nothing_starts_and_the_rest_gets_the_reason(reason):
    schedule = Schedule([0, 1, 2])
    assert schedule.take() == 0
    schedule.stop(reason)
    schedule.stop(Garbage())
    assert schedule.take() is None
    assert schedule.end(0, FinishedCall(BackendGone())) is not None
    assert [(frame, ended.ending) for frame, ended in schedule.drain()] == [(1, reason), (2, reason)]


@given(st.lists(st.sampled_from(["take", "gone", "end", "stop"]), max_size=60), st.integers(1, 5))
def test_every_frame_ends_exactly_once(steps, count):
    schedule, running, ended = Schedule(range(count)), [], []
    for step in steps:
        if step == "take":
            frame = schedule.take()
            running += [] if frame is None else [frame]
        elif step == "stop":
            schedule.stop(RunCancelled())
        elif running:
            frame = running.pop()
            ending = BackendGone() if step == "gone" else Garbage()
            if schedule.end(frame, FinishedCall(ending)) is not None:
                ended.append(frame)
    ended += [frame for frame in running if schedule.end(frame, FinishedCall(Garbage())) is not None]
    schedule.stop(RunCancelled())
    ended += [frame for frame, _ in schedule.drain()]
    assert sorted(ended) == list(range(count))
