import asyncio
import threading
from typing import Any

import pytest

from engine.errors import DataError
from engine.models.frame import Frame
from engine.models.result import Result
from engine.models.run import Report, Run, RunTime
from engine.runs.live import LiveRun, Progress

RESULTS = tuple(Result(Frame(index), "ok", float(index)) for index in range(3))
RUN = Run("m", "0" * 64, "spark", "1", RunTime(), RESULTS, Report())


def play(live: LiveRun, outcome: Any = RUN) -> threading.Thread:
    """What a run does, from another thread."""

    def steps():
        for number, result in enumerate(RESULTS):
            live.advance(Progress("calculating", number + 1, 3), result)
        live.finish(outcome)

    thread = threading.Thread(target=steps)
    thread.start()
    return thread


def test_results_come_one_by_one_and_the_run_at_the_end():
    live = LiveRun(lambda: None)
    thread = play(live)
    assert [result.value for result in live] == [0.0, 1.0, 2.0]
    assert live.result() is RUN
    assert live.progress == Progress("done", 3, 3) and live.progress.percent == 100
    thread.join()


async def test_asyncio_hosts_can_await_and_iterate():
    live = LiveRun(lambda: None)
    thread = play(live)
    assert [result.value async for result in live] == [0.0, 1.0, 2.0]
    assert await live is RUN
    assert await asyncio.wait_for(asyncio.ensure_future(_awaited(live)), 5) is RUN
    thread.join()


async def _awaited(live: LiveRun) -> Any:
    return await live


async def test_an_error_reaches_every_way_of_waiting():
    live = LiveRun(lambda: None)
    thread = play(live, DataError("no such file"))
    with pytest.raises(DataError):
        live.result()
    with pytest.raises(DataError):
        list(live)
    with pytest.raises(DataError):
        await live
    with pytest.raises(DataError):
        [result async for result in live]
    thread.join()


def test_giving_up_waiting_leaves_the_run_alone():
    cancelled = []
    live = LiveRun(lambda: cancelled.append(True))
    with pytest.raises(TimeoutError, match="waiting"):
        live.result(timeout=0.01)
    assert not cancelled
    live.cancel()
    assert cancelled == [True]
    live.finish(RUN)
    live.cancel()
    assert cancelled == [True]


def test_progress_is_told_in_order_and_a_broken_listener_ends_nothing(caplog):
    told = []

    def listen(progress):
        told.append(progress.done)
        raise RuntimeError("the listener's own mistake")

    live = LiveRun(lambda: None, listen)
    play(live).join()
    assert told == [1, 2, 3, 3]
    assert live.result() is RUN
    assert "on_progress raised" in caplog.text


@pytest.mark.parametrize(
    ("progress", "percent"),
    [(Progress("waiting"), 0), (Progress("calculating", 1, 3), 33), (Progress("done", 3, 3), 100)],
)
def test_percent_is_whole_and_never_over_a_hundred(progress, percent):
    assert progress.percent == percent
