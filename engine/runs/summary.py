"""The finished `Run` of what was asked, what came of it, and what it cost."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from dataclasses import dataclass, replace

from engine.models.codes import limit_of
from engine.models.frame import Frame
from engine.models.result import Cut, Result
from engine.models.run import Answered, Report, Run, RunTime, Shared
from engine.queries.counting import Counted
from engine.runs.call_results import Ending, FinishedCall, to_results
from engine.runs.declared import Declared
from engine.runs.opening import Opened
from engine.runs.run_spec import RunSpec
from engine.runs.run_workers import WorkerUsage
from engine.tenants.usage import QUERY
from engine.version import VERSION
from sandbox.contract.messages import Problem


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What is known of a run at its end, however it ended.

    Attributes:
        spec: what was asked.
        declared: what its source declares.
        opened: its dataset; None: it did not come so far.
        usage: what its workers used.
        seconds: from its turn to its end.
    """

    spec: RunSpec
    declared: Declared
    opened: Opened | None
    usage: WorkerUsage
    seconds: float

    def complete(
        self,
        results: tuple[Result, ...],
        counted: Counted,
        sharing: tuple[Shared, ...],
        answered: tuple[Answered, ...],
    ) -> Run:
        """A run all of whose frames have ended.

        Args:
            results: of the frames.
            counted: what counting found.
            sharing: how questions were answered; see `Report`.
            answered: by whom; likewise.
        """
        assert self.opened is not None
        report = Report(
            queries=counted.queries + self.usage.queries,
            seconds=self.seconds,
            peak_memory_bytes=self.usage.peak_bytes or None,
            worker_seconds=self.usage.seconds,
            fetched_bytes=self.usage.fetched_bytes,
            workers=self.usage.workers,
            cut=counted.frames.cut,
            warnings=self._warnings,
            sharing=_named(sharing, self.opened.backend),
            answered=answered,
            tables=self.opened.tables,
        )
        return self._run(self.opened.backend, self.opened.source.plan.time, results, report)

    def given_up(self, results: tuple[Result, ...], cut: tuple[Cut, ...]) -> Run:
        """A run that hangs, with the results that there are, and the reason for all other frames."""
        assert self.opened is not None
        report = Report(
            queries=self.usage.queries,
            seconds=self.seconds,
            workers=self.usage.workers,
            cut=cut,
            warnings=self._warnings,
        )
        return self._run(self.opened.backend, self.opened.source.plan.time, results, report)

    def never_counted(self, ending: Ending, backend: str) -> Run:
        """A run that was stopped before its frames were known: the full frame, with the reason.

        Args:
            ending: the reason.
            backend: the name of the one that would have read its dataset.
        """
        results = to_results(Frame(0), None, FinishedCall(ending), self.spec.limits.worker_cpu_seconds)
        report = Report(seconds=self.seconds, warnings=self._warnings)
        return self._run(backend, RunTime(as_of=self.spec.as_of, zone=self.spec.zone), results, report)

    @property
    def _warnings(self) -> tuple[Problem, ...]:
        of_data = () if self.opened is None else self.opened.warnings
        return (*self.declared.warnings, *of_data)

    def _run(self, backend: str, time: RunTime, results: tuple[Result, ...], report: Report) -> Run:
        return Run(
            metric=self.spec.metric,
            source_sha256=hashlib.sha256(self.spec.source).hexdigest(),
            backend=backend,
            engine=VERSION,
            time=time,
            results=results,
            report=report,
            params=dict(self.declared.bound.values),
            baseline=self.spec.baseline if self.declared.compares else None,
            id=secrets.token_hex(16),
        )


def _named(sharing: tuple[Shared, ...], backend: str) -> tuple[Shared, ...]:
    """The same with the backend's name where nothing else answers beside it."""
    return tuple(replace(one, answered_by=one.answered_by or backend) for one in sharing)


def limits_reached(run: Run) -> Counter[str]:
    """How many frames of a run ended at which limit, by the names of limits, and how many were refused."""
    frames = {one.frame.index: one for one in reversed(run.results)}.values()
    limits = (one.error.code for one in frames if one.status == "limit" and one.error is not None)
    reached = Counter(limit_of(code) for code in limits)
    if refused := sum(one.status == "refused" for one in frames):
        reached[QUERY] = refused
    return reached
