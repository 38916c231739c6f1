"""From the database to the schedule and back: due work is planned once, whoever plans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.models import parse_duration, parse_zone
from engine.service.store.database import Database, clock, insert_missing
from engine.service.store.kinds import DUE, RECALCULATION, WorkState
from engine.service.store.tables import (
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    StoredDataset,
    Work,
    make_id,
    utc_now,
)
from engine.service.work.leases import CLOCK_SLACK, LONGEST_PAUSE
from engine.service.work.schedule import Due, PlannedModel, PlannedSpan, due_work, last_tick


class Planner:
    """Plans due work. Remembers what it has looked at, so that nothing new costs one small query."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, tuple[object, ...]] = {}

    def plan(self, now: datetime) -> int:
        """Plan what is due; return how many pieces of work that were."""
        with self._database.reading() as session:
            models = [model for model in load_models(session) if self._is_new(model, now)]
            due = tuple(
                one for model in models for one in due_work([model], load_planned(session, model, now), now)
            )
        if due:
            with self._database.session() as session:
                add_work(session, due)
        for model in models:
            self._seen[model.id] = _state(model, now)
        return len(due)

    def _is_new(self, model: PlannedModel, now: datetime) -> bool:
        return self._seen.get(model.id) != _state(model, now)


def _state(model: PlannedModel, now: datetime) -> tuple[object, ...]:
    running = frozenset(metric for metric, pause in model.metrics.items() if pause is None or pause <= now)
    tick = last_tick(now, model.period, model.zone)
    return tick, model.period, model.retention, model.zone, frozenset(model.datasets.items()), running


def add_work(session: Session, due: Sequence[Due]) -> None:
    """Add work that is not there yet."""
    made = utc_now()
    fresh = {"state": DUE, "attempts": 0, "created_at": made}
    insert_missing(session, Work, [{**asdict(one), **fresh, "id": make_id()} for one in due])


def count_work(database: Database) -> dict[str, int]:
    """How many pieces of work are in each state."""
    with database.reading() as session:
        query = sa.select(Work.state, sa.func.count()).group_by(Work.state)
        found = {state: count for state, count in session.execute(query)}  # noqa: C416 - rows are no pairs
    return {**dict.fromkeys(get_args(WorkState), 0), **found}


def load_models(session: Session, model_id: str | None = None) -> list[PlannedModel]:
    """Every model, or one, with its active versions' serving datasets and its metrics' current codes."""
    datasets: dict[str, dict[str, bool]] = defaultdict(dict)
    query = sa.select(StoredDataset.model_id, StoredDataset.id, StoredDataset.timestamp)
    query = query.join(ModelVersion, ModelVersion.serving_id == StoredDataset.id)
    query = query.where(ModelVersion.is_active)
    models = sa.select(Model).order_by(Model.seq)
    if model_id is not None:
        query, models = query.where(StoredDataset.model_id == model_id), models.where(Model.id == model_id)
    for model, dataset, timestamp in session.execute(query):
        datasets[model][dataset] = timestamp is not None
    metrics: dict[str, dict[str, datetime | None]] = defaultdict(dict)
    longest = clock(session) + LONGEST_PAUSE + CLOCK_SLACK
    codes = sa.select(Metric.model_id, MetricVersion.id, Metric.blocked_until).join(
        MetricVersion,
        sa.and_(MetricVersion.metric_id == Metric.id, MetricVersion.number == Metric.version),
    )
    if model_id is not None:
        codes = codes.where(Metric.model_id == model_id)
    for model, code, pause in session.execute(codes):
        # A pause longer than any is of a clock that has gone back since.
        metrics[model][code] = pause if pause is None or pause <= longest else None
    return [
        PlannedModel(
            id=model.id,
            period=model.aggregation_period,
            retention=model.retention,
            zone=model.zone,
            datasets=datasets[model.id],
            metrics=metrics[model.id],
        )
        for model in session.scalars(models)
    ]


def load_planned(
    session: Session, model: PlannedModel, now: datetime
) -> dict[tuple[str, str], list[PlannedSpan]]:
    """What was planned of a model within its retention, by code and dataset."""
    tick = last_tick(now, model.period, model.zone)
    start = parse_duration(model.retention).before(tick, parse_zone(model.zone))
    query = sa.select(
        Work.metric_version_id, Work.dataset_id, Work.kind, Work.start, Work.end, Work.every, Work.zone
    )
    # What was planned for later than now was planned by a clock that has gone back since.
    query = query.where(Work.model_id == model.id, Work.end > start, Work.as_of <= now + CLOCK_SLACK)
    query = query.where(Work.kind != RECALCULATION)
    spans: dict[tuple[str, str], list[PlannedSpan]] = defaultdict(list)
    for code, dataset, kind, low, high, every, zone in session.execute(query):
        spans[code, dataset].append(PlannedSpan(kind, low, high, every, zone))
    return spans
