"""Compiling a source, and nothing more."""

from __future__ import annotations

from engine.errors import SourceRefused
from engine.models.layers import Layers
from engine.pool.pool import WorkerPool
from engine.runs.crew import Crew
from engine.runs.guest import Guest
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Problem


def check_source(
    pool: WorkerPool,
    source: bytes,
    extra_imports: tuple[str, ...] = (),
    layers: Layers | None = None,
    *,
    snowpark: bool = False,
) -> tuple[Problem, ...]:
    """Compile a source in a worker; return every problem of it.

    Raises:
        IsolationError: no worker can be had on this host.
    """
    crew = Crew(pool, Guest(source, extra_imports, Limits(), layers or Layers(), snowpark))
    try:
        return crew.enlist()
    except SourceRefused as refused:
        return refused.problems
    finally:
        crew.dismiss()
