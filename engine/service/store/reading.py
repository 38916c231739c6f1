"""What pages show, read from the database: few columns of few rows, by the indexes that results have.

A window that was calculated several times shows what was calculated last; see `engine.service.store.results`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.display.sheets import one_line
from engine.models.result import Status
from engine.service.store.database import clock
from engine.service.store.kinds import PERIOD, RETENTION
from engine.service.store.scope import WorkspaceScope, is_watched
from engine.service.store.tables import (
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    Rule,
    RuleState,
    RunEvent,
    StoredDataset,
    StoredResult,
)
from engine.service.work.leases import CLOCK_SLACK
from sandbox.contract.signature import MOST_NAMES

_COLUMNS: Final = (
    "metric_version_id", "segment_key", "label", "window_start", "window_end", "as_of", "seq", "name",
    "status", "value", "rows",
)  # fmt: skip
# How long a window of a period is at most: what is longer is the mark of work that was given up.
_LONGEST: Final = {
    "hourly": timedelta(hours=2),
    "daily": timedelta(hours=26),
    "weekly": timedelta(days=8),
    "monthly": timedelta(days=32),
}
# Parts of one statement, of which SQLite takes 500.
_PARTS: Final = 100
BEGINNINGS: Final = ("calculation begins", "validation begins")


@dataclass(frozen=True, slots=True)
class Point:
    """One result, as far as charts need it."""

    metric_version_id: str
    segment_key: str
    label: str
    window_start: datetime
    window_end: datetime
    as_of: datetime
    seq: int
    name: str
    status: Status
    value: float | None
    rows: int | None


def current_codes(session: Session, metric_ids: Sequence[str]) -> dict[str, str]:
    """The ids of the codes that metrics have now, by the metrics' ids."""
    current = sa.and_(Metric.id == MetricVersion.metric_id, Metric.version == MetricVersion.number)
    query = sa.select(Metric.id, MetricVersion.id).join(MetricVersion, current)
    rows = session.execute(query.where(Metric.id.in_(metric_ids)))
    return {row[0]: row[1] for row in rows}


def newest_points(
    session: Session, codes: Sequence[str], dataset_id: str, period: str, most: int
) -> dict[str, list[Point]]:
    """The newest results of codes on all data of a dataset, by windows, oldest first."""
    found: dict[str, list[Point]] = {code: [] for code in codes}
    for place in range(0, len(codes), _PARTS):
        parts = [
            sa.select(_newest(session, code, dataset_id, "", most).subquery())
            for code in codes[place : place + _PARTS]
        ]
        for row in session.execute(sa.union_all(*parts)):
            found[row[0]].append(Point(*row))
    return {code: _latest(points, period) for code, points in found.items()}


def series(
    session: Session, code: str, dataset_id: str, segment_key: str, name: str, period: str, most: int
) -> list[Point]:
    """The newest results of a code on a segment for one of its names, by windows, oldest first."""
    query = _newest(session, code, dataset_id, segment_key, most).where(StoredResult.name == name)
    return _latest([Point(*row) for row in session.execute(query)], period)


def names_of(session: Session, code: str, dataset_id: str, segment_key: str) -> list[str]:
    """The names of what a code gives on a segment, by its newest results; "" is that of a single number."""
    # Of which no window has more.
    newest = _newest(session, code, dataset_id, segment_key, MOST_NAMES).subquery()
    query = sa.select(newest.c.name).order_by(newest.c.window_start.desc(), newest.c.seq)
    return list(dict.fromkeys(session.scalars(query)))


def all_segments(session: Session, code: str, dataset_id: str, period: str, windows: int) -> list[Point]:
    """The results of a code on every segment, in the newest windows."""
    start = _start(session, code, dataset_id, windows)
    if start is None:
        return []
    query = _results(session, code, dataset_id).where(StoredResult.window_start >= start)
    return _latest([Point(*row) for row in session.execute(query)], period)


def first_segments(
    session: Session, code: str, dataset_id: str, name: str, period: str, windows: int, most: int
) -> tuple[list[Point], int]:
    """The same of one name, on all data and the first segments only; and how many segments there are."""
    start = _start(session, code, dataset_id, windows)
    if start is None:
        return [], 0
    keys = _keys(session, code, dataset_id, start)
    query = _results(session, code, dataset_id).where(StoredResult.window_start >= start)
    query = query.where(StoredResult.name == name, StoredResult.segment_key.in_(["", *list(keys)[:most]]))
    return _latest([Point(*row) for row in session.execute(query)], period), len(keys)


def _start(session: Session, code: str, dataset_id: str, windows: int) -> datetime | None:
    """Where the newest windows of a code begin; None: it has none."""
    result = StoredResult
    query = sa.select(result.window_start).where(*_of(session, code, dataset_id), result.kind == PERIOD)
    query = query.where(result.segment_key == "").distinct().order_by(result.window_start.desc())
    starts = session.scalars(query.limit(windows)).all()
    return starts[-1] if starts else None


def _keys(session: Session, code: str, dataset_id: str, start: datetime) -> dict[str, str]:
    """The segments that have results since then: label by key, in the order of the run."""
    result = StoredResult
    query = sa.select(result.segment_key, sa.func.max(result.label)).where(
        *_of(session, code, dataset_id),
        result.kind == PERIOD,
        result.window_start >= start,
        result.segment_key != "",
    )
    query = query.group_by(result.segment_key).order_by(sa.func.min(result.seq))
    return {row[0]: row[1] for row in session.execute(query)}


def labels_of(session: Session, code: str, dataset_id: str) -> list[tuple[str, str]]:
    """The segments that have results in the newest windows: key and label, in the order of the run."""
    start = _start(session, code, dataset_id, 3)
    return [] if start is None else list(_keys(session, code, dataset_id, start).items())


def levels_of(session: Session, metric_id: str, segment_key: str, name: str) -> dict[str, float]:
    """The levels of rules that are drawn across a series, by what the rules are called."""
    found: dict[str, float] = {}
    query = sa.select(Rule).where(Rule.metric_id == metric_id).order_by(Rule.seq).limit(5)
    for rule in session.scalars(query):
        wanted = rule.definition
        level = wanted.get("above", wanted.get("below"))
        fits = wanted.get("segments") == "all" or not segment_key
        if level is not None and fits and wanted.get("number") in (None, name):
            found[one_line(rule.name)] = float(level)
    return found


def count_crossed(session: Session, metric_ids: Sequence[str]) -> dict[str, int]:
    """How many segments of metrics are beyond a rule."""
    query = sa.select(Rule.metric_id, sa.func.count()).join(RuleState, RuleState.rule_id == Rule.id)
    query = query.where(Rule.metric_id.in_(metric_ids), RuleState.state == "crossed", is_watched())
    return {row[0]: row[1] for row in session.execute(query.group_by(Rule.metric_id))}


def whole_retention(session: Session, code: str, dataset_id: str, segment_key: str) -> list[Point]:
    """What a code gave last over all of the retention, for each of its names."""
    query = sa.select(*(getattr(StoredResult, name) for name in _COLUMNS)).where(
        *_of(session, code, dataset_id),
        StoredResult.kind == RETENTION,
        StoredResult.segment_key == segment_key,
    )
    query = query.order_by(StoredResult.window_start.desc(), StoredResult.seq.desc()).limit(100)
    points = [Point(*row) for row in session.execute(query)]
    if not points:
        return []
    newest = max(points, key=lambda one: (one.as_of, one.window_end))
    return [one for one in points if (one.as_of, one.window_end) == (newest.as_of, newest.window_end)][::-1]


def rows_for_table(
    session: Session, code: str, dataset_id: str, segment_key: str, numbers: Iterable[int]
) -> dict[int, StoredResult]:
    """Whole results by their numbers, for those that a table shows."""
    query = sa.select(StoredResult).where(
        *_of(session, code, dataset_id),
        StoredResult.segment_key == segment_key,
        StoredResult.seq.in_(list(numbers)),
    )
    return {result.seq: result for result in session.scalars(query)}


def datasets_of(session: Session, model_id: str) -> list[tuple[ModelVersion, StoredDataset]]:
    """The versions of a model with their serving data, newest first."""
    query = sa.select(ModelVersion, StoredDataset).join(
        StoredDataset, StoredDataset.id == ModelVersion.serving_id
    )
    query = query.where(ModelVersion.model_id == model_id).order_by(ModelVersion.seq.desc()).limit(100)
    return [(version, dataset) for version, dataset in session.execute(query)]


def count_metrics(session: Session, model_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many metrics models have, and how many of these fail."""
    failing = sa.func.sum(sa.case((Metric.failures > 0, 1), else_=0))
    query = sa.select(Metric.model_id, sa.func.count(), failing).where(Metric.model_id.in_(model_ids))
    return {
        model: (count, bad or 0) for model, count, bad in session.execute(query.group_by(Metric.model_id))
    }


def runs_of(session: Session, scope: WorkspaceScope, before: int | None, most: int) -> list[RunEvent]:
    """The first lines of a workspace's newest runs and validations, newest first."""
    query = sa.select(RunEvent).where(
        RunEvent.account == scope.account,
        RunEvent.workspace == scope.workspace,
        RunEvent.message.in_(BEGINNINGS),
        *([] if before is None else [RunEvent.seq < before]),
    )
    return list(session.scalars(query.order_by(RunEvent.seq.desc()).limit(most)))


def names_of_codes(
    session: Session, scope: WorkspaceScope, codes: Sequence[str]
) -> dict[str, tuple[str, str, int]]:
    """The metric's id, its name, and the number of each code, where it is one of the workspace."""
    query = sa.select(MetricVersion.id, Metric.id, Metric.name, MetricVersion.number)
    query = query.join(Metric, Metric.id == MetricVersion.metric_id).join(Model, Model.id == Metric.model_id)
    query = query.where(Model.account == scope.account, Model.workspace == scope.workspace)
    found = session.execute(query.where(MetricVersion.id.in_(codes)))
    return {code: (metric, name, number) for code, metric, name, number in found}


def results_of_run(session: Session, scope: WorkspaceScope, run_id: str, most: int) -> list[StoredResult]:
    """Results of a run of the workspace."""
    query = sa.select(StoredResult).join(MetricVersion, MetricVersion.id == StoredResult.metric_version_id)
    query = query.join(Metric, Metric.id == MetricVersion.metric_id).join(Model, Model.id == Metric.model_id)
    query = query.where(Model.account == scope.account, Model.workspace == scope.workspace)
    query = query.where(StoredResult.run_id == run_id).order_by(StoredResult.seq).limit(most)
    return list(session.scalars(query))


def _of(session: Session, code: str, dataset_id: str) -> tuple[Any, ...]:
    # What was calculated for later than now is of a clock that has gone back since.
    seen = StoredResult.as_of <= clock(session) + CLOCK_SLACK
    return (StoredResult.metric_version_id == code, StoredResult.dataset_id == dataset_id, seen)


def _results(session: Session, code: str, dataset_id: str) -> sa.Select[Any]:
    columns = [getattr(StoredResult, name) for name in _COLUMNS]
    return sa.select(*columns).where(*_of(session, code, dataset_id), StoredResult.kind == PERIOD)


def _newest(session: Session, code: str, dataset_id: str, segment_key: str, most: int) -> sa.Select[Any]:
    query = _results(session, code, dataset_id).where(StoredResult.segment_key == segment_key)
    return query.order_by(StoredResult.window_start.desc(), StoredResult.seq.desc()).limit(most)


def _latest(points: Sequence[Point], period: str) -> list[Point]:
    """Of each window and segment what was calculated last, in the order of the windows."""
    longest = _LONGEST[period]
    newest: dict[tuple[Any, ...], datetime] = {}
    kept: dict[tuple[Any, ...], dict[str, Point]] = {}
    for point in points:
        if point.window_end - point.window_start > longest:
            continue
        place = _place(point)
        known = newest.get(place)
        if known is None or point.as_of > known:
            newest[place], kept[place] = point.as_of, {point.name: point}
        elif point.as_of == known:
            other = kept[place].setdefault(point.name, point)
            if point.seq > other.seq:
                kept[place][point.name] = point
    found = (point for names in kept.values() for point in names.values())
    return sorted(found, key=lambda one: (one.window_start, one.seq))


def _place(point: Point) -> tuple[Any, ...]:
    return (point.metric_version_id, point.segment_key, point.window_start, point.window_end)
