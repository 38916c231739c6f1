"""What a source's author is told where a worker does not compile it in time."""

import threading
from typing import cast

import pytest

from engine.effort import Effort, Grace
from engine.errors import SourceRefused
from engine.gateway import gateway
from engine.gateway.gateway import Gateway
from engine.models.layers import Layers
from engine.pool.worker import Worker, WorkerEnd
from engine.runs.compiling import compile_source
from engine.runs.guest import Guest, compile_guest
from sandbox.contract.limits import Limits
from tests.servers import SharedPool


class Starving:
    """Stands for a worker, and for its channel, that never gets a processor."""

    def __init__(self) -> None:
        self.channel = self
        self.science = True
        self.now = 0.0

    def grace(self, seconds: float) -> Grace:
        return Grace(seconds, lambda: Effort(self.now, 0.0, {1: self.now}), clock=lambda: self.now)

    def send(self, *_: object, **__: object) -> None:
        """Nobody reads it."""

    def is_readable(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def kill(self, reason: str) -> None:
        assert reason

    def wait_end(self) -> WorkerEnd:
        return WorkerEnd(9, 0, 0.0)


def test_a_source_that_takes_too_long_to_compile_is_refused_for_that(
    worker_pool: SharedPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "_COMPILE_SECONDS", 0.0)
    (problem,), signature = compile_source(worker_pool, b"def calc_metric(df):\n    return 0\n")
    assert signature is None
    assert problem.message == "the source takes more than 0 s to compile"
    assert problem.hint == "make expressions shorter and less deeply nested"


def test_a_source_is_not_blamed_for_a_machine_that_is_too_busy():
    starving = Gateway(cast(Worker, Starving()), Limits())
    guest = Guest(b"", (), Limits(), Layers())
    with pytest.raises(SourceRefused) as refused:
        compile_guest(starving, guest, threading.Event(), last=True)
    (problem,) = refused.value.problems
    assert problem.message == "the source was not compiled after 300 s, for others had the processors"
    assert problem.hint == "check it again while this machine has less to do"
