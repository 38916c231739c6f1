"""Results that are appended to a table of the operator's, beside the database.

What a run gave is noted as outgoing in the transaction that keeps it. Later it is part of a batch,
which has its name before it is written: should this process die meanwhile, the next one appends the same
batch, which the table takes once. What the database keeps never waits for the table.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.display.saving import append_results, check_table
from engine.errors import CalcmetricError
from engine.failures import describe
from engine.models.outcome import outcome_row
from engine.models.targets import parse_target
from engine.results.tables import results_arrow
from engine.service.settings import Settings
from engine.service.store.database import Database, clock
from engine.service.store.tables import (
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    Outgoing,
    StoredResult,
    Work,
    make_id,
)
from engine.service.work.leases import backoff
from engine.version import VERSION

logger = logging.getLogger(__name__)

# Runs that are appended together, and how long is waited for more: each batch is a commit.
_TOGETHER: Final = 100
_PAUSE: Final = 30.0
# Longer than appending may take, so that no other process tries meanwhile; nothing is wrong if one does.
_TAKEN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What this process appends.

    Attributes:
        id: the id by which the table knows the batch, so that it takes it only once.
        runs: their ids, each with its metric version and dataset.
        attempts: how often it was tried, this time included.
    """

    id: str
    runs: tuple[tuple[str, str, str], ...]
    attempts: int


def note_outgoing(session: Session, run_id: str, work: Work) -> None:
    """Note that what a run gave is to be appended."""
    run = {"run_id": run_id, "metric_version_id": work.metric_version_id, "dataset_id": work.dataset_id}
    session.add(Outgoing(**run, created_at=clock(session)))


class Exporter:
    """Appends what is outgoing. Several processes may."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Append nothing yet.

        Raises:
            UsageError: the settings name a table that cannot be, or what writes it is not installed.
        """
        self._database = database
        named = None if settings.save_results is None else parse_target(settings.save_results)
        self._target = None if named is None else check_table(named)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calcmetric-results", daemon=True)

    def start(self) -> None:
        """Append from now on, if there is a table."""
        if self._target is not None:
            self._thread.start()

    def stop(self) -> None:
        """Append nothing more; what is not appended yet stays outgoing."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_PAUSE)

    def append_due(self) -> int:
        """Append everything that is due; return how many batches that were.

        Raises:
            DataError: one could not be appended; it is due again later.
        """
        count = 0
        while self._target is not None and not self._stopped.is_set() and (batch := self._take()) is not None:
            try:
                rows = self._rows(batch)
                if rows.num_rows:
                    append_results(self._target, {batch.id: rows})
            except CalcmetricError:
                self._note_failure(batch)
                raise
            with self._database.session() as session:
                session.execute(sa.delete(Outgoing).where(Outgoing.batch == batch.id))
            count += 1
        return count

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE):
            try:
                self.append_due()
            except Exception as error:
                logger.error("results cannot be appended: %s", describe(error))

    def _take(self) -> _Batch | None:
        """A batch that was tried before and is due again, or a new one."""
        with self._database.session() as session:
            now = clock(session)
            query = sa.select(Outgoing).order_by(Outgoing.seq).with_for_update(skip_locked=True)
            again = query.where(Outgoing.batch.is_not(None), Outgoing.not_before <= now).limit(1)
            first = session.scalars(again).one_or_none()
            if first is not None:
                found = list(session.scalars(query.where(Outgoing.batch == first.batch)))
            else:
                found = list(session.scalars(query.where(Outgoing.batch.is_(None)).limit(_TOGETHER)))
            if not found:
                return None
            name = found[0].batch or make_id()
            for one in found:
                one.batch, one.attempts, one.not_before = name, one.attempts + 1, now + _TAKEN
            runs = tuple((one.run_id, one.metric_version_id, one.dataset_id) for one in found)
            return _Batch(name, runs, found[0].attempts)

    def _note_failure(self, batch: _Batch) -> None:
        with self._database.session() as session:
            later = clock(session) + backoff(batch.attempts)
            mine = sa.update(Outgoing).where(Outgoing.batch == batch.id)
            session.execute(mine.values(not_before=later))

    def _rows(self, batch: _Batch) -> pa.Table:
        """The results of its runs that the database still has."""
        with self._database.reading() as session:
            rows = [row for run in batch.runs for row in _rows_of(session, *run)]
        return results_arrow(rows)


def _rows_of(
    session: Session, run_id: str, metric_version_id: str, dataset_id: str
) -> Iterator[dict[str, Any]]:
    query = (
        sa.select(MetricVersion, Metric, Model)
        .join(Metric, Metric.id == MetricVersion.metric_id)
        .join(Model, Model.id == Metric.model_id)
    )
    about = session.execute(query.where(MetricVersion.id == metric_version_id)).one_or_none()
    if about is None:
        return  # deleted meanwhile
    code, metric, model = about
    versions = sa.select(ModelVersion.name).where(ModelVersion.serving_id == dataset_id).limit(1)
    constant = {
        "run_id": run_id,
        "metric": metric.name,
        "zone": model.zone,
        "source_sha256": code.sha256,
        "engine": VERSION,
        "params": json.dumps(code.params or {}, ensure_ascii=False),
        "account": model.account,
        "workspace": model.workspace,
        "model": model.name,
        "model_version": session.scalars(versions).one_or_none(),
        "metric_version": code.number,
    }
    same = (StoredResult.metric_version_id == metric_version_id, StoredResult.dataset_id == dataset_id)
    results = sa.select(StoredResult).where(*same, StoredResult.run_id == run_id).order_by(StoredResult.seq)
    for result in session.scalars(results):
        yield {**constant, **_row(result)}


def _row(result: StoredResult) -> dict[str, Any]:
    return {
        **outcome_row(result, result.segment, (result.window_start, result.window_end), result.error),
        "as_of": result.as_of,
        "snapshot": result.snapshot or None,
        "kind": result.kind,
        "created_at": result.created_at,
    }
