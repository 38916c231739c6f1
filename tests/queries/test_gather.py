"""First questions, brought together."""

import functools
import threading
from typing import cast

import pytest

from engine.errors import Interrupted
from engine.queries.gather import Gather, StateTable
from engine.spark.fusion.cells.plan import CellsPlan
from engine.spark.fusion.unfused import Unfused
from tests.waiting import waiting

STATES = StateTable((), ())


@functools.cache
def plan_of(run: str) -> CellsPlan:
    """Stands for a plan: nobody looks into it here."""
    return cast(CellsPlan, f"plan of {run}")


def offering(gather: Gather, run: str, got: dict[str, object]) -> threading.Thread:
    def offer() -> None:
        try:
            got[run] = gather.offer(run, plan_of(run), waiting())
        except Unfused as unfused:
            got[run] = unfused.reason

    thread = threading.Thread(target=offer)
    thread.start()
    return thread


def test_the_count_waits_for_everybody_expected_and_no_longer():
    gather = Gather()
    got: dict[str, object] = {}
    for run in "abc":
        gather.expect(run)
    threads = [offering(gather, run, got) for run in "ab"]
    threading.Timer(0.05, gather.leave, "c").start()
    offers = gather.close(5.0)
    assert sorted(str(offer.plan) for offer in offers) == ["plan of a", "plan of b"]
    for offer in offers:
        gather.settle(offer, STATES if offer.plan is plan_of("a") else None)
    for thread in threads:
        thread.join()
    assert got == {"a": STATES, "b": "the common query failed"}


def test_who_does_not_come_is_not_waited_for_longer_than_said():
    gather = Gather()
    gather.expect("late")
    assert gather.close(0.02) == ()
    with pytest.raises(Unfused, match="begun"):
        gather.offer("late", plan_of("late"), waiting())


def test_an_offer_waits_no_longer_than_its_context():
    gather = Gather()
    with pytest.raises(Interrupted):
        gather.offer("run", plan_of("run"), waiting(0.05))
