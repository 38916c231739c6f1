"""Running due work: metrics of one model and range together, with results noted once each."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from engine import Dataset, Engine, Run, SegmentGroup, SourcesRefused, TimeRange
from engine.errors import BackendError, CalcmetricError, EngineClosed
from engine.failures import describe
from engine.results.text import clean_text
from engine.service import leases
from engine.service.observe import Telemetry
from engine.service.planning import Planner
from engine.service.rows import rows_of
from engine.service.segments import segment_group
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.scope import segments_of
from engine.service.store.tables import MetricVersion, Model, StoredDataset, Work, utc_now

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
        now: aware; what is due is due then.
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
        self._stopped = threading.Event()

    def run_due(self, now: datetime) -> Tally:
        """Plan what is due, and run what there is."""
        planned = self._planner.plan(now)
        runs = results = 0
        while not self._stopped.is_set() and (claim := self._claim()) is not None:
            counts = self._run(claim)
            runs, results = runs + len(counts), results + sum(counts)
        return Tally(planned, runs, results)

    def run_forever(self) -> None:
        """Run what is due, again and again, until stopped."""
        while not self._stopped.is_set():
            try:
                self.run_due(utc_now())
            except Exception as error:
                logger.error("the schedule failed: %s", describe(error))
            self._stopped.wait(self._settings.tick_seconds)

    def stop(self) -> None:
        """Let it end after what it runs now; what the engine then cancels is given back."""
        self._stopped.set()

    def _claim(self) -> leases.Claim | None:
        with self._database.session() as session:
            return leases.claim_work(session, self._settings)

    def _run(self, claim: leases.Claim) -> list[int]:
        """Run a claim; return how many results each finished metric gave."""
        first = claim.first
        about = {"run_id": claim.token, "work": len(claim.work)}
        task = self._load(claim)
        if task is None:
            return []  # deleted meanwhile, with its work
        logger.info("calculation begins", extra={**about, "account": task.model.account})
        try:
            with self._alive(claim):
                runs = self._evaluate(task, first, claim.token)
        except SourcesRefused as refused:
            self._part(claim, refused)
        except EngineClosed:
            self._return(claim, None)
        except BackendError as error:
            logger.error("calculation failed: %s", describe(error), extra=about)
            self._return(claim, "the data engine failed")
        except CalcmetricError as error:
            self._return(claim, clean_text(str(error)))
        except Exception as error:
            logger.error("calculation failed: %s", describe(error), extra=about)
            self._return(claim, "the service failed; its log says why")
        else:
            counts = [self._note(claim, task, runs[work.metric_version_id], work) for work in claim.work]
            logger.info("calculation ended", extra={**about, "metrics": len(counts)})
            return [count for count in counts if count is not None]
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

    def _evaluate(self, task: _Task, work: Work, run_id: str) -> dict[str, Run]:
        timed = task.dataset.timestamp is not None
        retention = task.model.retention if timed and work.kind != "recalculation" else None
        runs = self._engine.evaluate_many(
            task.codes,
            Dataset(task.dataset.source, timestamp=task.dataset.timestamp, retention=retention),
            segments=task.segments,
            time=TimeRange(work.start, work.end) if timed else None,
            every=work.every,
            zone=task.model.zone,
            as_of=work.as_of if retention else None,
            limits=self._settings.limits,
            tenant=f"{task.model.account} run {run_id}",
        )
        return dict(zip(task.codes, runs, strict=True))

    def _note(self, claim: leases.Claim, task: _Task, run: Run, work: Work) -> int | None:
        """Note what a metric gave; None if it is to be tried again, or was somebody else's."""
        statuses = {result.status for result in run.results}
        lost = run.overall.status == "backend_error" and work.attempts < self._settings.attempts
        with self._database.session() as session:
            if "cancelled" in statuses or lost:
                leases.give_back(session, claim, work, "the data engine failed" if lost else None)
                return None
            rows = rows_of(run, work, task.model, claim.token)
            if not leases.finish(session, claim, work, rows):
                return None
            leases.note_health(session, work, good=not statuses & _COSTLY)
        for row in rows:
            self._telemetry.calculated.labels(row["status"]).inc()
        self._telemetry.runs.labels("done").inc()
        return len(rows)

    def _part(self, claim: leases.Claim, refused: SourcesRefused) -> None:
        """Some sources are refused by now: these are given up, the others run without them."""
        with self._database.session() as session:
            for work in claim.work:
                if work.metric_version_id in refused.by_metric:
                    leases.poison(session, claim, work, "its source is refused by this version")
                    leases.note_health(session, work, good=False)
                else:
                    leases.give_back(session, claim, work, None)
        self._telemetry.runs.labels("refused").inc()

    def _return(self, claim: leases.Claim, error: str | None) -> None:
        with self._database.session() as session:
            for work in claim.work:
                leases.give_back(session, claim, work, error)
        self._telemetry.runs.labels("failed" if error else "stopped").inc()

    @contextlib.contextmanager
    def _alive(self, claim: leases.Claim) -> Iterator[None]:
        """Show that this worker lives, while it works."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(self._settings.lease_seconds / 4):
                try:
                    with self._database.session() as session:
                        leases.renew(session, claim, self._settings.lease_seconds)
                except Exception as error:
                    logger.error("a lease could not be renewed: %s", describe(error))

        thread = threading.Thread(target=beat, name="calcmetric-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
