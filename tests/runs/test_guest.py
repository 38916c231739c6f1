"""What a source's author is told where a worker does not compile it in time."""

import threading
from typing import cast

import pytest

from engine.effort import Effort, Grace
from engine.errors import SourceRefused
from engine.gateway.gateway import Gateway
from engine.models.layers import Layers
from engine.pool.worker import Worker, WorkerEnd
from engine.runs.guest import Guest, compile_guest
from sandbox.contract.limits import Limits


class Silent:
    """Stands for a worker, and for its channel, that says nothing: it computes, or gets no processor."""

    def __init__(self, *, computes: bool) -> None:
        self.channel = self
        self.science = True
        self.computes = computes
        self.now = 0.0

    def grace(self, seconds: float) -> Grace:
        return Grace(seconds, self._look, clock=lambda: self.now)

    def _look(self) -> Effort:
        return Effort(self.now, self.now) if self.computes else Effort(self.now, 0.0, {1: self.now})

    def send(self, *_: object, **__: object) -> None:
        """Nobody reads it."""

    def is_readable(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def kill(self, reason: str) -> None:
        assert reason

    def wait_end(self) -> WorkerEnd:
        return WorkerEnd(9, 0, 0.0)


@pytest.mark.parametrize(
    ("computes", "message", "hint"),
    [
        (
            True,
            "the source takes more than 30 s to compile",
            "make expressions shorter and less deeply nested",
        ),
        (
            False,  # then the source is not to blame
            "the source was not compiled after 300 s, for others had the processors",
            "check it again while this machine has less to do",
        ),
    ],
)
def test_a_source_that_is_not_compiled_in_time_is_refused_for_that(computes: bool, message: str, hint: str):
    gateway = Gateway(cast(Worker, Silent(computes=computes)), Limits())
    with pytest.raises(SourceRefused) as refused:
        compile_guest(gateway, Guest(b"", (), Limits(), Layers()), threading.Event(), last=True)
    (problem,) = refused.value.problems
    assert (problem.message, problem.hint) == (message, hint)
