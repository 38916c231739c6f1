"""The results of a run as rows of the database. Pure but for the time that they are made at."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from engine import Run
from engine.models import Frame, FrameError, Result, Status, Window
from engine.models.outcome import outcome_fields
from engine.results.text import TextBudget
from engine.service.store.kinds import PERIOD, ResultKind, result_kind
from engine.service.store.tables import Model, Work, utc_now
from engine.service.work.schedule import windows_within

# Characters that one run may have printed, all frames together; and the mark of what is cut there.
_PRINTED: Final = 1 << 20
CUT: Final = "... (cut)"


def rows_of(run: Run, work: Work, model: Model, run_id: str, compared: str = "") -> list[dict[str, Any]]:
    """The results of a run as rows: each segment, window and name once, but windows that its ends cut.

    `compared` is what tells apart what its metric was compared with, if it takes a baseline.
    """
    baseline = compared if run.baseline is not None else ""
    snapshot = next((table.snapshot for table in run.report.tables if table.part == "data"), "")
    printed = TextBudget(_PRINTED, CUT)
    kind = result_kind(work.kind)
    tiles = {(one.start, one.end) for one in _tiles(work, model)}
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    for result in run.results:
        window = result.frame.window
        if window is None and work.every is None:
            row = _row(result, work, kind, work.start, work.end)
        elif window is not None and (window.start, window.end) in tiles:
            row = _row(result, work, PERIOD, window.start, window.end)
        else:
            continue
        place = (row["segment_key"], row["window_start"], row["window_end"], row["name"])
        row["printed"] = printed.fit(row["printed"])
        state = {"baseline": baseline, "snapshot": snapshot}
        rows.setdefault(place, {**row, **state, "run_id": run_id, "created_at": utc_now()})
    return list(rows.values())


def lost_row(work: Work, status: Status, message: str) -> dict[str, Any]:
    """The one result of work that was given up: of all data, over all of its range."""
    result = Result(Frame(0), status, error=FrameError("given-up", message))
    return {**_row(result, work, result_kind(work.kind), work.start, work.end), "run_id": work.id}


def _tiles(work: Work, model: Model) -> tuple[Window, ...]:
    return windows_within(work.start, work.end, model.aggregation_period, model.zone) if work.every else ()


def _row(result: Result, work: Work, kind: ResultKind, start: datetime, end: datetime) -> dict[str, Any]:
    segment = None if result.frame.segment is None else result.frame.segment.to_dict()
    return {
        "metric_version_id": work.metric_version_id,
        "dataset_id": work.dataset_id,
        "kind": kind,
        "segment_key": "" if segment is None else json.dumps(segment, sort_keys=True),
        "label": "" if segment is None else str(result.frame.segment),
        "segment": segment,
        "window_start": start,
        "window_end": end,
        "as_of": work.as_of,
        **outcome_fields(result),
        "name": result.name or "",
        "error": None if result.error is None else result.error.to_dict("http"),
    }
