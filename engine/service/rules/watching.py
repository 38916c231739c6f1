"""Rules applied to what was just calculated, in the transaction that notes it: states, marks, deliveries.

A segment that is in none of the newest windows has vanished from the data: its state goes, and where a
crossing was told, so is its end, for nothing else would ever end it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.models.result import GOOD
from engine.service.rules.conditions import SeenWindow, condition_of, state_of
from engine.service.store.database import clock
from engine.service.store.kinds import DUE, WINDOWS
from engine.service.store.reading import Point, all_segments
from engine.service.store.tables import (
    Delivery,
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    Rule,
    RuleState,
    StoredResult,
    Work,
    make_id,
)

# Why a rule returned, where it is not that a number is within it again.
VANISHED: Final = "vanished"


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
    points = _newest_points(session, model, work.metric_version_id, work.dataset_id, rules)
    if points and not _newer_to_come(session, work, points):
        _apply(session, metric, model, work.dataset_id, rules, points)


def watch_now(session: Session, metric: Metric, rule: Rule) -> None:
    """Apply a new rule to what was calculated before: nobody is to wait for the next window."""
    model = session.scalars(sa.select(Model).where(Model.id == metric.model_id)).one()
    current = (MetricVersion.metric_id == metric.id, MetricVersion.number == metric.version)
    code = session.scalars(sa.select(MetricVersion.id).where(*current)).one()
    served = sa.select(ModelVersion.serving_id).where(
        ModelVersion.model_id == model.id, ModelVersion.is_active
    )
    for dataset_id in dict.fromkeys(one for one in session.scalars(served) if one is not None):
        if points := _newest_points(session, model, code, dataset_id, [rule]):
            _apply(session, metric, model, dataset_id, [rule], points)


def _newest_points(
    session: Session, model: Model, code: str, dataset_id: str, rules: Sequence[Rule]
) -> list[Point]:
    """As many windows as the rules need; none if there is no rule."""
    if not rules:
        return []
    windows = 1 + max(condition_of(rule.definition).windows for rule in rules)
    return all_segments(session, code, dataset_id, model.aggregation_period, windows)


def _apply(
    session: Session,
    metric: Metric,
    model: Model,
    dataset_id: str,
    rules: Sequence[Rule],
    points: Sequence[Point],
) -> None:
    series: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        series.setdefault((point.segment_key, point.name), []).append(point)
    crossed: dict[int, list[str]] = {}
    for rule in rules:
        for seq in _watch(session, metric, model, dataset_id, rule, series):
            crossed.setdefault(seq, []).append(rule.id)
    marked = sa.select(StoredResult).where(StoredResult.seq.in_(list(crossed)))
    for result in session.scalars(marked):
        known = [one for one in result.crossed or () if one not in crossed[result.seq]]
        result.crossed = [*known, *crossed[result.seq]]


def _newer_to_come(session: Session, work: Work, points: Sequence[Point]) -> bool:
    """Whether newer windows were planned together with a piece of work, as they are for a new code.

    They come oldest first, and what is told is to be told of the newest.
    """
    query = sa.select(Work.seq).where(
        Work.metric_version_id == work.metric_version_id,
        Work.dataset_id == work.dataset_id,
        Work.as_of == work.as_of,
        Work.kind == WINDOWS,
        Work.state == DUE,
        Work.end > max(point.window_end for point in points),
    )
    return session.scalars(query.limit(1)).first() is not None


def _watch(
    session: Session,
    metric: Metric,
    model: Model,
    dataset_id: str,
    rule: Rule,
    series: Mapping[tuple[str, str], Sequence[Point]],
) -> list[int]:
    """Note the states of one rule; return the numbers of the results that it marks."""
    condition, wanted = condition_of(rule.definition), rule.definition
    newest = max((points[-1] for points in series.values()), key=lambda one: one.window_start)
    known = {
        (state.segment_key, state.name): state
        for state in session.scalars(
            sa.select(RuleState).where(RuleState.rule_id == rule.id, RuleState.dataset_id == dataset_id)
        )
    }
    marked = []
    for (key, name), points in series.items():
        last = points[-1]
        if last.window_start != newest.window_start or (wanted.get("segments") == "overall" and key):
            continue
        if wanted.get("number") not in (None, name):
            continue
        before = known.pop((key, name), None)
        if before is None:
            before = RuleState(rule_id=rule.id, dataset_id=dataset_id, segment_key=key, name=name, told=False,
                               state="", since=last.window_start)  # fmt: skip
            session.add(before)
        seen = [SeenWindow(point.status, point.value, point.rows) for point in points]
        state = state_of(condition, seen, told=before.told)
        if state == "crossed":
            marked.append(last.seq)
        if _note(before, state, last) and rule.url is not None:
            _tell(session, metric, model, dataset_id, rule, last, state)
    for before in _miss(known.values(), series, newest, condition.windows):
        if before.told and rule.url is not None:
            last = replace(newest, segment_key=before.segment_key, label=before.label, name=before.name,
                           value=None, rows=None)  # fmt: skip
            _tell(session, metric, model, dataset_id, rule, last, "ok", VANISHED)
        session.delete(before)
    return marked


def _note(before: RuleState, state: str, last: Point) -> bool:
    """Note the state of a series; whether it has to be told."""
    if before.state != state:
        before.state, before.since = state, last.window_start
    before.label, before.value, before.window_start = last.label, last.value, last.window_start
    changed = (state == "crossed" and not before.told) or (state == "ok" and before.told)
    if changed:
        before.told = state == "crossed"
    return changed


def _miss(
    absent: Iterable[RuleState],
    series: Mapping[tuple[str, str], Sequence[Point]],
    newest: Point,
    windows: int,
) -> list[RuleState]:
    """Note that segments are not in the newest window; return those that were in none of so many."""
    whole = [point for (key, _), points in series.items() if not key for point in points]
    # Where all data failed, nobody knows which segments there are.
    known = {point.window_start for point in whole if point.status in GOOD}
    if newest.window_start not in known:
        return []
    gone = []
    for state in absent:
        own = series.get((state.segment_key, state.name), ())
        if sum(not own or start > own[-1].window_start for start in known) >= windows:
            gone.append(state)
        elif state.state != "no_data":
            state.state, state.since = "no_data", newest.window_start
        state.value, state.window_start = None, newest.window_start
    return gone


def _tell(
    session: Session,
    metric: Metric,
    model: Model,
    dataset_id: str,
    rule: Rule,
    point: Point,
    state: str,
    reason: str | None = None,
) -> None:
    """Let a change of state be sent, with an id by which a second delivery is told from news."""
    now, delivery_id = clock(session), make_id()
    body = {
        "id": delivery_id,
        "event": "crossed" if state == "crossed" else "returned",
        "reason": reason,
        "at": now.isoformat(),
        "rule": {"id": rule.id, "name": rule.name, **rule.definition},
        "metric": {"id": metric.id, "name": metric.name, "version": metric.version},
        "model": {"id": model.id, "name": model.name},
        "dataset_id": dataset_id,
        "segment": json.loads(point.segment_key) if point.segment_key.startswith("{") else None,
        "label": point.label,
        "name": point.name or None,
        "status": point.status if reason is None else None,  # what has vanished has none
        "value": point.value,
        "rows": point.rows,
        "window": {"start": point.window_start.isoformat(), "end": point.window_end.isoformat()},
    }
    session.add(
        Delivery(id=delivery_id, rule_id=rule.id, body=json.dumps(body), not_before=now, created_at=now)
    )
