"""Compiling a source, and holding it against what would be asked; nothing of it runs.

Whoever only compiles imports this without what runs need, which takes a second.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.context import RunId
from engine.errors import SourceRefused
from engine.models.layers import Layers
from engine.models.parameters import Bound, bind
from engine.models.problems import Problems
from engine.pool.pool import WorkerPool
from engine.runs.compare import fit_baseline
from engine.runs.guest import Guest
from engine.runs.run_workers import RunWorkers
from engine.tenants.usage import SOURCE, Usage
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Frames, Problem
from sandbox.contract.signature import Signature

if TYPE_CHECKING:
    from engine.runs.services import Services


def compile_source(
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


def compile_in_turn(
    services: Services, source: bytes, layers: Layers, tenant: str
) -> tuple[tuple[Problem, ...], Signature | None]:
    """Compile a source in a worker that is ended, once there is a slot for that; see `compile_source`.

    Args:
        services: of the engine.
        source: the author's bytes.
        layers: which layers are on; all but in tests.
        tenant: whose it is.

    Raises:
        IsolationError: no worker can be had on this host.
        EngineClosed: the engine was closed meanwhile.
    """
    with services.limiters.compiling.slot(tenant, RunId("a check"), services.registry.refuse_closed):
        return compile_source(
            services.pool,
            source,
            services.extra_imports,
            layers,
            frames=services.capabilities.frames,
            tenant=tenant,
            usage=services.usage,
        )


def check_source(
    services: Services,
    source: bytes,
    layers: Layers,
    *,
    tenant: str,
    params: Mapping[str, object],
    compares: bool,
) -> Problems:
    """Every problem of a source, and of what would be asked of it, as far as that is known without data.

    Args:
        services: of the engine.
        source: the author's bytes.
        layers: which layers are on; all but in tests.
        tenant: whose it is.
        params: parameters to look at as well, as far as that can be done without data.
        compares: whether there will be a baseline.

    Raises:
        IsolationError: no worker can be had on this host.
        EngineClosed: the engine was closed meanwhile.
    """
    problems, signature = compile_in_turn(services, source, layers, tenant)
    if signature is None:
        return Problems(problems)
    missing = () if compares else fit_baseline(signature, None, Bound())[1]
    return Problems((*problems, *missing, *bind(signature, params)[1]))
