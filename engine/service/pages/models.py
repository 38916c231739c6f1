"""Models, and the metrics of one with their health and newest values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Response

from engine.display.shapes import spark, tone
from engine.display.sheets import SIGNS, moment, number, one_line
from engine.models.durations import parse_zone
from engine.service.data.health import version_health
from engine.service.pages.guard import PageRoute, VisitOf
from engine.service.routes.metrics import given_up, metric_health
from engine.service.routes.segments import show_segment
from engine.service.state import StateOf
from engine.service.store import reading
from engine.service.store.reading import Point
from engine.service.store.scope import datasets_of_versions, get_model, models_of, owned, segments_of
from engine.service.store.tables import Metric, Model, ModelVersion

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE: Final = 50
_WINDOWS: Final = 30
_Search = Annotated[str, Query(max_length=200)]
_After = Annotated[int, Query(ge=0, le=2**31 - 1)]
# Words for the health of metrics and of data, with their sign and tone.
HEALTH: Final = {
    "good": ("✓", "ok", "good"),
    "failing": ("!", "bad", "failing"),
    "poisoned": ("†", "bad", "given up"),
    "bad-segments": ("?", "quiet", "some segments do not fit"),
    "no-timestamp": ("\u2013", "quiet", "not scheduled"),
    "no-data": ("\u2013", "quiet", "without data as yet"),
    "unchecked": ("\u2013", "quiet", "not looked at yet"),
}


@router.get("/")
def show_models(state: StateOf, visit: VisitOf, q: _Search = "", after: _After = 0) -> Response:
    """The models of the workspace."""
    with state.database.reading() as session:
        query = models_of(visit.scope).where(*_matching(Model.name, q))
        count = session.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())) or 0
        found = list(session.scalars(query.where(Model.seq > after).limit(_PAGE + 1)))
        models, more = found[:_PAGE], found[_PAGE:]
        ids = [model.id for model in models]
        metrics = reading.count_metrics(session, ids)
        newest = sa.select(sa.func.max(ModelVersion.seq)).where(ModelVersion.model_id.in_(ids))
        newest = newest.group_by(ModelVersion.model_id)
        versions = list(session.scalars(sa.select(ModelVersion).where(ModelVersion.seq.in_(newest))))
        datasets = datasets_of_versions(session, versions)
    health = {one.model_id: version_health(one, datasets, frozenset()) for one in versions}
    rows = [
        {
            "id": model.id,
            "name": one_line(model.name),
            "period": model.aggregation_period,
            "retention": model.retention,
            "zone": model.zone,
            "metrics": metrics.get(model.id, (0, 0))[0],
            "failing": metrics.get(model.id, (0, 0))[1],
            "health": HEALTH[health[model.id]["status"]]
            if model.id in health
            else ("\u2013", "quiet", "no data yet"),
        }
        for model in models
    ]
    following = models[-1].seq if more else None
    return visit.page("models.html", rows=rows, count=count, q=q, after=after, following=following)


@router.get("/models/{model_id}")
def show_model(model_id: str, state: StateOf, visit: VisitOf, q: _Search = "", after: _After = 0) -> Response:
    """A model: its metrics with health and newest values, its data, its segments."""
    with state.database.reading() as session:
        model = get_model(session, visit.scope, model_id)
        query = owned(visit.scope, Metric, model.id).where(*_matching(Metric.name, q))
        count = session.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())) or 0
        found = list(session.scalars(query.where(Metric.seq > after).limit(_PAGE + 1)))
        metrics, more = found[:_PAGE], found[_PAGE:]
        codes = reading.current_codes(session, [metric.id for metric in metrics])
        lost = given_up(session, list(codes.values()))
        served = reading.datasets_of(session, model.id)
        points: dict[str, list[Point]] = {}
        if served:
            code_ids = list(codes.values())
            most = 2 * _WINDOWS
            points = reading.newest_points(session, code_ids, served[0][1].id, model.aggregation_period, most)
        segments = segments_of(session, model.id)
        crossed = reading.count_crossed(session, list(codes))
        datasets = datasets_of_versions(session, [version for version, _ in served])
    zone = parse_zone(model.zone)
    ids = frozenset(segment.id for segment in segments)
    rows = [
        {
            "id": metric.id,
            "name": one_line(metric.name),
            "version": metric.version,
            "crossed": crossed.get(metric.id, 0),
            "health": HEALTH[metric_health(metric, lost.get(codes[metric.id]))["status"]],
            **newest_of(points.get(codes[metric.id], []), zone),
        }
        for metric in metrics
    ]
    versions = [
        {
            "name": one_line(version.name),
            "source": one_line(dataset.source),
            "timestamp": one_line(dataset.timestamp or ""),
            "trained": version.training_id is not None,
            **_shown_health(version_health(version, datasets, ids)),
        }
        for version, dataset in served
    ]
    return visit.page(
        "model.html",
        model=model,
        rows=rows,
        count=count,
        q=q,
        after=after,
        following=metrics[-1].seq if more else None,
        versions=versions,
        segments=[describe_group(show_segment(one)) for one in segments],
    )


def newest_of(points: Sequence[Point], zone: tzinfo) -> dict[str, Any]:
    """The newest window of a metric, and a line of those before; of several numbers, of the first."""
    if not points:
        return {"shown": "", "status": "", "sign": "", "tone": "", "window": "", "spark": None, "others": 0}
    names = sorted({point.name for point in points})
    own = [point for point in points if point.name == names[0]][-_WINDOWS:]
    last = own[-1]
    label = f"{one_line(names[0])}: " if names[0] else ""
    return {
        "shown": f"{label}{number(last.value)}" if last.value is not None else "",
        "status": last.status,
        "sign": SIGNS[last.status],
        "tone": tone(last.status),
        "window": moment(last.window_start.astimezone(zone)),
        "spark": spark([point.value for point in own]),
        "others": len(names) - 1,
    }


def describe_group(group: dict[str, Any]) -> str:
    """A segment group in words."""
    if "where" in group:
        return one_line(f"{group['label']}: {group['where']}")
    if "terms" in group:
        return one_line("; ".join(f"{name}: {condition}" for name, condition in group["terms"].items()))
    more = ""
    if "values" in group:
        more = f" in {', '.join(str(value) for value in group['values'])}"
    elif "buckets" in group:
        more = f", by {', '.join(str(edge) for edge in group['buckets'])}"
    elif "top" in group:
        more = f", the {group['top']} largest"
    return one_line(f"{group['by']}{more}")


def _shown_health(health: dict[str, Any]) -> dict[str, Any]:
    told = [health["error"] or "", *(one["error"] for one in health["segments"])]
    return {"health": HEALTH[health["status"]], "error": "; ".join(text for text in told if text)}


def _matching(column: Any, text: str) -> list[Any]:
    words = text.replace("\0", "").strip()
    return [column.icontains(words, autoescape=True)] if words else []
