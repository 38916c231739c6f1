"""Running due work: metrics of one model and range together, with results noted once each."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from engine import Dataset, Engine, Run, SegmentGroup, SourcesRefused, TimeRange
from engine.errors import BackendError, CalcmetricError, EngineClosed, Interrupted
from engine.failures import describe
from engine.results.text import clean_text
from engine.service import leases
from engine.service.alive import Alive
from engine.service.datasets import look_at_source
from engine.service.observe import Telemetry
from engine.service.planning import Planner
from engine.service.prune import Pruner
from engine.service.rows import rows_of
from engine.service.runlog import RunLog
from engine.service.segments import segment_group
from engine.service.settings import Settings
from engine.service.steady import SteadyClock
from engine.service.store.database import Database, insist
from engine.service.store.scope import segments_of
from engine.service.store.tables import MetricVersion, Model, StoredDataset, Work

logger = logging.getLogger(__name__)

# After these a metric pauses: it costs much, and gives nothing.
_COSTLY: Final = frozenset({"limit", "lost"})


@dataclass(frozen=True, slots=True)
class Tally:
    """What `run_due` did.

    Attributes:
        planned: pieces of work that it planned.
        runs: calculations of one metric on one dataset and range, that it finished.
        results: results that it noted.
    """

    planned: int
    runs: int
    results: int


@dataclass(frozen=True, slots=True)
class _Task:
    """What a claim needs to run, read from the database."""

    model: Model
    dataset: StoredDataset
    codes: dict[str, str]
    segments: tuple[SegmentGroup, ...]


def run_due(
    database: Database, engine: Engine, now: datetime, settings: Settings, telemetry: Telemetry | None = None
) -> Tally:
    """Plan what is due at a time, and run all due work that no other process has.

    Args:
        database: of the service, migrated.
        engine: to run with.
        now: aware; what is due is due then. Later runs are to have later times.
        settings: of the service.
        telemetry: counters, if any.
    """
    calculator = Calculator(database, engine, settings, telemetry or Telemetry())
    return calculator.run_due(now)


class Calculator:
    """Runs due work, one claim at a time. Not thread-safe, but `stop`."""

    def __init__(self, database: Database, engine: Engine, settings: Settings, telemetry: Telemetry) -> None:
        self._database = database
        self._engine = engine
        self._settings = settings
        self._telemetry = telemetry
        self._planner = Planner(database)
        self._pruner = Pruner(database, settings)
        self._steady = SteadyClock()
        self._stopped = threading.Event()

    def run_due(self, now: datetime) -> Tally:
        """Plan what is due, and run what there is."""
        planned = self._planner.plan(now)
        runs = results = 0
        while not self._stopped.is_set() and (claim := self._claim(now)) is not None:
            counts = self._run(claim)
            runs, results = runs + len(counts), results + sum(counts)
        return Tally(planned, runs, results)

    def run_forever(self) -> None:
        """Run what is due, again and again, until stopped."""
        while not self._stopped.is_set():
            try:
                if self._tick():
                    continue
            except Exception as error:
                logger.error("the schedule failed: %s", describe(error))
            self._stopped.wait(self._settings.tick_seconds)

    def stop(self) -> None:
        """Let it end after what it runs now; what the engine then cancels is given back."""
        self._stopped.set()

    def _tick(self) -> bool:
        """Plan, and run one claim; tell whether there was one, and so may be more."""
        now = self._database.now()
        if not self._steady.believes(now, time.clock_gettime(time.CLOCK_BOOTTIME)):
            logger.warning("the clock leapt to %s; calculation waits for that to last", now.isoformat())
            return False
        self._pruner.run(now)
        self._planner.plan(now)
        claim = self._claim(now)
        if claim is not None:
            self._run(claim)
        return claim is not None

    def _claim(self, now: datetime) -> leases.Claim | None:
        with self._database.session() as session:
            return leases.claim_work(session, self._settings, now)

    def _run(self, claim: leases.Claim) -> list[int]:
        """Run a claim; return how many results each finished metric gave."""
        task = self._load(claim)
        if task is None:
            return []  # deleted meanwhile, with its work
        log = RunLog(self._database, claim.token, task.model.account, task.model.workspace)
        first = claim.first
        log.tell(
            "calculation begins",
            kind=first.kind,
            metrics=list(task.codes),
            dataset_id=task.dataset.id,
            start=first.start.isoformat(),
            end=first.end.isoformat(),
            every=first.every,
            attempt=first.attempts,
        )
        with Alive(self._database, claim, self._settings.lease_seconds) as alive:
            error: str | None = None
            try:
                runs = self._evaluate(task, first, claim.token, alive)
            except SourcesRefused as refused:
                self._part(claim, refused, log)
                return []
            except (EngineClosed, Interrupted):
                pass
            except BackendError as failure:
                logger.error("calculation failed: %s", describe(failure), extra={"run_id": claim.token})
                error = "the data engine failed"
            except CalcmetricError as failure:
                error = clean_text(str(failure))
            except Exception as failure:
                logger.error("calculation failed: %s", describe(failure), extra={"run_id": claim.token})
                error = "the service failed; its log says why"
            else:
                counts = [
                    self._note(claim, task, runs[work.metric_version_id], work, log) for work in claim.work
                ]
                return [count for count in counts if count is not None]
            self._return(claim, error, log)
            return []

    def _load(self, claim: leases.Claim) -> _Task | None:
        first = claim.first
        with self._database.session() as session:
            model = session.scalars(sa.select(Model).where(Model.id == first.model_id)).one_or_none()
            query = sa.select(StoredDataset).where(StoredDataset.id == first.dataset_id)
            dataset = session.scalars(query).one_or_none()
            ids = [work.metric_version_id for work in claim.work]
            found = session.scalars(sa.select(MetricVersion).where(MetricVersion.id.in_(ids)))
            codes = {version.id: version.code for version in found}
            if model is None or dataset is None or set(codes) != set(ids):
                for work in claim.work:
                    leases.give_back(session, claim, work, None)
                return None
            groups = tuple(segment_group(one.definition) for one in segments_of(session, model.id))
            return _Task(model, dataset, codes, groups)

    def _evaluate(self, task: _Task, work: Work, run_id: str, alive: Alive) -> dict[str, Run]:
        look_at_source(task.dataset.source, self._settings)
        timed = task.dataset.timestamp is not None
        retention = task.model.retention if timed and work.kind != "recalculation" else None
        runs = self._engine.evaluate_many(
            {f"{version} in run {run_id}": code for version, code in task.codes.items()},
            Dataset(task.dataset.source, timestamp=task.dataset.timestamp, retention=retention),
            on_start=alive.on_loss,
            segments=task.segments,
            time=TimeRange(work.start, work.end) if timed else None,
            every=work.every,
            zone=work.zone or task.model.zone,
            as_of=work.as_of if retention else None,
            limits=self._settings.limits,
            tenant=task.model.account,
        )
        return dict(zip(task.codes, runs, strict=True))

    def _note(self, claim: leases.Claim, task: _Task, run: Run, work: Work, log: RunLog) -> int | None:
        """Note what a metric gave; None if it is to be tried again, or was somebody else's."""
        statuses = Counter(result.status for result in run.results)
        lost = run.overall.status == "backend_error" and work.attempts < self._settings.attempts
        again = lost or "cancelled" in statuses
        rows = [] if again else rows_of(run, work, task.model, claim.token)

        def keep() -> bool:
            with self._database.session() as session:
                if again:
                    leases.give_back(session, claim, work, "the data engine failed" if lost else None)
                    return False
                if not leases.finish(session, claim, work, rows):
                    return False
                leases.note_health(session, work, good=not set(statuses) & _COSTLY)
                return True

        kept = insist(keep, self._settings.lease_seconds)
        log.tell(
            "metric calculated" if kept else "metric to be calculated again",
            metric_version=work.metric_version_id,
            frames=dict(statuses),
            queries=run.report.queries,
            seconds=round(run.report.seconds, 3),
            peak_memory_bytes=run.report.peak_memory_bytes,
        )
        if not kept:
            return None
        for row in rows:
            self._telemetry.calculated.labels(row["status"]).inc()
        self._telemetry.runs.labels("done").inc()
        return len(rows)

    def _part(self, claim: leases.Claim, refused: SourcesRefused, log: RunLog) -> None:
        """Some sources are refused by now: these are given up, the others run without them."""
        named = {name.partition(" ")[0] for name in refused.by_metric}
        with self._database.session() as session:
            for work in claim.work:
                if work.metric_version_id in named:
                    leases.poison(session, claim, work, "its source is refused by this version")
                    leases.note_health(session, work, good=False)
                else:
                    leases.give_back(session, claim, work, None)
        log.tell("refused", level=logging.ERROR, metrics=sorted(named))
        self._telemetry.runs.labels("refused").inc()

    def _return(self, claim: leases.Claim, error: str | None, log: RunLog) -> None:
        with self._database.session() as session:
            for work in claim.work:
                leases.give_back(session, claim, work, error)
        if error is None:
            log.tell("stopped; others go on with it")
        else:
            log.tell("failed; to be tried again later", level=logging.ERROR, error=error)
        self._telemetry.runs.labels("failed" if error else "stopped").inc()
