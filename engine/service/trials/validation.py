"""Validations as clients see them: begun and polled with one body, shared, cancelled, told again."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from engine import Engine, LiveRun
from engine.failures import describe
from engine.service.admission.fairpool import FairPool
from engine.service.admission.quotas import refuse_more
from engine.service.data.baselines import Compared, compared_by
from engine.service.data.datasets import SourceOwner, fingerprint, state_of
from engine.service.errors import NotFound
from engine.service.segments import groups_of
from engine.service.settings import Settings
from engine.service.store import validations
from engine.service.store.database import UNAVAILABLE, Database, retry
from engine.service.store.kinds import ENDED, PENDING
from engine.service.store.scope import (
    WorkspaceScope,
    current_version,
    get_model,
    get_owned,
    is_alone,
    segments_of,
)
from engine.service.store.tables import DataSegment, Metric, Model, StoredDataset, Validation
from engine.service.telemetry.observe import Telemetry
from engine.service.trials.notifier import ChangeNotifier
from engine.service.trials.trial import Trial, cancelled, failed, try_metric
from engine.service.ttl_cache import TtlCache
from engine.service.work.runlog import RunLog

logger = logging.getLogger(__name__)

# How soon what another server cancelled stops here.
_LOOK_SECONDS: Final = 1.0
# For how long polls of a pending one do not look whether its code or data changed, or its owner is gone.
_PENDING_SECONDS: Final = 3.0
# How long the end waits for validations: one whose source is being compiled hears of it only after that.
_END_SECONDS: Final = 10.0
# A validation whose server died so often is not begun again: it may be what killed them.
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class RequestedValidation:
    """A validation that was asked for."""

    key: validations.ValidationKey
    trial: Trial
    scope: WorkspaceScope
    number: int


@dataclass(frozen=True, slots=True)
class Code:
    """What is tried: a source with its parameters.

    Attributes:
        name: what it is called in logs.
        source: of the metric.
        params: the parameters that are set of it.
    """

    name: str
    source: str
    params: Mapping[str, object]


@dataclass(slots=True, eq=False)
class Going:
    """A trial that this process makes, to be stopped."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    live: LiveRun | None = None
    stopped: bool = False

    def hold(self, live: LiveRun) -> None:
        """Stop this run, too, should it come to that."""
        with self.lock:
            self.live, stopped = live, self.stopped
        if stopped:
            live.cancel()

    def stop(self) -> None:
        """Cancel what runs, and what would run next."""
        with self.lock:
            self.stopped, live = True, self.live
        if live is not None:
            live.cancel()


def make_trial(
    settings: Settings,
    model: Model,
    code: Code,
    dataset: StoredDataset,
    segments: Sequence[DataSegment],
    reader: SourceOwner,
    compared: Compared,
) -> Trial:
    """The trial of a code on a dataset of a model, as of now."""
    return Trial(
        code=code.source,
        params=code.params,
        source=dataset.source,
        timestamp=dataset.timestamp,
        text=dataset.text or {},
        retention=model.retention,
        zone=model.zone,
        segments=groups_of(segments),
        as_of=datetime.now(UTC),
        settings=settings,
        reader=reader,
        name=code.name,
        compared=compared,
    )


class Validations:
    """Makes validations in threads of this process. Thread-safe."""

    def __init__(self, database: Database, engine: Engine, settings: Settings, telemetry: Telemetry) -> None:
        self._database = database
        self._engine = engine
        self._settings = settings
        self._telemetry = telemetry
        self._owner = secrets.token_hex(8)
        self._going: dict[str, Going] = {}
        self._threads = FairPool(settings.validations, "calcmetric-validation")
        self._closing = threading.Event()
        self._notifier = ChangeNotifier(database)
        self._pending: TtlCache[tuple[RequestedValidation, Validation]] = TtlCache(_PENDING_SECONDS)
        threading.Thread(target=self._keep_alive, name="calcmetric-leases", daemon=True).start()

    async def poll(
        self, scope: WorkspaceScope, metric_id: str, dataset_id: str, *, restart: bool
    ) -> dict[str, Any]:
        """The final answer, or how far it is: told when that changes, or after a while."""
        place = (scope, metric_id, dataset_id)
        known = None if restart else self._pending.get(place)
        if known is None:
            known = await run_in_threadpool(self._begin, place, restart=restart)
        asked, validation = known
        progress: int | None = validation.progress
        if validation.state == PENDING:
            seconds = self._settings.poll_seconds
            progress = await self._notifier.wait(validation.id, validation.progress, seconds)
            if progress is None:  # it has ended
                self._pending.drop(place)
                validation = await run_in_threadpool(self._look, asked, restart=False)
                progress = validation.progress
            else:
                validation.progress = progress  # what the next polls have seen
        answer = validation.answer or {"status": PENDING, "progress": progress}
        return {
            **answer,
            "metric_id": metric_id,
            "metric_version": asked.number,
            "dataset_id": dataset_id,
            "run_id": validation.id,
        }

    def _begin(
        self, place: tuple[WorkspaceScope, str, str], *, restart: bool
    ) -> tuple[RequestedValidation, Validation]:
        """What is asked for, and its row; while that is pending, the next polls take these as they are."""
        asked = self._ask(*place)
        validation = self._look(asked, restart=restart)
        if validation.state == PENDING:
            self._pending.put(place, (asked, validation))
        else:  # what a poll before left there would answer for what has changed since
            self._pending.drop(place)
        return asked, validation

    def cancel(self, scope: WorkspaceScope, metric_id: str, dataset_id: str) -> None:
        """Cancel a pending validation.

        Raises:
            NotFound: there is no such validation.
        """
        asked = self._ask(scope, metric_id, dataset_id)
        with self._database.session() as session:
            if not validations.cancel(session, asked.key, cancelled()):
                raise NotFound("pending validation")
        self._stop_lost()

    def let_go(self) -> None:
        """Answer the polls that wait. Called in the event loop."""
        self._notifier.close()

    def close(self) -> None:
        """Cancel what goes on; other servers, or this one when it is back, begin it again."""
        self._closing.set()
        self._threads.close()
        for going in list(self._going.values()):
            going.stop()
        self._threads.close(_END_SECONDS)
        for validation_id in list(self._going):  # what never began, and what still compiles a source
            self._release(validation_id)

    def _ask(self, scope: WorkspaceScope, metric_id: str, dataset_id: str) -> RequestedValidation:
        with self._database.reading() as session:
            metric = get_owned(session, scope, Metric, metric_id)
            dataset = get_owned(session, scope, StoredDataset, dataset_id)
            if dataset.model_id != metric.model_id:
                raise NotFound("dataset of the metric's model")
            model = get_model(session, scope, metric.model_id)
            version = current_version(session, metric)
            segments = segments_of(session, model.id)
            reader = SourceOwner(scope.account, is_alone(session))
            compared = compared_by(session, model, dataset.id)
        definitions = [one.definition for one in segments]
        metric_code = Code(metric.id, version.code, version.params or {})
        trial = make_trial(self._settings, model, metric_code, dataset, segments, reader, compared)
        # Other segments make another validation, too, and so does another baseline.
        about = f"{model.retention} {model.zone} {definitions} {compared.seen(self._engine)}".rstrip()
        state = state_of(dataset.source, self._engine)
        seen = fingerprint(dataset.source, dataset.timestamp, about, state)
        return RequestedValidation(
            validations.ValidationKey(version.id, dataset.id, seen), trial, scope, version.number
        )

    def _look(self, asked: RequestedValidation, *, restart: bool) -> Validation:
        """The validation, as it is; begun, if nobody makes it."""
        seconds = self._settings.lease_seconds
        if not restart:
            with self._database.reading() as session:
                known = validations.find(session, asked.key)
                if known is not None and validations.is_settled(session, known, seconds):
                    return known
        with self._database.session() as session:
            if validations.is_news(session, asked.key, restart=restart):
                refuse_more(session, asked.scope.account, validations=1)
            validation = validations.begin(session, asked.key, restart=restart)
            if validation.state == ENDED:
                return validation
            attempt = 0
            if validation.id not in self._going and not self._closing.is_set():
                attempt = validations.claim(session, validation.id, self._owner, seconds)
        if attempt:
            self._going[validation.id] = Going()  # once it is ours for all to see: what is not is stopped
            self._threads.submit(asked.scope.account, partial(self._make, validation.id, asked, attempt))
        return validation

    def _make(self, validation_id: str, asked: RequestedValidation, attempt: int) -> None:
        going, told = self._going[validation_id], 0
        log = RunLog(self._database, validation_id, asked.scope.account, asked.scope.workspace)
        about = {"run_id": validation_id, "account": asked.scope.account}

        def tell(progress: int) -> None:
            nonlocal told
            if progress > told:
                told = progress
                with contextlib.suppress(*UNAVAILABLE), self._database.session() as session:
                    validations.note_progress(session, validation_id, self._owner, progress)

        try:
            if attempt > _ATTEMPTS:
                answer = failed("lost", "the service died while it tried this metric, several times")
            else:
                log.tell("validation begins", attempt=attempt, dataset_id=asked.key.dataset_id)
                answer = try_metric(self._engine, asked.trial, tell, going.hold)
        except Exception as error:
            logger.error("validation failed: %s", describe(error), extra=about)
            answer = failed("internal", "the service failed; its log says why")
        try:
            if self._closing.is_set():
                self._release(validation_id)
            else:
                retry(lambda: self._end(validation_id, answer), self._settings.lease_seconds)
                ending = {name: answer[name] for name in ("status", "error", "seconds")}
                log.tell("validation ended", **ending)
        except Exception as error:
            logger.error("a validation could not be noted: %s", describe(error), extra=about)
        finally:
            self._going.pop(validation_id, None)

    def _end(self, validation_id: str, answer: dict[str, Any]) -> None:
        with self._database.session() as session:
            if validations.end(session, validation_id, self._owner, answer):
                self._telemetry.validations.labels(answer["status"]).inc()

    def _release(self, validation_id: str) -> None:
        with contextlib.suppress(*UNAVAILABLE), self._database.session() as session:
            validations.release(session, validation_id, self._owner)

    def _keep_alive(self) -> None:
        renewed = time.monotonic()
        while not self._closing.wait(_LOOK_SECONDS):
            try:
                self._stop_lost()
                if time.monotonic() >= renewed + self._settings.lease_seconds / 4:
                    renewed = time.monotonic()
                    self._renew()
            except Exception as error:
                logger.error("leases could not be renewed: %s", describe(error))

    def _renew(self) -> None:
        for validation_id in list(self._going):
            with self._database.session() as session:
                validations.renew(session, validation_id, self._owner, self._settings.lease_seconds)

    def _stop_lost(self) -> None:
        """Stop what this process has no more: others cancelled it, or it was claimed from this one."""
        going = dict(self._going)
        if not going:
            return
        with self._database.reading() as session:
            mine = validations.owned(session, self._owner)
        for validation_id, one in going.items():
            if validation_id not in mine:
                one.stop()
