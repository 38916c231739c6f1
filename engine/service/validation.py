"""Validations as clients see them: begun and polled with one body, shared, cancelled, told again."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from engine import Engine, LiveRun
from engine.failures import describe
from engine.service.datasets import fingerprint
from engine.service.observe import Telemetry
from engine.service.problems import not_found
from engine.service.segments import segment_group
from engine.service.settings import Settings
from engine.service.store import trials
from engine.service.store.database import Database
from engine.service.store.scope import Scope, current_version, get_model, get_owned, segments_of
from engine.service.store.tables import Metric, MetricVersion, Model, StoredDataset
from engine.service.trial import Trial, cancelled, failed, try_metric

logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.1
# A trial whose server died so often is not begun again: it may be what killed them.
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A validation that was asked for."""

    key: trials.Key
    trial: Trial
    metric_id: str
    number: int


@dataclass(slots=True)
class _Going:
    """A trial that this process makes."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    live: LiveRun | None = None
    stopped: bool = False

    def hold(self, live: LiveRun) -> None:
        with self.lock:
            self.live, stopped = live, self.stopped
        if stopped:
            live.cancel()

    def stop(self) -> None:
        with self.lock:
            self.stopped, live = True, self.live
        if live is not None:
            live.cancel()


class Validations:
    """Makes validations in threads of this process. Thread-safe."""

    def __init__(self, database: Database, engine: Engine, settings: Settings, telemetry: Telemetry) -> None:
        self._database = database
        self._engine = engine
        self._settings = settings
        self._telemetry = telemetry
        self._owner = secrets.token_hex(8)
        self._going: dict[str, _Going] = {}
        self._threads = ThreadPoolExecutor(settings.validations, "calcmetric-validation")
        self._closing = threading.Event()
        threading.Thread(target=self._keep_alive, name="calcmetric-leases", daemon=True).start()

    async def poll(self, scope: Scope, metric_id: str, dataset_id: str, *, restart: bool) -> dict[str, Any]:
        """The final answer, or how far it is: told when that changes, or after a while."""
        asked = await run_in_threadpool(self._ask, scope, metric_id, dataset_id)
        answer = first = await run_in_threadpool(self._look, asked, restart=restart)
        until = time.monotonic() + self._settings.poll_seconds
        while answer["status"] == trials.PENDING and answer["progress"] == first["progress"]:
            if time.monotonic() >= until or self._closing.is_set():
                break
            await asyncio.sleep(_LOOK_SECONDS)
            answer = await run_in_threadpool(self._look, asked, restart=False)
        about = {"metric_id": metric_id, "metric_version": asked.number, "dataset_id": dataset_id}
        return {**answer, **about}

    def cancel(self, scope: Scope, metric_id: str, dataset_id: str) -> None:
        """Cancel a pending validation.

        Raises:
            ApiProblem: there is none.
        """
        asked = self._ask(scope, metric_id, dataset_id)
        with self._database.session() as session:
            if not trials.cancel_trial(session, asked.key, cancelled()):
                raise not_found("pending validation")
        self._stop_lost()

    def close(self) -> None:
        """Cancel what goes on; other servers, or this one when it is back, begin it again."""
        self._closing.set()
        for going in list(self._going.values()):
            going.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _ask(self, scope: Scope, metric_id: str, dataset_id: str) -> Asked:
        with self._database.session() as session:
            metric = get_owned(session, scope, Metric, metric_id)
            dataset = get_owned(session, scope, StoredDataset, dataset_id)
            if dataset.model_id != metric.model_id:
                raise not_found("dataset of the metric's model")
            model = get_model(session, scope, metric.model_id)
            version = current_version(session, metric)
            definitions = [one.definition for one in segments_of(session, model.id)]
        trial = self._trial(model, metric, version, dataset, definitions)
        # Other segments make another trial, too.
        seen = fingerprint(dataset.source, dataset.timestamp, f"{model.retention} {model.zone} {definitions}")
        return Asked(trials.Key(version.id, dataset.id, seen), trial, metric.id, version.number)

    def _trial(
        self,
        model: Model,
        metric: Metric,
        version: MetricVersion,
        dataset: StoredDataset,
        definitions: list[dict[str, Any]],
    ) -> Trial:
        return Trial(
            code=version.code,
            source=dataset.source,
            timestamp=dataset.timestamp,
            retention=model.retention,
            zone=model.zone,
            segments=tuple(segment_group(one) for one in definitions),
            as_of=datetime.now(UTC),
            limits=self._settings.limits,
            tenant=model.account,
            local="://" not in self._settings.backend,
            name=metric.id,
        )

    def _look(self, asked: Asked, *, restart: bool) -> dict[str, Any]:
        with self._database.session() as session:
            trial = trials.open_trial(session, asked.key, restart=restart)
            if trial.state == trials.ENDED:
                return dict(trial.answer or {})
            attempt = 0
            if trial.id not in self._going and not self._closing.is_set():
                attempt = trials.claim_trial(session, trial.id, self._owner, self._settings.lease_seconds)
            if attempt:
                self._going[trial.id] = _Going()
        if attempt:
            self._threads.submit(self._make, trial.id, asked, attempt)
        return {"status": trials.PENDING, "progress": trial.progress}

    def _make(self, trial_id: str, asked: Asked, attempt: int) -> None:
        going, told = self._going[trial_id], 0
        about = {"run_id": trial_id, "account": asked.trial.tenant}

        def tell(progress: int) -> None:
            nonlocal told
            if progress > told:
                told = progress
                with self._database.session() as session:
                    trials.note_progress(session, trial_id, self._owner, progress)

        try:
            if attempt > _ATTEMPTS:
                answer = failed("lost", "the service died while it tried this metric, several times")
            else:
                logger.info("validation begins", extra=about)
                answer = try_metric(self._engine, asked.trial, tell, going.hold)
        except Exception as error:
            logger.error("validation failed: %s", describe(error), extra=about)
            answer = failed("internal", "the service failed; its log says why")
        try:
            if not self._closing.is_set():
                self._end(trial_id, answer)
                logger.info("validation ended", extra={**about, "status": answer["status"]})
        except Exception as error:
            logger.error("a validation could not be noted: %s", describe(error), extra=about)
        finally:
            self._going.pop(trial_id, None)

    def _end(self, trial_id: str, answer: dict[str, Any]) -> None:
        with self._database.session() as session:
            if trials.end_trial(session, trial_id, self._owner, answer):
                self._telemetry.validations.labels(answer["status"]).inc()

    def _keep_alive(self) -> None:
        while not self._closing.wait(self._settings.lease_seconds / 4):
            try:
                self._stop_lost()
            except Exception as error:
                logger.error("leases could not be renewed: %s", describe(error))

    def _stop_lost(self) -> None:
        """Renew what this process has; stop what it has no more."""
        for trial_id, going in list(self._going.items()):
            with self._database.session() as session:
                mine = trials.renew_trial(session, trial_id, self._owner, self._settings.lease_seconds)
            if not mine:
                going.stop()
