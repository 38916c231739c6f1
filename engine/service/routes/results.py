"""What was calculated: as JSON or CSV, by time, segment, window and version, in pages; and doing it again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from engine.models import parse_instant
from engine.models.outcome import ERROR_COLUMNS, outcome_fields, shown_columns
from engine.results.csv import csv_text
from engine.service.admission.quotas import refuse_more
from engine.service.admission.requests import ScopeOf
from engine.service.answers import Recalculation, ResultPage
from engine.service.problems import ApiProblem, unprocessable
from engine.service.schemas import Id, RecalculateBody
from engine.service.state import StateOf
from engine.service.store.database import Database, clock
from engine.service.store.kinds import RECALCULATION, ResultKind
from engine.service.store.results import ResultQuery, has_baselines, has_names, last_seq, page
from engine.service.store.scope import current_version, get_model, get_owned
from engine.service.store.tables import Metric, StoredResult
from engine.service.work.planning import add_work, load_models
from engine.service.work.schedule import EVERY, MOST_WINDOWS, Due, at_most, pieces, windows_within

router = APIRouter(prefix="/metrics", tags=["results"])

_PAGE: Final = 1_000
_CSV: Final = "text/csv; charset=utf-8"
_SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": ResultPage, "description": "a page, or CSV", "content": {"text/csv": {}}}
}
_CURSOR: Final = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_COLUMNS: Final = (
    "window_start", "window_end", "window", "segment", "name", "status", "value", "rows", "baseline_rows",
    "version", "dataset_id",
    "as_of", "seconds", "code", "message", "line", "printed", "run_id",
)  # fmt: skip


@router.get("/code-based-metrics/{metric_id}/results", response_model=None, responses=_SHOWN)
def list_results(
    metric_id: str,
    scope: ScopeOf,
    state: StateOf,
    start: Annotated[str | None, Query(max_length=64, description="windows from here")] = None,
    end: Annotated[str | None, Query(max_length=64, description="windows up to here")] = None,
    kind: Annotated[
        ResultKind | None, Query(description="results of single periods, or of the whole retention")
    ] = None,
    window: Annotated[
        ResultKind | None, Query(deprecated=True, description="the older name of `kind`")
    ] = None,
    segment: Annotated[
        str | None, Query(max_length=4_000, description="one segment, as results name it: country = DE")
    ] = None,
    name: Annotated[str | None, Query(max_length=100, description="one of several numbers")] = None,
    overall: Annotated[bool, Query(description="only results of all data, none of segments")] = False,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="of the metric's code")] = None,
    dataset_id: Annotated[Id | None, Query(description="of one dataset")] = None,
    history: Annotated[bool, Query(description="also what was calculated again later")] = False,
    limit: Annotated[
        int | None, Query(ge=1, le=10_000, description="of one page; by default 1,000, and for CSV all")
    ] = None,
    after: Annotated[str | None, Query(max_length=64, description="`next` of the previous page")] = None,
    format: Literal["json", "csv"] = "json",
) -> dict[str, Any] | Response:
    """The results of a metric, ordered by their windows."""
    wanted = ResultQuery(
        metric_id=metric_id,
        start=None if start is None else parse_instant(start, what="start"),
        end=None if end is None else parse_instant(end, what="end"),
        kind=_one_kind(kind, window),
        label="" if overall else _plain(segment),
        name=_plain(name),
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
            columns = _columns(session, metric_id)
            return StreamingResponse(_stream(state.database, every, columns), media_type=_CSV)
        found = page(session, wanted)
        columns = _columns(session, metric_id) if format == "csv" else ()
    rows, more = found[: wanted.limit], found[wanted.limit :]
    following = _cursor(rows[-1][0]) if more else None
    shown = [_show(result, number) for result, number in rows]
    if format == "csv":
        headers = {"X-Next": following} if following else {}
        return Response(_csv(shown, columns), media_type=_CSV, headers=headers)
    return {"results": shown, "next": following}


@router.post("/recalculate", response_model=Recalculation)
def recalculate(body: RecalculateBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Calculate every whole window of a range again, beside what was calculated before."""
    start, end = parse_instant(body.start, what="start"), parse_instant(body.end, what="end")
    with state.database.reading() as session:
        as_of = clock(session)
        model = get_model(session, scope, body.model_id)
        wanted = _codes(session, scope, body)
        [planned] = load_models(session, model.id)
    if not start < end <= as_of:
        raise unprocessable("end", "it must be after the start, and not in the future")
    # Tiled before the transaction that writes, in which all others wait.
    too_many = at_most(start, end, planned.period) > 2 * MOST_WINDOWS
    tiles = () if too_many else windows_within(start, end, planned.period, planned.zone)
    if too_many or len(tiles) > MOST_WINDOWS:
        raise unprocessable("end", f"the range holds more than {MOST_WINDOWS:,} windows; ask for parts of it")
    if not tiles:
        raise unprocessable("end", f"the range holds no whole window of this {planned.period} model")
    due = [
        Due(
            model_id=planned.id,
            metric_version_id=code,
            dataset_id=dataset,
            kind=RECALCULATION,
            start=low,
            end=high,
            every=EVERY[planned.period],
            zone=planned.zone,
            as_of=as_of,
        )
        for dataset, timed in planned.datasets.items()
        for low, high, _ in pieces(tiles)
        for code in planned.metrics
        if timed and (wanted is None or code == wanted)
    ]
    with state.database.session() as session:
        get_model(session, scope, body.model_id)
        refuse_more(session, scope.account, work=len(due))
        add_work(session, due)
    state.calculator.tell()
    return {"as_of": as_of.isoformat(), "windows": len(tiles), "work": len(due)}


def _codes(session: Session, scope: ScopeOf, body: RecalculateBody) -> str | None:
    if body.metric_id is None:
        return None
    metric = get_owned(session, scope, Metric, body.metric_id)
    if metric.model_id != body.model_id:
        raise unprocessable("metric_id", "it is a metric of another model")
    return current_version(session, metric).id


def _one_kind(kind: ResultKind | None, window: ResultKind | None) -> ResultKind | None:
    if kind is not None and window is not None and kind != window:
        raise unprocessable("kind", f"it is {kind!r}, and its older name `window` says {window!r}; give one")
    return kind or window


def _show(result: StoredResult, number: int) -> dict[str, Any]:
    return {
        "segment": result.segment,
        "label": result.label,
        "window": {"start": result.window_start.isoformat(), "end": result.window_end.isoformat()},
        "kind": result.kind,
        **outcome_fields(result),
        "error": result.error,
        "version": number,
        "dataset_id": result.dataset_id,
        "as_of": result.as_of.isoformat(),
        "snapshot": result.snapshot or None,
        "crossed": result.crossed or [],
        "run_id": result.run_id,
    }


def _columns(session: Session, metric_id: str) -> tuple[str, ...]:
    named, compared = has_names(session, metric_id), has_baselines(session, metric_id)
    return shown_columns(_COLUMNS, named=named, compared=compared)


def _stream(database: Database, wanted: ResultQuery, columns: tuple[str, ...]) -> Iterator[str]:
    """All of it, a page at a time: no transaction lasts for as long as a client reads."""
    header, following = True, wanted
    while True:
        with database.reading() as session:
            found = page(session, following)
        rows = found[: wanted.limit]
        yield _csv([_show(result, number) for result, number in rows], columns, header=header)
        if len(found) <= wanted.limit:
            return
        last = rows[-1][0]
        header, following = False, replace(wanted, after=(last.window_start, last.seq))


def _csv(results: list[dict[str, Any]], columns: tuple[str, ...], *, header: bool = True) -> str:
    return csv_text(columns, map(_line, results), header=header)


def _line(shown: Mapping[str, Any]) -> dict[str, Any]:
    """A result of JSON as a line of CSV."""
    error, window = shown["error"] or {}, shown["window"]
    return {
        **shown,
        **{column: error.get(column) for column in ERROR_COLUMNS},
        "window_start": window["start"],
        "window_end": window["end"],
        "window": shown["kind"],
        "segment": shown["label"] if shown["segment"] else "",
    }


def _cursor(result: StoredResult) -> str:
    return f"{(result.window_start - _EPOCH) // _MICROSECOND}.{result.seq}"


def _read_cursor(text: str) -> tuple[datetime, int]:
    match = _CURSOR.fullmatch(text)
    try:
        if match is not None:
            return _EPOCH + int(match[1]) * _MICROSECOND, int(match[2])
    except OverflowError:
        pass
    raise ApiProblem(422, "unprocessable", "after: invalid cursor; use `next` of the previous page")


def _plain(segment: str | None) -> str | None:
    """A label to look for; what no label can hold finds nothing, whatever the database."""
    return None if segment is None else segment.replace("\0", "\\0")
