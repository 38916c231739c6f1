"""Running the metrics of a task on the engine, with what of its segments fits the data."""

from __future__ import annotations

import logging
from dataclasses import replace

from engine import Engine, Run, TimeRange
from engine.errors import UsageError
from engine.results.text import clean_text
from engine.service.data.baselines import dataset_of
from engine.service.data.datasets import SourceOwner, look_at_source
from engine.service.data.health import Data, Fit, look, note_fit, run_fitting
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.kinds import RECALCULATION
from engine.service.store.scope import is_alone
from engine.service.store.tables import Work, utc_now
from engine.service.work.heartbeat import Heartbeat
from engine.service.work.runlog import RunLog
from engine.service.work.tasks import Task
from engine.wording import said


class Evaluation:
    """Evaluates tasks, and notes how their data fits. Thread-safe."""

    def __init__(self, database: Database, engine: Engine, settings: Settings) -> None:
        self._database = database
        self._engine = engine
        self._settings = settings

    def run(self, task: Task, work: Work, heartbeat: Heartbeat, log: RunLog) -> dict[str, Run]:
        """Run with every segment group, or with those that fit the data if some do not.

        Args:
            task: what to run.
            work: any of it, for what all have in common.
            heartbeat: what cancels the runs if the claim is lost.
            log: told of segments that are left out.

        Returns:
            The runs by the ids of metric versions.

        Raises:
            CalcmetricError: as `Engine.evaluate_many`.
        """

        def look_again(error: UsageError) -> Fit:
            fit = self._look(task)
            self._note_fit(task, fit if fit.error or fit.segments else Fit(clean_text(said(error, "http"))))
            if fit.segments:
                log.tell("segments left out", level=logging.WARNING, segments=dict(fit.segments))
            return fit

        runs, fit = run_fitting(
            lambda segments: self._evaluate(replace(task, segments=segments), work, heartbeat),
            task.segments,
            look_again,
        )
        if not fit.segments:
            self._note_fit(task, fit)
        return runs

    def _look(self, task: Task) -> Fit:
        dataset, model = task.dataset, task.model
        data = Data(dataset.source, dataset.timestamp, model.zone, self._reader(task), dataset.text or {})
        return look(self._engine, self._settings, data, task.segments)

    def _reader(self, task: Task) -> SourceOwner:
        with self._database.reading() as session:
            return SourceOwner(task.model.account, is_alone(session))

    def _note_fit(self, task: Task, fit: Fit) -> None:
        known = task.dataset.health or {}
        if known.get("error") == fit.error and known.get("segments") == dict(fit.segments):
            return
        with self._database.session() as session:
            note_fit(session, task.dataset.id, fit, utc_now())

    def _evaluate(self, task: Task, work: Work, heartbeat: Heartbeat) -> dict[str, Run]:
        reader = self._reader(task)
        look_at_source(task.dataset.source, self._settings, reader)
        task.compared.look(self._settings, reader)
        retention = task.model.retention if work.kind != RECALCULATION else None
        return self._engine.evaluate_many(
            task.codes,
            dataset_of(task.dataset, retention),
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
