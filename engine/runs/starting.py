"""Waiting for the backend of a run that has its turn."""

from __future__ import annotations

from dataclasses import replace

from engine.backends.base import MOST_START_SECONDS, Backend
from engine.context import Deadline
from engine.errors import BackendStartError, EngineClosed, Interrupted
from engine.runs.lifetime import Lifetime
from engine.threads import Pending


def start_backend(backend: Backend, lifetime: Lifetime, *, eager: bool) -> None:
    """Wait until a backend has started, for as long as the run is wanted: its time has not begun.

    Args:
        backend: to be started, unless it was.
        lifetime: of the run.
        eager: whether to start at once, too, what else starts for the first question that needs it.

    Raises:
        BackendStartError: it cannot be started, or takes too long.
        Interrupted: the run was cancelled meanwhile.
    """
    try:
        if eager:  # beside everything else, for it takes longest
            backend.warm(wanted=True)
        starting = Pending(backend.start, "calcmetric-start")
        starting.wait(replace(lifetime.context, deadline=Deadline.after(MOST_START_SECONDS)))
    except Interrupted:
        lifetime.refuse_cancelled()
        raise BackendStartError(
            f"the backend {backend.name} was not there after {MOST_START_SECONDS:g} s, and is given up; "
            "the next run tries again"
        ) from None
    except EngineClosed:
        lifetime.refuse_cancelled()
        raise
    lifetime.refuse_cancelled()
