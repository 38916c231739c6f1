"""Compiling a source, and nothing more."""

from __future__ import annotations

import threading

from engine.errors import SourceRefused
from engine.models.layers import Layers
from engine.pool.pool import WorkerPool
from engine.runs.guest import Guest
from engine.runs.run_workers import RunWorkers
from engine.tenants.usage import SOURCE, Usage
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Frames, Problem
from sandbox.contract.signature import Signature


def inspect_source(
    pool: WorkerPool,
    source: bytes,
    extra_imports: tuple[str, ...] = (),
    layers: Layers | None = None,
    *,
    frames: Frames | None = None,
    tenant: str = "",
    usage: Usage | None = None,
    alone: bool = False,
) -> tuple[tuple[Problem, ...], Signature | None]:
    """Compile a source in a worker; return every problem of it, and what it declares if it can run.

    Args:
        pool: gives the worker.
        source: the author's bytes.
        extra_imports: modules that this site allows beside the built-in list.
        layers: which layers are on; all but in tests.
        frames: whose frames it will get; None if that is not known.
        tenant: the tenant whose source it is.
        usage: is told what that uses, and that it is refused; None: nobody is.
        alone: whether the pool is there for compiling only, so that its zygote need load nothing else.

    Raises:
        IsolationError: no worker can be had on this host.
    """
    guest = Guest(
        source,
        extra_imports,
        Limits(),
        layers or Layers(),
        frames,
        tenant=tenant,
        usage=usage,
        compiles=alone,
    )
    workers = RunWorkers(pool, guest, threading.Event())
    try:
        gateway, problems = workers.start()
    except SourceRefused as refused:
        if usage is not None:
            usage.refuse(tenant, SOURCE)
        return refused.problems, None
    workers.close(gateway)
    return problems, workers.signature
