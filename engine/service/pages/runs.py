"""Runs and validations, with their logs."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from engine.display.shapes import tone
from engine.display.sheets import SIGNS, number, one_line
from engine.results.text import visible_text
from engine.service.errors import NotFound
from engine.service.pages.guard import PageRoute, VisitOf
from engine.service.state import StateOf
from engine.service.store import reading
from engine.service.store.tables import RunEvent, StoredResult
from engine.service.work.runlog import log_of

router = APIRouter(prefix="/runs", route_class=PageRoute, include_in_schema=False)

_PAGE: Final = 50
_LINES: Final = 500
_RESULTS: Final = 300
_LEVELS: Final = {"error": ("!", "bad"), "warning": ("?", "quiet")}


@router.get("")
def show_runs(
    state: StateOf, visit: VisitOf, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    """The newest runs of the workspace."""
    with state.database.reading() as session:
        found = reading.runs_of(session, visit.scope, before, _PAGE + 1)
        codes = {code for event in found for code in _codes(event)}
        names = reading.names_of_codes(session, visit.scope, sorted(codes))
    rows = [
        {
            "run_id": event.run_id,
            "at": f"{event.created_at:%Y-%m-%d %H:%M:%S}",
            "what": event.message.removesuffix(" begins"),
            "kind": str(event.details.get("kind", "")),
            "range": _range(event),
            "metrics": [
                {"id": names[code][0], "name": one_line(names[code][1])}
                for code in _codes(event)
                if code in names
            ],
        }
        for event in found[:_PAGE]
    ]
    return visit.page("runs.html", rows=rows, following=found[_PAGE - 1].seq if len(found) > _PAGE else None)


@router.get("/{run_id}")
def show_run(run_id: str, state: StateOf, visit: VisitOf) -> Response:
    """The log of a run, and its results."""
    with state.database.reading() as session:
        query = log_of(visit.scope.account, visit.scope.workspace, run_id).order_by(RunEvent.seq)
        events = list(session.scalars(query.limit(_LINES)))
        if not events:
            raise NotFound("run")
        results = reading.results_of_run(session, visit.scope, run_id, _RESULTS + 1)
        codes = sorted({result.metric_version_id for result in results})
        names = reading.names_of_codes(session, visit.scope, codes)
    lines = [
        {
            "at": f"{event.created_at:%Y-%m-%d %H:%M:%S}",
            "level": event.level,
            "sign": _LEVELS.get(event.level, ("", ""))[0],
            "tone": _LEVELS.get(event.level, ("", ""))[1],
            "message": visible_text(event.message),
            "details": [(one_line(str(key)), _detail(value)) for key, value in event.details.items()],
        }
        for event in events
    ]
    return visit.page(
        "run.html",
        run_id=events[0].run_id,
        lines=lines,
        cut=len(events) == _LINES,
        results=[_result(result, names) for result in results[:_RESULTS]],
        more=len(results) > _RESULTS,
    )


def _codes(event: RunEvent) -> list[str]:
    found = event.details.get("metrics", [])
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _range(event: RunEvent) -> list[str]:
    """Where the range of a run begins and ends; empty if it has none."""
    ends = [event.details.get(name) for name in ("start", "end")]
    return [str(one)[:16].replace("T", " ") for one in ends] if all(ends) else []


def _detail(value: Any) -> str:
    return visible_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:2_000]


def _result(result: StoredResult, names: dict[str, tuple[str, str, int]]) -> dict[str, Any]:
    metric_id, metric, version = names[result.metric_version_id]
    return {
        "metric_id": metric_id,
        "metric": one_line(metric),
        "version": version,
        "segment": one_line(result.label) if result.label else "all data",
        "segment_key": result.segment_key,
        "window": f"{result.window_start:%Y-%m-%d %H:%M}",
        "kind": result.kind,
        "name": one_line(result.name),
        "value": number(result.value) if result.value is not None else "",
        "status": result.status,
        "sign": SIGNS[result.status],
        "tone": tone(result.status),
        "rows": "" if result.rows is None else f"{result.rows:,}",
    }
