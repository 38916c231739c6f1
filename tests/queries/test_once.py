"""Values that one thread makes while others wait."""

import gc
import threading
import weakref

import pytest

from engine.context import Deadline, QueryContext
from engine.errors import BackendLost, Interrupted
from engine.frames.not_fusable import NotFusable
from engine.queries.once import Once
from tests.waiting import waiting


def test_it_is_made_once_however_many_ask():
    once, made, start = Once[str](), [], threading.Barrier(4)

    def make():
        made.append(1)
        return "value"

    def ask():
        start.wait()
        got.append(once.get(make, waiting()))

    got: list[str] = []
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["value"] * 4 and made == [1] and once.made


def test_a_refusal_is_kept():
    once, tries = Once[int](), []

    def make():
        tries.append(1)
        raise NotFusable("a join")

    for _ in range(2):
        with pytest.raises(NotFusable, match="a join"):
            once.get(make, waiting())
    assert tries == [1] and not once.made


def test_a_lost_server_is_asked_once_more():
    once, tries = Once[int](), []

    def lose():
        tries.append(1)
        raise BackendLost("gone")

    for _ in range(2):
        with pytest.raises(BackendLost):
            once.get(lose, waiting())
    with pytest.raises(NotFusable, match="lost"):
        once.get(lose, waiting())
    assert tries == [1, 1]


def test_after_a_stopped_maker_the_next_asker_makes_it():
    once = Once[int]()

    def stop():
        raise Interrupted("deadline")

    with pytest.raises(Interrupted):
        once.get(stop, waiting())
    assert once.get(lambda: 7, waiting()) == 7


def test_an_error_of_ours_is_raised_once_and_refused_then():
    once = Once[int]()
    with pytest.raises(ZeroDivisionError):
        once.get(lambda: 1 // 0, waiting())
    with pytest.raises(NotFusable):
        once.get(lambda: 1, waiting())


@pytest.mark.parametrize("why", ["deadline", "cancelled"])
def test_waiting_ends_with_the_context_of_who_waits(why):
    once, release = Once[bool](), threading.Event()
    maker = threading.Thread(target=lambda: once.get(lambda: release.wait(60), waiting(60)))
    maker.start()
    cancel = threading.Event()
    context = QueryContext(Deadline.after(0.05 if why == "deadline" else 10), cancel)
    if why == "cancelled":
        cancel.set()
    with pytest.raises(Interrupted) as stopped:
        once.get(lambda: True, context)
    assert stopped.value.reason == why
    release.set()
    maker.join()
    assert once.get(lambda: False, waiting()) is True


class Rows:
    """What a maker has read when it gives up."""


def test_a_refusal_keeps_nothing_of_what_was_read_before_it():
    once, read = Once[int](), []

    def make():
        rows = Rows()
        read.append(weakref.ref(rows))
        raise NotFusable("more rows than are kept in memory")

    for _ in range(3):
        with pytest.raises(NotFusable, match="more rows"):
            once.get(make, waiting())
    gc.collect()
    assert [ref() for ref in read] == [None]
