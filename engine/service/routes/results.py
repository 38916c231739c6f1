"""What was calculated: as JSON or CSV, by time, segment, window and version, in pages; and doing it again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from engine.models import parse_instant
from engine.service.planning import add_work, load_models
from engine.service.problems import ApiProblem, unprocessable
from engine.service.schedule import EVERY, Due, pieces, windows_within
from engine.service.schemas import Id, RecalculateBody
from engine.service.state import ScopeOf, StateOf
from engine.service.store.database import Database
from engine.service.store.results import Wanted, last_seq, page
from engine.service.store.scope import current_version, get_model, get_owned
from engine.service.store.tables import Metric, StoredResult

router = APIRouter(prefix="/metrics", tags=["results"])

_PAGE: Final = 1_000
_CSV: Final = "text/csv; charset=utf-8"
_CURSOR: Final = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_COLUMNS: Final = (
    "window_start", "window_end", "window", "segment", "status", "value", "rows", "version", "dataset_id",
    "as_of", "seconds", "code", "message", "line", "printed", "run_id",
)  # fmt: skip


@router.get("/code-based-metrics/{metric_id}/results", response_model=None)
def list_results(
    metric_id: str,
    scope: ScopeOf,
    state: StateOf,
    start: Annotated[str | None, Query(max_length=64, description="windows from here")] = None,
    end: Annotated[str | None, Query(max_length=64, description="windows up to here")] = None,
    window: Annotated[
        Literal["period", "retention"] | None,
        Query(description="of a period, or all retention"),
    ] = None,
    segment: Annotated[
        str | None, Query(max_length=4_000, description="one segment, as results name it: country = DE")
    ] = None,
    overall: Annotated[bool, Query(description="only all data, no segments")] = False,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="of the metric's code")] = None,
    dataset_id: Annotated[Id | None, Query(description="of one dataset")] = None,
    history: Annotated[bool, Query(description="also what was calculated again later")] = False,
    limit: Annotated[
        int | None, Query(ge=1, le=10_000, description="of one page; by default 1,000, and for CSV all")
    ] = None,
    after: Annotated[str | None, Query(max_length=64, description="`next` of the page before")] = None,
    format: Literal["json", "csv"] = "json",
) -> dict[str, Any] | Response:
    """The results of a metric, ordered by their windows."""
    wanted = Wanted(
        metric_id=metric_id,
        start=None if start is None else parse_instant(start, what="start"),
        end=None if end is None else parse_instant(end, what="end"),
        kind=window,
        label="" if overall else _plain(segment),
        version=version,
        dataset_id=dataset_id,
        latest=not history,
        after=None if after is None else _read_cursor(after),
        limit=limit or _PAGE,
    )
    with state.database.reading() as session:
        get_owned(session, scope, Metric, metric_id)
        if format == "csv" and limit is None:
            every = replace(wanted, upto=last_seq(session))
            return StreamingResponse(_stream(state.database, every), media_type=_CSV)
        found = page(session, wanted)
    rows, more = found[: wanted.limit], found[wanted.limit :]
    following = _cursor(rows[-1][0]) if more else None
    shown = [_show(result, number) for result, number in rows]
    if format == "csv":
        headers = {"X-Next": following} if following else {}
        return Response(_csv(shown), media_type=_CSV, headers=headers)
    return {"results": shown, "next": following}


@router.post("/recalculate")
def recalculate(body: RecalculateBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Calculate every whole window of a range again, beside what was calculated before."""
    start, end = parse_instant(body.start, what="start"), parse_instant(body.end, what="end")
    as_of = state.database.now()
    with state.database.session() as session:
        model = get_model(session, scope, body.model_id)
        wanted = _codes(session, scope, body)
        [planned] = [one for one in load_models(session) if one.id == model.id]
        if not start < end <= as_of:
            raise unprocessable("end", "it must be after the start, and not in the future")
        tiles = windows_within(start, end, model.aggregation_period, model.zone)
        if not tiles:
            raise unprocessable("end", f"the range holds no whole window of this {planned.period} model")
        due = [
            Due(
                model_id=model.id,
                metric_version_id=code,
                dataset_id=dataset,
                kind="recalculation",
                start=low,
                end=high,
                every=EVERY[planned.period],
                zone=model.zone,
                as_of=as_of,
            )
            for dataset, timed in planned.datasets.items()
            for low, high, _ in pieces(tiles)
            for code in planned.metrics
            if timed and (wanted is None or code == wanted)
        ]
        add_work(session, due)
    return {"as_of": as_of.isoformat(), "windows": len(tiles), "work": len(due)}


def _codes(session: Session, scope: ScopeOf, body: RecalculateBody) -> str | None:
    if body.metric_id is None:
        return None
    metric = get_owned(session, scope, Metric, body.metric_id)
    if metric.model_id != body.model_id:
        raise unprocessable("metric_id", "it is a metric of another model")
    return current_version(session, metric).id


def _show(result: StoredResult, number: int) -> dict[str, Any]:
    return {
        "segment": result.segment,
        "label": result.label,
        "window": {"start": result.window_start.isoformat(), "end": result.window_end.isoformat()},
        "kind": result.kind,
        "status": result.status,
        "value": result.value,
        "rows": result.rows,
        "seconds": result.seconds,
        "printed": result.printed,
        "error": result.error,
        "version": number,
        "dataset_id": result.dataset_id,
        "as_of": result.as_of.isoformat(),
        "run_id": result.run_id,
    }


def _stream(database: Database, wanted: Wanted) -> Iterator[str]:
    """All of it, a page at a time: no transaction lasts for as long as a client reads."""
    header, following = True, wanted
    while True:
        with database.reading() as session:
            found = page(session, following)
        rows = found[: wanted.limit]
        yield _csv([_show(result, number) for result, number in rows], header=header)
        if len(found) <= wanted.limit:
            return
        last = rows[-1][0]
        header, following = False, replace(wanted, after=(last.window_start, last.seq))


def _csv(results: list[dict[str, Any]], *, header: bool = True) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(_COLUMNS)
    for one in results:
        error = one["error"] or {}
        named = {**one, **{name: error.get(name) for name in ("code", "message", "line")}}
        named |= {"window_start": one["window"]["start"], "window_end": one["window"]["end"]}
        named |= {"window": one["kind"], "segment": one["label"] if one["segment"] else ""}
        writer.writerow("" if named[name] is None else named[name] for name in _COLUMNS)
    return out.getvalue()


def _cursor(result: StoredResult) -> str:
    return f"{(result.window_start - _EPOCH) // _MICROSECOND}.{result.seq}"


def _read_cursor(text: str) -> tuple[datetime, int]:
    match = _CURSOR.fullmatch(text)
    try:
        if match is not None:
            return _EPOCH + int(match[1]) * _MICROSECOND, int(match[2])
    except OverflowError:
        pass
    raise ApiProblem(422, "unprocessable", "after: it is no `next` of a page")


def _plain(segment: str | None) -> str | None:
    """A label to look for; what no label can hold finds nothing, whatever the database."""
    return None if segment is None else segment.replace("\0", "\\0")
