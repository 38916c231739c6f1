"""What runs have together of a dataset: opened once for all of them, and waiting for none that has left."""

import threading
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pyspark.sql.connect.proto as pb
import pytest

from engine.context import QueryContext, RunId
from engine.errors import Interrupted
from engine.models.backends import SPARK
from engine.models.parameters import Bound
from engine.runs.dataset import SharedDataset
from engine.runs.participants import Participants
from engine.runs.shared_queries import SharedQueries
from engine.threads import hangs
from tests.run_ids import run_id
from tests.waiting import wait_until, waiting


def make_dataset() -> SharedDataset:
    account = SimpleNamespace(close=lambda: None)
    queries = SimpleNamespace(release_all=lambda _: None)
    services = SimpleNamespace(
        capabilities=SPARK,
        ledger=SimpleNamespace(open=lambda _: account),
        limiters=SimpleNamespace(queries=queries),
    )
    spec = SimpleNamespace(
        tenant="t", metric="m", fuse=True, baseline=None, dataset=SimpleNamespace(source="a.csv")
    )
    return SharedDataset(cast(Any, services), cast(Any, spec))


def test_what_is_opened_though_nobody_waits_any_more_replaces_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset, cancel, begun, go_on = make_dataset(), threading.Event(), threading.Event(), threading.Event()

    def open_it(context: QueryContext) -> Any:
        if not begun.is_set():
            begun.set()
            go_on.wait(60)
        return SimpleNamespace(source=SimpleNamespace(schema=pb.DataType(), splits=False), left_out={})

    monkeypatch.setattr(dataset, "_open", open_it)
    threading.Thread(target=lambda: (begun.wait(60), cancel.set())).start()
    with pytest.raises(Interrupted):
        dataset.open(QueryContext(cancel=cancel))
    opened = dataset.open(waiting())
    go_on.set()
    assert wait_until(lambda: not hangs("calcmetric-open"))
    assert dataset.open(waiting()) is opened


def test_the_last_run_to_leave_releases_and_it_does_once():
    dataset = make_dataset()
    for name in "ab":
        dataset.participants.enter(run_id(name))
    dataset.release(run_id("a"))
    dataset.release(run_id("a"))
    assert dataset.participants.runs == {run_id("b")}
    assert not dataset._resources._released
    dataset.release(run_id("b"))
    assert dataset._resources._released


def test_who_has_left_is_told_nothing_and_needs_nothing_of_the_others():
    participants, told = Participants(), list[tuple[str, int, int]]()

    def note(name: str, done: int, total: int) -> None:
        told.append((name, done, total))

    for name in "ab":
        participants.enter(run_id(name))
        participants.on_fetched(run_id(name), partial(note, name))
    participants.require("m", Bound())
    assert not participants.required
    assert not participants.leave(run_id("a"))
    participants.tell_fetched(1, 2)
    assert told == [("b", 1, 2)]
    assert participants.leave(run_id("b")) and not participants.leave(run_id("b"))


class Language:
    """Makes what notes whose first question is waited for."""

    def __init__(self) -> None:
        self.expected = set[RunId]()

    def share(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(expect=self.expected.add, withdraw=self.expected.discard)


def test_a_run_that_has_left_before_the_data_is_open_is_not_waited_for():
    language = Language()
    shared: SharedQueries[Any] = SharedQueries(cast(Any, language))
    shared.settle(run_id("a"))
    shared.begin(cast(Any, object()), [run_id("a"), run_id("b")])
    assert language.expected == {run_id("b")}
    shared.settle(run_id("b"))
    assert not language.expected
