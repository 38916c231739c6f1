"""Runs as JSON, CSV and Parquet, for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from engine.models.outcome import outcome_row
from engine.results.csv import csv_cell, status_in_csv
from engine.wording import Door

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.models.frame import Segment
    from engine.models.run import Run

FORMAT_VERSION: Final = 1


def runs_json(runs: Sequence[Run], door: Door = "command") -> str:
    """The documented object of finished runs."""
    data = {"version": FORMAT_VERSION, "runs": [run.to_dict(door) for run in runs]}
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def runs_csv(runs: Sequence[Run], door: Door = "command") -> str:
    """One line for each frame and name; columns as in `Run.to_pandas`, with the metric in front.

    There is a column for names, and one for rows of baselines, where one of the runs has some. What tells the
    segment of a cross is an array of JSON.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    named = any(run.names for run in runs)
    compared = any(run.baseline is not None for run in runs)
    for number, run in enumerate(runs):
        frame = run.to_pandas(door)
        if named and not run.names:
            frame.insert(frame.columns.get_loc("status"), "name", "")
        if compared and run.baseline is None:
            frame.insert(frame.columns.get_loc("seconds"), "baseline_rows", "")
        frame["status"] = frame["status"].map(status_in_csv)
        for place, result in enumerate(run.results):
            for name, text in _crossed(result.frame.segment).items():
                frame.at[place, name] = text
        if number == 0:
            writer.writerow(["metric", *frame.columns])
        for row in frame.itertuples(index=False):
            writer.writerow([csv_cell(one) for one in (run.metric, *map(_plain, row))])
    return out.getvalue()


def runs_arrow(runs: Sequence[Run], door: Door = "command") -> pa.Table:
    """One row for each frame and name, with the columns of `results_schema`."""
    import pyarrow as pa

    rows = [_record(run, place, door) for run in runs for place in range(len(run.results))]
    return pa.Table.from_pylist(rows, results_schema())


def results_schema() -> pa.Schema:
    """The columns of results, the same whatever they are of.

    `segment` is the value's JSON form as text, for values of several types share the column; a cross has an
    array of two as `group`, `segment` and `type`; `params` is an object of JSON. Instants are in UTC; what is
    no number is null. The last ones are set by the service alone.
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("run_id", pa.string()),
            ("metric", pa.string()),
            ("group", pa.string()),
            ("segment", pa.string()),
            ("type", pa.string()),
            ("window_start", pa.timestamp("us", "UTC")),
            ("window_end", pa.timestamp("us", "UTC")),
            ("name", pa.string()),
            ("status", pa.string()),
            ("value", pa.float64()),
            ("rows", pa.int64()),
            ("baseline_rows", pa.int64()),
            ("seconds", pa.float64()),
            ("printed", pa.string()),
            ("code", pa.string()),
            ("message", pa.string()),
            ("line", pa.int64()),
            ("hint", pa.string()),
            ("zone", pa.string()),
            ("backend", pa.string()),
            ("source_sha256", pa.string()),
            ("engine", pa.string()),
            ("params", pa.string()),
            ("start", pa.timestamp("us", "UTC")),
            ("end", pa.timestamp("us", "UTC")),
            ("as_of", pa.timestamp("us", "UTC")),
            ("snapshot", pa.string()),
            ("account", pa.string()),
            ("workspace", pa.string()),
            ("model", pa.string()),
            ("model_version", pa.string()),
            ("metric_version", pa.int64()),
            ("kind", pa.string()),
            ("created_at", pa.timestamp("us", "UTC")),
        ]
    )


def _record(run: Run, place: int, door: Door) -> dict[str, object]:
    result = run.results[place]
    segment, window = result.frame.segment, result.frame.window
    return {
        "run_id": run.id,
        "metric": run.metric,
        **outcome_row(
            result,
            None if segment is None else segment.to_dict(),
            None if window is None else (window.start, window.end),
            None if result.error is None else result.error.to_dict(door),
        ),
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


def _crossed(segment: Segment | None) -> dict[str, str]:
    """The columns of CSV that tell which pair of segments it is: arrays of JSON, as in JSON."""
    if segment is None or not isinstance(segment.value, tuple):
        return {}
    told_of = segment.to_dict()
    columns = {"group": "group", "segment": "value", "type": "type"}
    return {name: json.dumps(told_of[field], ensure_ascii=False) for name, field in columns.items()}


def _plain(value: object) -> object:
    return "" if value is None or str(value) in ("NaT", "<NA>") else value
