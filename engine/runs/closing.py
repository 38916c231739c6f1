"""The end of what an engine offers its runs. It always comes, whatever hangs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from engine.context import UNBOUNDED, Deadline
from engine.errors import Interrupted
from engine.runs.services import Services, Stoppable
from engine.threads import Pending

logger = logging.getLogger(__name__)

# How long a cancelled run may stop its queries by itself, and then may take to end.
_CANCEL_SECONDS: Final = 0.5
_END_SECONDS: Final = 10.0


def close_services(services: Services) -> None:
    """Cancel what runs, and end every process and file. May be called twice."""
    running = services.registry.close()
    _wait_for(running, _CANCEL_SECONDS)
    # What still waits for the backend or a worker now hears that they are gone.
    workers = Pending(services.pool.close, "calcmetric-close")
    _within(2 * _END_SECONDS, Pending(services.servers.end, "calcmetric-close"), "the backend")
    _within(_END_SECONDS, workers, "the worker processes")
    _wait_for(running, _END_SECONDS)
    files = Pending(services.servers.close, "calcmetric-close")
    _within(_END_SECONDS, files, "the backend's files")


def _wait_for(running: Iterable[Stoppable], seconds: float) -> None:
    until = Deadline.after(seconds)
    for run in running:
        run.wait(until.remaining())


def _within(seconds: float, ending: Pending[None], what: str) -> None:
    """Wait until something has ended, and go on without it if it hangs."""
    try:
        ending.wait(UNBOUNDED.within(seconds))
    except Interrupted:
        logger.error("closing goes on without the end of %s, which takes more than %g s", what, seconds)
