"""Compiling a source in an engine that has others to compile, and holding it against what would be asked."""

from __future__ import annotations

from collections.abc import Mapping

from engine.context import RunId
from engine.models.layers import Layers
from engine.models.parameters import Bound, bind
from engine.models.problems import Problems
from engine.runs.check import inspect_source
from engine.runs.compare import fit_baseline
from engine.runs.options import to_params
from engine.runs.services import Services
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Signature


def inspect_admitted(
    services: Services, source: bytes, layers: Layers, tenant: str
) -> tuple[tuple[Problem, ...], Signature | None]:
    """Compile a source in a worker that is ended, once there is a slot for that; see `inspect_source`.

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
        return inspect_source(
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
    params: Mapping[str, object] | None,
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
    problems, signature = inspect_admitted(services, source, layers, tenant)
    if signature is None:
        return Problems(problems)
    missing = () if compares else fit_baseline(signature, None, Bound())[1]
    return Problems((*problems, *missing, *bind(signature, to_params(params))[1]))
