"""Letting go of what is old: results, ended work, validations, logs, and counts of requests.

A model's results and work stay for at least its retention: by them the schedule knows what was calculated.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from engine.models import parse_duration, parse_zone
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.kinds import DUE, ENDED
from engine.service.store.tables import (
    Base,
    Model,
    Rate,
    RunEvent,
    StoredDataset,
    StoredResult,
    Validation,
    Work,
)

logger = logging.getLogger(__name__)

_EVERY: Final = timedelta(hours=1)
# Rows that one transaction deletes, so that others do not wait long.
_BATCH: Final = 5_000
_VALIDATIONS: Final = timedelta(days=30)
_RATES: Final = timedelta(hours=1)


def prune(database: Database, now: datetime, settings: Settings) -> int:
    """Delete what is older than `settings.keep`; nothing, but counts of requests, where that is None.

    Returns:
        How many rows were deleted.
    """
    deleted = _delete(database, Rate, Rate.since < now - _RATES)
    if settings.keep is None:
        return deleted
    with database.reading() as session:
        models = list(session.scalars(sa.select(Model)))
    kept = parse_duration(settings.keep, what="keep")
    for model in models:
        zone, retention = parse_zone(model.zone), parse_duration(model.retention)
        before = min(kept.before(now, zone), retention.before(now, zone))
        of_model = sa.select(StoredDataset.id).where(StoredDataset.model_id == model.id)
        results = (StoredResult.dataset_id.in_(of_model), StoredResult.window_end < before)
        deleted += _delete(database, StoredResult, *results)
        work = (Work.model_id == model.id, Work.end < before, Work.state != DUE, Work.owner.is_(None))
        deleted += _delete(database, Work, *work)
    oldest = kept.before(now, parse_zone("UTC"))
    deleted += _delete(database, RunEvent, RunEvent.created_at < oldest)
    validations = (Validation.state == ENDED, Validation.created_at < min(oldest, now - _VALIDATIONS))
    return deleted + _delete(database, Validation, *validations)


class Pruner:
    """Prunes once an hour."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._last: datetime | None = None

    def run(self, now: datetime) -> None:
        """Prune, if that was long ago."""
        if self._last is not None and self._last <= now < self._last + _EVERY:
            return
        self._last = now
        if count := prune(self._database, now, self._settings):
            logger.info("%s old rows were deleted", count)


def _delete(database: Database, table: type[Base], *where: Any) -> int:
    key: Any = sa.inspect(table).primary_key[0]
    total = 0
    while True:
        with database.session() as session:
            old = sa.select(key).where(*where).limit(_BATCH)
            gone = len(session.execute(sa.delete(table).where(key.in_(old)).returning(key)).all())
        total += gone
        if gone < _BATCH:
            return total
