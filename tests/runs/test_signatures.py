"""What a source declares is what the run's first worker said of it, whatever a later one says."""

import threading
from typing import cast

import pytest

from engine.errors import SourceRefused
from engine.models.layers import Layers
from engine.pool.pool import WorkerPool
from engine.runs.guest import Guest
from engine.runs.run_workers import RunWorkers
from sandbox.contract.limits import Limits
from sandbox.contract.signature import Parameter, Signature


@pytest.mark.parametrize(
    "later",
    [
        Signature(several=False),
        Signature(several=True, fixed=("k",)),
        Signature(several=True, parameters=(Parameter("k", "int", (), 1, 1),)),
    ],
)
def test_a_worker_that_says_something_else_ends_the_run(later):
    workers = RunWorkers(cast(WorkerPool, None), Guest(b"", (), Limits(), Layers()), threading.Event())
    first = Signature(several=True)
    workers._hold_to(first)
    workers._hold_to(Signature(several=True))
    with pytest.raises(SourceRefused, match="two different signatures"):
        workers._hold_to(later)
    assert workers.signature == first
