"""What is read ahead of a server's answer is bounded by its bytes, too."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator

import pyspark.sql.connect.proto as pb

from engine.backends.connect.calls import End, pumped
from tests.waiting import stays_so, wait_until

LONG = 20 << 20


def _responses(size: int, count: int, taken: list[int]) -> Iterator[pb.ExecutePlanResponse]:
    for number in range(count):
        taken.append(number)
        response = pb.ExecutePlanResponse(response_id=str(number))
        response.arrow_batch.data = bytes(size)
        yield response


def _has_taken(taken: list[int], count: int) -> bool:
    return len(taken) == count


def test_of_long_responses_one_is_read_ahead_and_of_others_a_few() -> None:
    for size, ahead in ((LONG, 2), (10, 5)):
        taken: list[int] = []
        found = pumped(_responses(size, 8, taken))
        far_ahead = functools.partial(_has_taken, taken, ahead)
        assert wait_until(far_ahead)
        assert stays_so(far_ahead, 0.05)
        ids = []
        while not isinstance(item := found.get(timeout=60), End):
            ids.append(item.response_id)
        assert ids == [str(number) for number in range(8)] and item.error is None


def test_an_answer_that_nobody_takes_holds_its_thread_only_until_somebody_does() -> None:
    over = threading.Event()

    def responses() -> Iterator[pb.ExecutePlanResponse]:
        yield from _responses(LONG, 3, [])
        over.set()

    found = pumped(responses())
    assert stays_so(lambda: not over.is_set(), 0.05)
    while not isinstance(found.get(timeout=60), End):
        pass
    assert over.wait(60)
