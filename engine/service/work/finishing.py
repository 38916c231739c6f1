"""What becomes of claimed work: its results are noted, it is refused, or it is to be tried again."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Final

from engine import ParamsRefused, Run, SourcesRefused
from engine.models.codes import BASELINES, PARAMETERS
from engine.results.text import clean_text
from engine.service.rules.watching import watch_results
from engine.service.settings import Settings
from engine.service.store.database import Database, retry
from engine.service.store.tables import Work
from engine.service.telemetry.observe import Telemetry
from engine.service.work import leases
from engine.service.work.exporting import note_outgoing
from engine.service.work.rows import rows_of
from engine.service.work.runlog import RunLog
from engine.service.work.tasks import Task
from sandbox.contract.messages import Problem

# After these a metric pauses: it costs much, and gives nothing.
_COSTLY: Final = frozenset({"limit", "lost"})


class Finisher:
    """Finishes claimed work, each piece once. Thread-safe."""

    def __init__(self, database: Database, settings: Settings, telemetry: Telemetry) -> None:
        self._database = database
        self._settings = settings
        self._telemetry = telemetry

    def note(self, claim: leases.Claim, task: Task, run: Run, work: Work, log: RunLog) -> int | None:
        """Note what a metric gave.

        Returns:
            How many results; None if it is to be tried again, or was somebody else's.
        """
        statuses = Counter(result.status for result in run.results)
        lost = run.results[0].status == "backend_error" and work.attempts < self._settings.attempts
        again = lost or "cancelled" in statuses
        rows = [] if again else rows_of(run, work, task.model, claim.token, task.compared.text)

        def keep() -> bool:
            with self._database.session() as session:
                if again:
                    leases.give_back(session, claim, work, "the data engine failed" if lost else None)
                    return False
                if not leases.finish(session, claim, work, rows):
                    return False
                if self._settings.save_results is not None:
                    note_outgoing(session, claim.token, work)
                leases.note_health(session, work, good=not set(statuses) & _COSTLY)
                watch_results(session, work)
                return True

        kept = retry(keep, self._settings.lease_seconds)
        log.tell(
            "metric calculated" if kept else "metric to be calculated again",
            metric_version=work.metric_version_id,
            frames=dict(statuses),
            queries=run.report.queries,
            seconds=round(run.report.seconds, 3),
            peak_memory_bytes=run.report.peak_memory_bytes,
            worker_seconds=round(run.report.worker_seconds, 3),
            fetched_bytes=run.report.fetched_bytes,
        )
        if not kept:
            return None
        for row in rows:
            self._telemetry.calculated.labels(row["status"]).inc()
        self._telemetry.runs.labels("done").inc()
        return len(rows)

    def refuse(self, claim: leases.Claim, refused: SourcesRefused | ParamsRefused, log: RunLog) -> None:
        """Some sources or parameters are refused: these are given up, the others run without them."""
        named = {version: _refusal(problems) for version, problems in refused.by_metric.items()}
        # A version that has nothing to compare with is no fault of the metric, which others may have it for.
        lacking = {
            version
            for version, problems in refused.by_metric.items()
            if all(problem.code in BASELINES for problem in problems)
        }
        with self._database.session() as session:
            for work in claim.work:
                if work.metric_version_id in named:
                    leases.poison(session, claim, work, named[work.metric_version_id])
                    if work.metric_version_id not in lacking:
                        leases.note_health(session, work, good=False)
                else:
                    leases.give_back(session, claim, work, None)
        log.tell("refused", level=logging.ERROR, metrics=sorted(named))
        self._telemetry.runs.labels("refused").inc()

    def give_back(self, claim: leases.Claim, error: str | None, log: RunLog) -> None:
        """Let all of it be claimed again.

        Args:
            claim: whose work it is.
            error: why it failed; None: it was stopped, and others go on with it.
            log: told of it.
        """
        with self._database.session() as session:
            for work in claim.work:
                leases.give_back(session, claim, work, error)
        if error is None:
            log.tell("stopped; others go on with it")
        else:
            log.tell("failed; to be tried again later", level=logging.ERROR, error=error)
        self._telemetry.runs.labels("failed" if error else "stopped").inc()

    def drop(self, claim: leases.Claim) -> None:
        """End work on rows without a time, which have no part in any window, without results."""
        with self._database.session() as session:
            for work in claim.work:
                leases.finish(session, claim, work, [])


def _refusal(problems: tuple[Problem, ...]) -> str:
    """Why a metric is given up: its parameters or its baseline, if it is these, else its source."""
    wrong = [problem for problem in problems if problem.severity == "error"]
    if all(problem.code in PARAMETERS or problem.code in BASELINES for problem in wrong):
        return clean_text("; ".join(problem.message for problem in wrong))
    return "its source is refused by this version"
