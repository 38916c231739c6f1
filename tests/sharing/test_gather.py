"""First questions, brought together."""

import threading
import time

import pytest

from engine.errors import Interrupted
from engine.fusion.unfused import Unfused
from engine.sharing.gather import Gather, StateTable
from engine.sharing.once import Patience
from tests.waiting import within

STATES = StateTable((), ())


def patience(seconds=5.0):
    return Patience(time.monotonic() + seconds, threading.Event())


def offering(gather, run, got):
    def offer():
        try:
            got[run] = gather.offer(run, f"plan of {run}", patience())
        except Unfused as unfused:
            got[run] = unfused.reason

    thread = threading.Thread(target=offer)
    thread.start()
    return thread


def test_the_count_waits_for_everybody_expected_and_no_longer():
    gather, got = Gather(), {}
    for run in "abc":
        gather.expect(run)
    threads = [offering(gather, run, got) for run in "ab"]
    threading.Timer(0.05, gather.leave, "c").start()
    with within(2, time.monotonic):
        offers = gather.close(5.0)
    assert sorted(offer.plan for offer in offers) == ["plan of a", "plan of b"]
    for offer in offers:
        gather.settle(offer, STATES if offer.plan == "plan of a" else None)
    for thread in threads:
        thread.join()
    assert got == {"a": STATES, "b": "the common query failed"}


def test_who_does_not_come_is_not_waited_for_longer_than_said():
    gather = Gather()
    gather.expect("late")
    assert gather.close(0.02) == ()
    with pytest.raises(Unfused, match="begun"):
        gather.offer("late", "plan", patience())


def test_an_offer_waits_no_longer_than_its_patience():
    gather = Gather()
    with pytest.raises(Interrupted):
        gather.offer("run", "plan", patience(0.05))
