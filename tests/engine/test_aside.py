"""What is read on another stack is charged to whoever waits for it."""

from __future__ import annotations

import time

from engine.spark.text.second_reading import read_again
from engine.threads import on_own_stack, thread_seconds


def test_processor_time_of_a_thread_of_its_own_counts_for_the_one_that_waits() -> None:
    def work() -> None:
        while time.thread_time() < 0.05:
            sum(range(1_000))

    before, mine = thread_seconds(), time.thread_time()
    on_own_stack(work, "test")
    assert thread_seconds() - before >= 0.05 > time.thread_time() - mine


def test_a_second_reading_of_sql_is_charged() -> None:
    text = " + ".join(f"abs(x{number})" for number in range(400))
    read_again("1 + 1", query=False)  # imports are paid for once
    before, mine = thread_seconds(), time.thread_time()
    read_again(text, query=False)
    assert thread_seconds() - before > 2 * (time.thread_time() - mine)
