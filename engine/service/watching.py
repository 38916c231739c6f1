"""Rules applied to what was just calculated, in the transaction that notes it: states, marks, deliveries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.service.pages.reading import Point, all_segments
from engine.service.rules import Seen, level_of, state_of
from engine.service.store.database import clock
from engine.service.store.tables import (
    Delivery,
    Metric,
    MetricVersion,
    Model,
    Rule,
    RuleState,
    StoredResult,
    Work,
    make_id,
)


def watch_results(session: Session, work: Work) -> None:
    """Apply the rules of a metric to its newest windows on a dataset; old codes are not watched any more."""
    query = sa.select(Metric, Model).join(MetricVersion, MetricVersion.metric_id == Metric.id)
    query = query.join(Model, Model.id == Metric.model_id)
    query = query.where(MetricVersion.id == work.metric_version_id, MetricVersion.number == Metric.version)
    found = session.execute(query).first()
    if found is None:
        return
    metric, model = found
    of_metric = sa.select(Rule).where(Rule.metric_id == metric.id).order_by(Rule.seq)
    rules = list(session.scalars(of_metric.with_for_update()))  # two processes may end its work at once
    if not rules:
        return
    windows = 1 + max(level_of(rule.definition).windows for rule in rules)
    points = all_segments(session, work.metric_version_id, work.dataset_id, model.aggregation_period, windows)
    series: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        series.setdefault((point.segment_key, point.name), []).append(point)
    newest = max((point.window_start for point in points), default=None)
    crossed: dict[int, list[str]] = {}
    for rule in rules:
        for seq in _watch(session, metric, model, work.dataset_id, rule, series, newest):
            crossed.setdefault(seq, []).append(rule.id)
    for seq, ids in crossed.items():
        session.execute(sa.update(StoredResult).where(StoredResult.seq == seq).values(crossed=ids))


def _watch(
    session: Session,
    metric: Metric,
    model: Model,
    dataset_id: str,
    rule: Rule,
    series: Mapping[tuple[str, str], Sequence[Point]],
    newest: datetime | None,
) -> list[int]:
    """Note the states of one rule; return the numbers of the results that it marks."""
    level, wanted = level_of(rule.definition), rule.definition
    known = {
        (state.segment_key, state.name): state
        for state in session.scalars(
            sa.select(RuleState).where(RuleState.rule_id == rule.id, RuleState.dataset_id == dataset_id)
        )
    }
    marked = []
    for (key, name), points in series.items():
        last = points[-1]
        if last.window_start != newest or (wanted.get("segments") == "overall" and key):
            continue
        if wanted.get("number") not in (None, name):
            continue
        before = known.get((key, name))
        seen = [Seen(point.status, point.value, point.rows) for point in points]
        state = state_of(level, seen, told=before is not None and before.told)
        if before is None:
            before = RuleState(rule_id=rule.id, dataset_id=dataset_id, segment_key=key, name=name, told=False,
                               state="", since=last.window_start)  # fmt: skip
            session.add(before)
        if before.state != state:
            before.state, before.since = state, last.window_start
        before.label, before.value, before.window_start = last.label, last.value, last.window_start
        if state == "crossed":
            marked.append(last.seq)
        if (state == "crossed" and not before.told) or (state == "ok" and before.told):
            before.told = state == "crossed"
            if rule.url is not None:
                _tell(session, metric, model, dataset_id, rule, last, state)
    return marked


def _tell(
    session: Session, metric: Metric, model: Model, dataset_id: str, rule: Rule, point: Point, state: str
) -> None:
    """Let a change of state be sent, with an id by which a second delivery is told from news."""
    now, delivery_id = clock(session), make_id()
    body = {
        "id": delivery_id,
        "event": "crossed" if state == "crossed" else "returned",
        "at": now.isoformat(),
        "rule": {"id": rule.id, "name": rule.name, **rule.definition},
        "metric": {"id": metric.id, "name": metric.name, "version": metric.version},
        "model": {"id": model.id, "name": model.name},
        "dataset_id": dataset_id,
        "segment": json.loads(point.segment_key) if point.segment_key.startswith("{") else None,
        "label": point.label,
        "name": point.name or None,
        "status": point.status,
        "value": point.value,
        "rows": point.rows,
        "window": {"start": point.window_start.isoformat(), "end": point.window_end.isoformat()},
    }
    session.add(
        Delivery(id=delivery_id, rule_id=rule.id, body=json.dumps(body), not_before=now, created_at=now)
    )
