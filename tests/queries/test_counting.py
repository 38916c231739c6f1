"""The common query of several runs is given up where one run's question would take the others' time."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from engine.context import Deadline, QueryContext
from engine.errors import BackendLost
from engine.frames.not_fusable import NotFusable
from engine.queries import counting
from engine.queries.counting import Counted
from engine.queries.first_queries import FirstQueryBatcher, StateTable
from tests.run_ids import run_id

COUNTED = Counted(frames=SimpleNamespace(), cells=4, queries=1)  # type: ignore[arg-type]


def waiting() -> QueryContext:
    return QueryContext(Deadline.after(60.0), threading.Event())


class Scene:
    """Two runs whose questions wait for the count, and what became of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batcher, self.answers = FirstQueryBatcher(), dict[str, StateTable | str]()
        self.disturbed, self.alone = list[str](), list[str]()
        for run in ("honest", "slow"):
            self.batcher.expect(run_id(run))
        self.threads = [threading.Thread(target=self._offer, args=(run,)) for run in ("honest", "slow")]
        for thread in self.threads:
            thread.start()
        self.offers = self.batcher.close(60.0)
        self.source: Any = SimpleNamespace(on_disturbed=lambda: self.disturbed.append("yes"))
        monkeypatch.setattr(counting, "_count_alone", self._count)
        monkeypatch.setattr(counting, "_counted", lambda source, cells, given: cells)
        monkeypatch.setattr(counting, "_SOON_SECONDS", 0.05)

    def _offer(self, run: str) -> None:
        try:
            self.answers[run] = self.batcher.offer(run_id(run), SimpleNamespace(), waiting())  # type: ignore[arg-type]
        except NotFusable as refusal:
            self.answers[run] = refusal.reason

    def _count(self, source: Any, wait: QueryContext, given: Any) -> Counted:
        self.alone.append("counted")
        return COUNTED

    def count(self, run: Any) -> Any:
        joined: Any = SimpleNamespace(runs=2, run=run)
        try:
            return counting._count_beside(self.source, self.batcher, joined, self.offers, waiting())
        finally:
            for thread in self.threads:
                thread.join(60)


def test_a_common_query_that_is_soon_over_counts_for_all(monkeypatch) -> None:
    scene = Scene(monkeypatch)
    states = StateTable((), ())

    def run(batcher: FirstQueryBatcher, _: QueryContext) -> Any:
        for offer in scene.offers:
            batcher.settle(offer, states)
        return "cells"

    assert scene.count(run) == "cells"
    assert scene.answers == {"honest": states, "slow": states}
    assert not scene.alone and not scene.disturbed


def test_a_common_query_is_waited_for_the_longer_the_more_runs_it_answers(monkeypatch) -> None:
    scene, waits = Scene(monkeypatch), list[float]()
    done = SimpleNamespace(wait=lambda seconds: waits.append(seconds) or True)
    monkeypatch.setattr(counting, "Pending", lambda *_: SimpleNamespace(done=done, result=lambda: "cells"))
    for runs in (2, 4, 16):
        joined: Any = SimpleNamespace(runs=runs, run=None)
        counted: Any = counting._count_beside(scene.source, scene.batcher, joined, scene.offers, waiting())
        assert counted == "cells"
    assert waits == pytest.approx([0.2, 0.2, 0.8])
    for thread in scene.threads:
        thread.join(60)


def test_a_common_query_that_takes_long_is_stopped_and_each_asks_for_itself(monkeypatch) -> None:
    scene, stopped = Scene(monkeypatch), threading.Event()

    def run(_: FirstQueryBatcher, wait: QueryContext) -> Any:
        while not wait.cancelled:
            time.sleep(0.001)
        stopped.set()

    counted = scene.count(run)
    assert counted.queries == 2 and scene.alone == ["counted"]
    assert stopped.wait(60), "nobody waits for it, so it is stopped"
    assert scene.answers == dict.fromkeys(("honest", "slow"), "the common query failed")
    assert scene.disturbed, "a call that then runs into its limit is made again"


def test_a_common_query_that_fails_is_not_the_end_of_the_count(monkeypatch) -> None:
    scene = Scene(monkeypatch)
    assert scene.count(lambda *_: None).queries == 2
    assert scene.answers == dict.fromkeys(("honest", "slow"), "the common query failed")


def test_a_server_that_dies_of_it_is_told_and_nobody_waits_for_ever(monkeypatch) -> None:
    scene = Scene(monkeypatch)

    def run(*_: Any) -> Any:
        raise BackendLost("it died")

    with pytest.raises(BackendLost):
        scene.count(run)
    assert scene.answers == dict.fromkeys(("honest", "slow"), "the common query failed")
