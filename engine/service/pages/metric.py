"""A metric: its series as a chart and a table, its segments as a heat map, its codes and how they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from engine.display.pages import heat_legend
from engine.display.shapes import CHARTS, Spot, heat_cell, line_chart, span_of, tone
from engine.display.sheets import ALL_DATA, SIGNS, moment, number, one_line
from engine.models.durations import parse_zone
from engine.models.result import STATUSES
from engine.results.text import visible_text
from engine.service.errors import NotFound
from engine.service.pages.differences import DifferenceLine, differences
from engine.service.pages.guard import PageRoute, Visit, VisitOf
from engine.service.pages.models import HEALTH
from engine.service.routes.metrics import given_up, metric_health
from engine.service.routes.results import list_results
from engine.service.state import StateOf
from engine.service.store import reading
from engine.service.store.kinds import ResultKind
from engine.service.store.reading import Point
from engine.service.store.scope import get_model, get_owned
from engine.service.store.tables import (
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    StoredDataset,
    StoredResult,
)

router = APIRouter(prefix="/metric/{metric_id}", route_class=PageRoute, include_in_schema=False)

_WINDOWS: Final = (30, 90, 365)
_HEAT_WINDOWS: Final = 90
_HEAT_SEGMENTS: Final = 300
_PICKED: Final = 1_000
_CODES: Final = 50
_PRINTED: Final = 4_000
_Windows = Annotated[int, Query(ge=1, le=400)]
_Data = Annotated[str, Query(max_length=64)]
_Segment = Annotated[str, Query(max_length=20_000)]
_Name = Annotated[str, Query(max_length=400)]
_Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class Shown:
    """What all pages of a metric begin with.

    Attributes:
        metric: the metric that the page is about.
        model: the model that it belongs to.
        code: the version of its code that is looked at.
        served: the model's versions with their data, newest first.
        data: the dataset that is looked at, with its version; None: the model has none.
        health: the health of the metric, as the API tells it.
        zone: the time zone that moments are shown in.
    """

    metric: Metric
    model: Model
    code: MetricVersion
    served: Sequence[tuple[ModelVersion, StoredDataset]]
    data: tuple[ModelVersion, StoredDataset] | None
    health: dict[str, Any]
    zone: tzinfo

    def moment(self, instant: datetime) -> str:
        """An instant in the model's zone."""
        return moment(instant.astimezone(self.zone))

    def values(self, tab: str) -> dict[str, Any]:
        """What the frame of the page needs."""
        sign, kind, words = HEALTH[self.health["status"]]
        paused = self.health["paused_until"]
        return {
            "tab": tab,
            "metric": self.metric,
            "model": self.model,
            "code": self.code,
            "health": (sign, kind, words),
            "health_error": self.health["error"] or "",
            "paused": self.moment(datetime.fromisoformat(paused)) if paused else "",
            "versions": [(version.id, one_line(version.name)) for version, _ in self.served],
            "data": "" if self.data is None else self.data[0].id,
        }


def find_shown(
    session: Session, visit: Visit, metric_id: str, data: str = "", version: int | None = None
) -> Shown:
    """A metric of the visitor's workspace, with the data and the code to look at; the newest ones by default.

    Raises:
        NotFound: there is no such metric, data or code.
    """
    metric = get_owned(session, visit.scope, Metric, metric_id)
    model = get_model(session, visit.scope, metric.model_id)
    wanted = (MetricVersion.metric_id == metric.id, MetricVersion.number == (version or metric.version))
    code = session.scalars(sa.select(MetricVersion).where(*wanted)).one_or_none()
    if code is None:
        raise NotFound("version of this metric")
    served = reading.datasets_of(session, model.id)
    chosen = next((pair for pair in served if pair[0].id == data), None) if data else (served or (None,))[0]
    if data and chosen is None:
        raise NotFound("version of the model")
    health = metric_health(metric, given_up(session, [code.id]).get(code.id))
    return Shown(metric, model, code, served, chosen, health, parse_zone(model.zone))


@dataclass(frozen=True, slots=True)
class _Series:
    """What the page of a segment's series shows.

    Attributes:
        names: the numbers that the metric gives of it.
        name: the one that is looked at.
        points: its newest windows, oldest first.
        whole: the same number of the whole retention.
        labels: the segments that there are, by key, with their labels.
        table: the results of the windows, by their numbers.
    """

    names: Sequence[str] = ()
    name: str = ""
    points: Sequence[Point] = ()
    whole: Point | None = None
    labels: Sequence[tuple[str, str]] = ()
    table: Mapping[int, StoredResult] = field(default_factory=dict)


def _read_series(session: Session, shown: Shown, segment: str, name: str, windows: int) -> _Series:
    if shown.data is None:
        return _Series()
    code, dataset, period = shown.code.id, shown.data[1].id, shown.model.aggregation_period
    whole = reading.whole_retention(session, code, dataset, segment)
    given = reading.names_of(session, code, dataset, segment)
    names = list(dict.fromkeys([*(point.name for point in whole), *given]))
    chosen = name if name in names else (names or [""])[0]
    most = 4 * windows  # some were calculated again
    points = reading.series(session, code, dataset, segment, chosen, period, most)[-windows:]
    return _Series(
        names,
        chosen,
        points,
        next((point for point in whole if point.name == chosen), None),
        reading.labels_of(session, code, dataset),
        reading.rows_for_table(session, code, dataset, segment, [point.seq for point in points]),
    )


@router.get("")
def show_series(
    metric_id: str,
    state: StateOf,
    visit: VisitOf,
    segment: _Segment = "",
    name: _Name = "",
    windows: _Windows = _WINDOWS[0],
    data: _Data = "",
    version: _Version = None,
) -> Response:
    """The series of a segment: its chart, and its table."""
    with state.database.reading() as session:
        shown = find_shown(session, visit, metric_id, data, version)
        found = _read_series(session, shown, segment, name, windows)
        marks = reading.levels_of(session, shown.metric.id, segment, found.name)
    points, labels = found.points, found.labels
    spots = [_spot(shown, point) for point in points]
    label = dict(labels).get(segment, _label_of(points)) if segment else ALL_DATA
    return visit.page(
        "series.html",
        **shown.values("series"),
        segment=segment,
        segment_label=one_line(label),
        segments=[("", ALL_DATA), *((key, one_line(text)) for key, text in labels[:_PICKED])],
        unpicked=max(0, len(labels) - _PICKED),
        first=points[0].window_start.isoformat() if points else "",
        names=[one for one in found.names if one],
        name=found.name,
        windows=windows,
        choices=_WINDOWS,
        newest=_tile(shown, points[-1]) if points else None,
        before=_tile(shown, points[-2]) if len(points) > 1 else None,
        whole=_tile(shown, found.whole) if found.whole is not None else None,
        counts=[
            {
                "count": count,
                "sign": SIGNS[status],
                "status": status,
                "tone": tone(status),
                "means": STATUSES[status],
            }
            for status, count in Counter(point.status for point in points).most_common()
        ],
        charts=[line_chart(spots, marks, size) for size in CHARTS] if spots else [],
        rows=[_row(shown, found.table[one.seq]) for one in reversed(points) if one.seq in found.table],
        label=label,
    )


@router.get("/segments")
def show_segments(
    metric_id: str,
    state: StateOf,
    visit: VisitOf,
    name: _Name = "",
    windows: _Windows = _HEAT_WINDOWS,
    data: _Data = "",
    version: _Version = None,
) -> Response:
    """Segments by windows, as a heat map."""
    windows = min(windows, _HEAT_WINDOWS)
    with state.database.reading() as session:
        shown = find_shown(session, visit, metric_id, data, version)
        points: list[Point] = []
        names: list[str] = []
        count = 0
        if shown.data is not None:
            code, dataset, period = shown.code.id, shown.data[1].id, shown.model.aggregation_period
            names = reading.names_of(session, code, dataset, "")
        chosen = name if name in names else (names or [""])[0]
        if shown.data is not None:
            points, count = reading.first_segments(
                session, code, dataset, chosen, period, windows, _HEAT_SEGMENTS
            )
    heat = _heat(shown, points, windows, max(0, count - _HEAT_SEGMENTS))
    return visit.page(
        "segments.html",
        **shown.values("segments"),
        names=[one for one in names if one],
        name=chosen,
        heat=heat,
        windows=windows,
        choices=tuple(choice for choice in _WINDOWS if choice <= _HEAT_WINDOWS),
    )


@router.get("/code")
def show_code(
    metric_id: str, state: StateOf, visit: VisitOf, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0
) -> Response:
    """The codes that a metric had, newest first, each with what it changed."""
    with state.database.reading() as session:
        shown = find_shown(session, visit, metric_id)
        query = sa.select(MetricVersion).where(MetricVersion.metric_id == shown.metric.id)
        if after:
            query = query.where(MetricVersion.number < after)
        found = list(session.scalars(query.order_by(MetricVersion.number.desc()).limit(_CODES + 1)))
    codes = [
        {
            "number": code.number,
            "created": shown.moment(code.created_at),
            "sha256": code.sha256[:12],
            "params": [
                (one_line(key), one_line(repr(value))) for key, value in sorted((code.params or {}).items())
            ],
            "warnings": code.warnings,
            "code": visible_text(code.code),
            "lines": _lines(earlier, code),
        }
        for code, earlier in zip(found, [*found[1:], None], strict=True)
    ][:_CODES]
    following = codes[-1]["number"] if len(found) > _CODES else None
    return visit.page("code.html", **shown.values("code"), codes=codes, following=following)


@router.get("/results.csv")
def download(
    metric_id: str,
    state: StateOf,
    visit: VisitOf,
    label: Annotated[str | None, Query(max_length=4_000)] = None,
    name: Annotated[str | None, Query(max_length=400)] = None,
    data: _Data = "",
    version: _Version = None,
    kind: ResultKind | None = None,
    window: ResultKind | None = None,
    start: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """The results as CSV: what a page shows, or all."""
    with state.database.reading() as session:
        shown = find_shown(session, visit, metric_id, data, version)
    answer = list_results(
        metric_id,
        visit.scope,
        state,
        start=start,
        kind=kind,
        window=window,
        segment=label or None,
        name=name or None,
        overall=label == "",
        version=shown.code.number,
        dataset_id=None if shown.data is None else shown.data[1].id,
        format="csv",
    )
    assert isinstance(answer, Response)
    answer.headers["Content-Disposition"] = f'attachment; filename="metric-{shown.metric.id}.csv"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _label_of(points: Sequence[Point]) -> str:
    return points[-1].label if points else "a segment without results"


def _spot(shown: Shown, point: Point) -> Spot:
    when = shown.moment(point.window_start)
    value = number(point.value) if point.value is not None else f"{SIGNS[point.status]} {point.status}"
    rows = "" if point.rows is None else f", {point.rows:,} rows"
    return Spot(when, point.status, point.value if point.status == "ok" else None, f"{when}: {value}{rows}")


def _tile(shown: Shown, point: Point) -> dict[str, Any]:
    return {
        "shown": number(point.value) if point.value is not None else "",
        "sign": SIGNS[point.status],
        "status": point.status,
        "tone": tone(point.status),
        "rows": "" if point.rows is None else f"{point.rows:,} rows",
        "window": shown.moment(point.window_start),
    }


def _row(shown: Shown, result: StoredResult) -> dict[str, Any]:
    error = result.error or {}
    return {
        "window": shown.moment(result.window_start),
        "value": number(result.value, 10) if result.value is not None else "",
        "status": result.status,
        "sign": SIGNS[result.status],
        "tone": tone(result.status),
        "rows": "" if result.rows is None else f"{result.rows:,}",
        "baseline_rows": "" if result.baseline_rows is None else f"{result.baseline_rows:,}",
        "run_id": result.run_id,
        "crossed": bool(result.crossed),
        "line": error.get("line") or "",
        "message": visible_text(str(error.get("message") or "")),
        "hint": visible_text(str(error.get("hint") or "")),
        "printed": visible_text(result.printed[:_PRINTED]),
    }


def _heat(shown: Shown, points: Sequence[Point], most: int, left_out: int) -> dict[str, Any] | None:
    """Segments by windows; None if there is nothing."""
    if not points:
        return None
    starts = sorted({point.window_start for point in points})[-most:]
    rows: dict[str, dict[datetime, Point]] = {}
    labels: dict[str, str] = {"": ALL_DATA}
    for point in points:
        rows.setdefault(point.segment_key, {})[point.window_start] = point
        if point.segment_key:
            labels[point.segment_key] = one_line(point.label)
    keys = sorted(rows, key=lambda key: key != "")
    span = span_of([point.value for point in points])
    cells = []
    for key in keys:
        own = [rows[key].get(start) for start in starts]
        cells.append(
            {
                "key": key,
                "label": labels[key],
                "cells": [heat_cell(one.status, one.value, span) if one else ("n", "", "") for one in own],
            }
        )
    seen = {point.status for point in points}
    return {
        "heads": [shown.moment(start) for start in starts],
        "rows": cells,
        "low": number(span[0]) if span else "",
        "high": number(span[1]) if span else "",
        "legend": heat_legend(seen),
        "left_out": left_out,
        "first": starts[0].isoformat(),
    }


def _lines(earlier: MetricVersion | None, code: MetricVersion) -> list[DifferenceLine] | None:
    return None if earlier is None else differences(visible_text(earlier.code), visible_text(code.code))
