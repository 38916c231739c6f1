"""A run of which only a part is wanted: what it would do, or whether it could be done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from engine.errors import Interrupted, LimitExceeded
from engine.runs.execution import Execution, GivenUp
from engine.runs.plan import RunPlan
from engine.runs.run_spec import RunSpec
from engine.runs.services import Services


class PlannedRun:
    """A run that is planned or looked at, once, in its caller's thread."""

    def __init__(self, services: Services, spec: RunSpec) -> None:
        """Prepare it.

        Args:
            services: of the engine.
            spec: what was asked.
        """
        self._execution = Execution(services, spec)

    def plan(self) -> RunPlan:
        """Compile the source and count; run calc_metric on an empty frame only.

        Raises:
            SourceRefused: the source has problems.
            ParamsRefused: its parameters have.
            LimitExceeded: counting took longer than the run may.
        """
        run = self._execution
        with self._in_part("planned"):
            run.compile()
            with run.turn():
                return run.watched(lambda: run.calculation(run.open()).plan(run.context))

    def look(self) -> tuple[str, ...]:
        """Open the dataset, which checks what was asked against it; the names of its columns.

        Raises:
            UsageError, DataError: it cannot be read, or something does not fit.
            Interrupted: the run was cancelled.
            LimitExceeded: it took longer than a run may.
        """
        run = self._execution
        with self._in_part("looked at"), run.turn():
            return run.watched(lambda: run.open().source.columns)

    def cancel(self) -> None:
        """End it soon."""
        self._execution.cancel()

    def wait(self, timeout: float) -> None:
        """Nothing: whoever called waits for it."""

    @contextlib.contextmanager
    def _in_part(self, done: str) -> Iterator[None]:
        """Enter and leave the run, and raise what stopped it as its caller's."""
        self._execution.enter(self)
        how = f"not {done}"
        try:
            yield
            how = done
        except (GivenUp, Interrupted) as stopped:
            ending = stopped.ending if isinstance(stopped, GivenUp) else self._execution.why(stopped)
            raise ending if isinstance(ending, LimitExceeded) else Interrupted("cancelled") from None
        finally:
            self._execution.leave(how)
