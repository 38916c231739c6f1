"""First questions, brought together."""

import functools
import threading
from typing import cast

import pytest

from engine.errors import Interrupted
from engine.frames.not_fusable import NotFusable
from engine.queries.first_queries import FirstQueryBatcher, StateTable
from engine.spark.fusion.cells.plan import CellsPlan
from tests.run_ids import run_id
from tests.waiting import waiting

STATES = StateTable((), ())


@functools.cache
def plan_of(run: str) -> CellsPlan:
    """Stands for a plan: nobody looks into it here."""
    return cast(CellsPlan, f"plan of {run}")


def offering(batcher: FirstQueryBatcher, run: str, got: dict[str, object]) -> threading.Thread:
    def offer() -> None:
        try:
            got[run] = batcher.offer(run_id(run), plan_of(run), waiting())
        except NotFusable as refusal:
            got[run] = refusal.reason

    thread = threading.Thread(target=offer)
    thread.start()
    return thread


def test_the_count_waits_for_everybody_expected_and_no_longer():
    batcher = FirstQueryBatcher()
    got: dict[str, object] = {}
    for run in "abc":
        batcher.expect(run_id(run))
    threads = [offering(batcher, run, got) for run in "ab"]
    threading.Timer(0.05, batcher.withdraw, [run_id("c")]).start()
    offers = batcher.close(5.0)
    assert sorted(str(offer.plan) for offer in offers) == ["plan of a", "plan of b"]
    for offer in offers:
        batcher.settle(offer, STATES if offer.plan is plan_of("a") else None)
    for thread in threads:
        thread.join()
    assert got == {"a": STATES, "b": "the common query failed"}


def test_who_does_not_come_is_not_waited_for_longer_than_said():
    batcher = FirstQueryBatcher()
    batcher.expect(run_id("late"))
    assert batcher.close(0.02) == ()
    with pytest.raises(NotFusable, match="begun"):
        batcher.offer(run_id("late"), plan_of("late"), waiting())


def test_an_offer_waits_no_longer_than_its_context():
    batcher = FirstQueryBatcher()
    with pytest.raises(Interrupted):
        batcher.offer(run_id("run"), plan_of("run"), waiting(0.05))
