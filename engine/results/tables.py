"""Runs as JSON, pandas, CSV and Arrow, for programs: each has the row of `engine.models.outcome`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from engine.models.durations import parse_zone
from engine.models.outcome import (
    RESULT_COLUMNS,
    SEGMENT_FIELDS,
    ColumnKind,
    outcome_row,
    shown_columns,
)
from engine.results.csv import csv_text
from engine.wording import Door

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from engine.models.frame import Segment
    from engine.models.result import Result
    from engine.models.run import Run

FORMAT_VERSION: Final = 1

# Each result with what it is of, for tables that hold results of many runs. The last ones are set by the
# service alone.
_TABLE_COLUMNS: Final[Mapping[str, ColumnKind]] = {
    "run_id": "text",
    "metric": "text",
    **RESULT_COLUMNS,
    "zone": "text",
    "backend": "text",
    "source_sha256": "text",
    "engine": "text",
    "params": "text",
    "start": "instant",
    "end": "instant",
    "as_of": "instant",
    "snapshot": "text",
    "account": "text",
    "workspace": "text",
    "model": "text",
    "model_version": "text",
    "metric_version": "integer",
    "kind": "text",
    "created_at": "instant",
}
# Instants become those of the run's zone.
_INSTANT: Final = "datetime64[us, UTC]"
_PANDAS_TYPES: Final[Mapping[ColumnKind, str]] = {"integer": "Int64", "number": "float64"}


def runs_json(runs: Sequence[Run], door: Door = "command") -> str:
    """The documented object of finished runs."""
    data = {"version": FORMAT_VERSION, "runs": [run.to_dict(door) for run in runs]}
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def run_frame(run: Run, door: Door = "python") -> pd.DataFrame:
    """The results of a run in pandas: see `engine.models.run.Run.to_pandas`."""
    return _frame(run, _shown([run]), door)


def runs_csv(runs: Sequence[Run], door: Door = "command") -> str:
    """One line for each frame and name; columns as in `Run.to_pandas`, with the metric in front.

    There is a column for names, and one for rows of baselines, where one of the runs has some. What tells the
    segment of a cross is an array of JSON.
    """
    columns = _shown(runs)
    rows = (row for run in runs for row in _csv_rows(run, columns, door))
    return csv_text(("metric", *columns), rows)


def runs_arrow(runs: Sequence[Run], door: Door = "command") -> pa.Table:
    """One row for each frame and name, with the columns of `results_schema`."""
    return results_arrow(_record(run, result, door) for run in runs for result in run.results)


def results_arrow(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows with the columns of `results_schema`, or some of them; the segment in its JSON form."""
    import pyarrow as pa

    kept = [{**row, **{column: _text(row[column]) for column in SEGMENT_FIELDS}} for row in rows]
    return pa.Table.from_pylist(kept, results_schema())


def results_schema() -> pa.Schema:
    """The columns of results, the same whatever they are of.

    `segment` is the value's JSON form as text, for values of several types share the column; a cross has an
    array of two as `group`, `segment` and `type`; `params` is an object of JSON. Instants are in UTC; what is
    no number is null.
    """
    import pyarrow as pa

    types: Mapping[ColumnKind, pa.DataType] = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "instant": pa.timestamp("us", "UTC"),
    }
    return pa.schema([(column, types[type_]) for column, type_ in _TABLE_COLUMNS.items()])


def _shown(runs: Sequence[Run]) -> tuple[str, ...]:
    return shown_columns(
        RESULT_COLUMNS,
        named=any(run.names for run in runs),
        compared=any(run.baseline is not None for run in runs),
    )


def _frame(run: Run, columns: Sequence[str], door: Door) -> pd.DataFrame:
    import pandas as pd

    rows = [_row(result, _members(result.frame.segment), door) for result in run.results]
    # As they are: pandas guesses types, and makes floats of whole numbers beside one that is missing.
    frame = pd.DataFrame(rows, columns=list(columns), dtype=object)
    types = {column: RESULT_COLUMNS[column] for column in columns}
    zone = parse_zone(run.time.zone)
    for column in (column for column, type_ in types.items() if type_ == "instant"):
        frame[column] = pd.to_datetime(frame[column], utc=True).astype(_INSTANT).dt.tz_convert(zone)
    return frame.astype(
        {column: _PANDAS_TYPES[type_] for column, type_ in types.items() if type_ in _PANDAS_TYPES}
    )


def _csv_rows(run: Run, columns: Sequence[str], door: Door) -> Iterator[dict[str, object]]:
    cells = _frame(run, columns, door).itertuples(index=False, name=None)
    for result, row in zip(run.results, cells, strict=True):
        segment = result.frame.segment
        told = dict(zip(columns, map(_present, row), strict=True))
        if segment is not None and isinstance(segment.value, tuple):
            fields = segment.to_dict()
            told |= {column: _text(fields[field]) for column, field in SEGMENT_FIELDS.items()}
        yield {"metric": run.metric, **told}


def _record(run: Run, result: Result, door: Door) -> dict[str, object]:
    segment = result.frame.segment
    return {
        "run_id": run.id,
        "metric": run.metric,
        **_row(result, None if segment is None else segment.to_dict(), door),
        "zone": run.time.zone,
        "backend": run.backend,
        "source_sha256": run.source_sha256,
        "engine": run.engine,
        "params": json.dumps(dict(run.params), ensure_ascii=False),
        "start": run.time.start,
        "end": run.time.end,
        "as_of": run.time.as_of,
        "snapshot": next((table.snapshot for table in run.report.tables if table.part == "data"), None),
    }


def _row(result: Result, segment: Mapping[str, object] | None, door: Door) -> dict[str, object]:
    window, error = result.frame.window, result.error
    return outcome_row(
        result,
        segment,
        None if window is None else (window.start, window.end),
        None if error is None else error.to_dict(door),
    )


def _members(segment: Segment | None) -> dict[str, object] | None:
    """A segment's values as they are, for pandas has columns of any type."""
    if segment is None:
        return None
    return {"group": segment.group, "value": segment.value, "type": segment.type}


def _present(value: object) -> object:
    """A cell of pandas; None where it has nothing."""
    import pandas as pd

    return None if value is pd.NaT or value is pd.NA else value


def _text(value: object) -> str | None:
    """Texts as they are, others as JSON, for values of several types share a column."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
