"""A run's entry in the engine's registry, from its start to its end, of which the log tells."""

from __future__ import annotations

import logging
import secrets

from engine.context import RunId
from engine.errors import EngineBusy
from engine.runs.run_spec import RunSpec
from engine.runs.run_workers import WorkerUsage
from engine.runs.services import RunRegistry, Stoppable
from engine.tenants.usage import RUNS, Usage

logger = logging.getLogger(__name__)


def new_id(spec: RunSpec) -> RunId:
    """That of a new run; the log calls it by a number, its metric and whose it is."""
    return RunId(f"{secrets.token_hex(4)} of {spec.metric!r} for {spec.tenant!r}")


class RunEntry:
    """The entry of one run. For the threads of that run, one after the other."""

    def __init__(self, run_id: RunId, tenant: str, registry: RunRegistry, usage: Usage) -> None:
        """Enter nothing yet.

        Args:
            run_id: what the log calls the run.
            tenant: whose it is.
            registry: of the engine.
            usage: is told if there are too many.
        """
        self._id = run_id
        self._tenant = tenant
        self._registry = registry
        self._usage = usage
        self._run: Stoppable | None = None

    @property
    def entered(self) -> bool:
        """Whether the run stands in the registry."""
        return self._run is not None

    def enter(self, run: Stoppable) -> None:
        """Enter a run that starts.

        Raises:
            EngineClosed, EngineBusy: as `RunRegistry.add`.
        """
        try:
            self._registry.add(run, self._tenant)
        except EngineBusy:
            self._usage.refuse(self._tenant, RUNS)
            raise
        self._run = run
        logger.info("run %s starts", self._id)

    def leave(self, how: str, seconds: float, usage: WorkerUsage) -> None:
        """The run has ended; does nothing if it was not entered.

        Args:
            how: it ended.
            seconds: that it took.
            usage: what its workers used.
        """
        run, self._run = self._run, None
        if run is None:
            return
        self._registry.remove(run)
        logger.info(
            "run %s ends after %.2f s: %s; %.2f s of processors, %d bytes fetched",
            self._id,
            seconds,
            how,
            usage.seconds,
            usage.fetched_bytes,
        )
