"""Running due work: metrics of one model and range together, with results noted once each."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from engine import Dataset, Engine, Metric, ParamsRefused, Run, SegmentGroup, SourcesRefused, TimeRange
from engine.errors import BackendError, CalcmetricError, EngineClosed, Interrupted, UsageError
from engine.failures import describe
from engine.models.codes import BASELINES, PARAMETERS
from engine.results.text import clean_text
from engine.service.data.baselines import NOTHING, TAKES, Compared, compared_by
from engine.service.data.datasets import Reader, look_at_source
from engine.service.data.health import Data, Fit, look, note_fit
from engine.service.rules.watching import watch_results
from engine.service.segments import groups_of
from engine.service.settings import Settings
from engine.service.store.database import Database, insist
from engine.service.store.scope import is_alone, segments_of
from engine.service.store.tables import MetricVersion, Model, StoredDataset, Work, utc_now
from engine.service.telemetry.observe import Telemetry
from engine.service.work import leases
from engine.service.work.exporting import note_outgoing
from engine.service.work.heartbeat import Heartbeat
from engine.service.work.planning import Planner
from engine.service.work.prune import Pruner
from engine.service.work.rows import rows_of
from engine.service.work.runlog import RunLog
from engine.service.work.steady import SteadyClock
from engine.wording import said
from sandbox.contract.messages import Problem

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
    """What a claim needs to run, read from the database. Its codes are by the ids of metric versions."""

    model: Model
    dataset: StoredDataset
    codes: dict[str, Metric]
    segments: dict[str, SegmentGroup]
    compared: Compared


def run_due(database: Database, engine: Engine, now: datetime, settings: Settings) -> Tally:
    """Plan what is due at a time, and run all due work that no other process has.

    Args:
        database: of the service, migrated.
        engine: to run with.
        now: aware; what is due is due then. Later runs are to have later times.
        settings: of the service.
    """
    return Calculator(database, engine, settings, Telemetry()).run_due(now)


class Calculator:
    """Runs due work: in `run_forever` some claims at a time, of which one account has half at most.

    Attributes are of the thread that plans; those that run claims share the counts of them only.
    """

    def __init__(self, database: Database, engine: Engine, settings: Settings, telemetry: Telemetry) -> None:
        self._database = database
        self._engine = engine
        self._settings = settings
        self._telemetry = telemetry
        self._planner = Planner(database)
        self._pruner = Pruner(database, settings)
        self._steady = SteadyClock()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._claims: Counter[str] = Counter()
        self._share = max(1, settings.calculations // 2)
        self._believed = threading.Event()
        self._news = threading.Condition()
        self._told = 0

    def run_due(self, now: datetime) -> Tally:
        """Plan what is due, and run what there is."""
        planned = self._planner.plan(now)
        runs = results = 0
        while not self._stopped.is_set() and (claim := self._claim(now)) is not None:
            counts = self._run_claim(claim)
            runs, results = runs + len(counts), results + sum(counts)
        return Tally(planned, runs, results)

    def run_forever(self) -> None:
        """Run what is due, again and again, until stopped."""
        threads = [
            threading.Thread(target=self._run_claims, name=f"calcmetric-calculation-{number}", daemon=True)
            for number in range(self._settings.calculations)
        ]
        for thread in threads:
            thread.start()
        while not self._stopped.is_set():
            self._attempt(self._tick)
            self._stopped.wait(self._settings.tick_seconds)
        for thread in threads:
            thread.join()

    def _run_claims(self) -> None:
        """Run one claim after the other, until stopped."""
        while not self._stopped.is_set():
            seen = self._told
            if not (self._believed.is_set() and self._attempt(self._run_one)):
                self._wait_for_news(seen)

    def _wait_for_news(self, seen: int) -> None:
        """Wait until there is news since so much had been told, but for a tick at most."""
        with self._news:
            self._news.wait_for(
                lambda: self._told != seen or self._stopped.is_set(), self._settings.tick_seconds
            )

    def tell(self) -> None:
        """There is new work: claim it now, not at the next tick."""
        with self._news:
            self._told += 1
            self._news.notify_all()

    @staticmethod
    def _attempt(step: Callable[[], bool]) -> bool:
        try:
            return step()
        except Exception as error:
            logger.error("the schedule failed: %s", describe(error))
            return False

    def _run_one(self) -> bool:
        """Run one claim; tell whether there was one, and so may be more."""
        claim = self._claim(self._database.now())
        if claim is not None:
            self._run_claim(claim)
        return claim is not None

    def stop(self) -> None:
        """Let it end after what it runs now; what the engine then cancels is given back."""
        self._stopped.set()
        with self._news:
            self._news.notify_all()

    def _tick(self) -> bool:
        """Plan; tell whether the clock is believed, and work may be claimed by it."""
        now = self._database.now()
        if not self._steady.believes(now, time.clock_gettime(time.CLOCK_BOOTTIME)):
            logger.warning("the clock leapt to %s; calculation waits for that to last", now.isoformat())
            self._believed.clear()
            return False
        if not self._believed.is_set():
            self._believed.set()
            self.tell()
        self._pruner.run(now)
        if self._planner.plan(now):
            self.tell()
        return True

    def _claim(self, now: datetime) -> leases.Claim | None:
        while True:
            with self._lock:
                busy = [account for account, count in self._claims.items() if count >= self._share]
            with self._database.session() as session:
                claim = leases.claim_work(session, self._settings, now, busy)
            if claim is None or self._has_room(claim.account):
                return claim
            with self._database.session() as session:
                for work in claim.work:
                    leases.give_back(session, claim, work, None)

    def _has_room(self, account: str) -> bool:
        """Count a claim, unless another thread has taken the account's last place since it was looked at."""
        with self._lock:
            fits = self._claims[account] < self._share
            if fits:
                self._claims[account] += 1
            return fits

    def _run_claim(self, claim: leases.Claim) -> list[int]:
        """Run a claim, and count it no longer; see `_run`."""
        try:
            return self._run(claim)
        finally:
            with self._lock:
                self._claims[claim.account] -= 1
                if not self._claims[claim.account]:
                    del self._claims[claim.account]

    def _run(self, claim: leases.Claim) -> list[int]:
        """Run a claim; return how many results each finished metric gave."""
        task = self._load(claim)
        if task is None:
            return []  # deleted meanwhile, with its work
        if task.dataset.timestamp is None:  # planned by an earlier version
            self._drop(claim)
            return []
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
        with Heartbeat(self._database, claim, self._settings.lease_seconds) as heartbeat:
            counts: list[int] = []
            for part, of in _parts(claim, task):
                counts += self._calculate(part, of, heartbeat, log)
            return counts

    def _calculate(self, claim: leases.Claim, task: _Task, heartbeat: Heartbeat, log: RunLog) -> list[int]:
        """Calculate the metrics of a claim together; see `_run`."""
        error: str | None = None
        try:
            runs = self._evaluate_fitting(task, claim.first, heartbeat, log)
        except (SourcesRefused, ParamsRefused) as refused:
            self._part(claim, refused, log)
            return []
        except (EngineClosed, Interrupted):
            pass
        except BackendError as failure:
            logger.error("calculation failed: %s", describe(failure), extra={"run_id": claim.token})
            error = "the data engine failed"
        except CalcmetricError as failure:
            error = clean_text(said(failure, "http"))
        except Exception as failure:
            logger.error("calculation failed: %s", describe(failure), extra={"run_id": claim.token})
            error = "the service failed; its log says why"
        else:
            counts = [self._note(claim, task, runs[work.metric_version_id], work, log) for work in claim.work]
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
            codes = {version.id: Metric(version.code, version.params or {}) for version in found}
            if model is None or dataset is None or set(codes) != set(ids):
                for work in claim.work:
                    leases.give_back(session, claim, work, None)
                return None
            groups = groups_of(segments_of(session, model.id))
            return _Task(model, dataset, codes, groups, compared_by(session, model, dataset.id))

    def _drop(self, claim: leases.Claim) -> None:
        """End work on rows without a time, which have no part in any window, without results."""
        with self._database.session() as session:
            for work in claim.work:
                leases.finish(session, claim, work, [])

    def _evaluate_fitting(self, task: _Task, work: Work, heartbeat: Heartbeat, log: RunLog) -> dict[str, Run]:
        """Run with every segment group, or with those that fit the data if some do not.

        Returns:
            The runs by the ids of metric versions.

        Raises:
            CalcmetricError: as `Engine.evaluate_many`.
        """
        fit = Fit()
        try:
            runs = self._evaluate(task, work, heartbeat)
        except ParamsRefused:
            raise  # of one metric, not of the data
        except UsageError as error:
            fit = self._look(task)
            self._note_fit(task, fit if fit.error or fit.segments else Fit(clean_text(said(error, "http"))))
            if fit.error is not None or not fit.segments:
                raise
            log.tell("segments left out", level=logging.WARNING, segments=dict(fit.segments))
            fitting = {key: group for key, group in task.segments.items() if key not in fit.segments}
            return self._evaluate(replace(task, segments=fitting), work, heartbeat)
        self._note_fit(task, fit)
        return runs

    def _look(self, task: _Task) -> Fit:
        dataset, model = task.dataset, task.model
        data = Data(dataset.source, dataset.timestamp, model.zone, self._reader(task), dataset.text or {})
        return look(self._engine, self._settings, data, task.segments)

    def _reader(self, task: _Task) -> Reader:
        with self._database.reading() as session:
            return Reader(task.model.account, is_alone(session))

    def _note_fit(self, task: _Task, fit: Fit) -> None:
        known = task.dataset.health or {}
        if known.get("error") == fit.error and known.get("segments") == dict(fit.segments):
            return
        with self._database.session() as session:
            note_fit(session, task.dataset.id, fit, utc_now())

    def _evaluate(self, task: _Task, work: Work, heartbeat: Heartbeat) -> dict[str, Run]:
        reader = self._reader(task)
        look_at_source(task.dataset.source, self._settings, reader)
        task.compared.look(self._settings, reader)
        retention = task.model.retention if work.kind != "recalculation" else None
        return self._engine.evaluate_many(
            task.codes,
            Dataset(
                task.dataset.source,
                timestamp=task.dataset.timestamp,
                retention=retention,
                **(task.dataset.text or {}),
            ),
            on_start=heartbeat.on_loss,
            segments=tuple(dict.fromkeys(task.segments.values())),
            time=TimeRange(work.start, work.end),
            every=work.every,
            zone=work.zone or task.model.zone,
            as_of=work.as_of if retention else None,
            limits=self._settings.limits,
            tenant=task.model.account,
            baseline=task.compared.baseline,
        )

    def _note(self, claim: leases.Claim, task: _Task, run: Run, work: Work, log: RunLog) -> int | None:
        """Note what a metric gave; None if it is to be tried again, or was somebody else's."""
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

        kept = insist(keep, self._settings.lease_seconds)
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

    def _part(self, claim: leases.Claim, refused: SourcesRefused | ParamsRefused, log: RunLog) -> None:
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

    def _return(self, claim: leases.Claim, error: str | None, log: RunLog) -> None:
        with self._database.session() as session:
            for work in claim.work:
                leases.give_back(session, claim, work, error)
        if error is None:
            log.tell("stopped; others go on with it")
        else:
            log.tell("failed; to be tried again later", level=logging.ERROR, error=error)
        self._telemetry.runs.labels("failed" if error else "stopped").inc()


def _parts(claim: leases.Claim, task: _Task) -> list[tuple[leases.Claim, _Task]]:
    """A claim as it is, or what may compare apart: a baseline that cannot be read is no fault of the rest."""
    if task.compared.setting is None:
        return [(claim, task)]
    comparing = {version for version, code in task.codes.items() if TAKES in str(code.source)}
    found = []
    for wanted, compared in ((task.codes.keys() - comparing, NOTHING), (comparing, task.compared)):
        work = tuple(one for one in claim.work if one.metric_version_id in wanted)
        if work:
            codes = {version: code for version, code in task.codes.items() if version in wanted}
            found.append((replace(claim, work=work), replace(task, codes=codes, compared=compared)))
    return found


def _refusal(problems: tuple[Problem, ...]) -> str:
    """Why a metric is given up: its parameters or its baseline, if it is these, else its source."""
    wrong = [problem for problem in problems if problem.severity == "error"]
    if all(problem.code in PARAMETERS or problem.code in BASELINES for problem in wrong):
        return clean_text("; ".join(problem.message for problem in wrong))
    return "its source is refused by this version"
