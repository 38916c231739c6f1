"""Results as rows: every road that declares its own fields has the columns of the row, with their types."""

from __future__ import annotations

import csv
import io
import typing
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import pytest

from engine.models.frame import Frame, Scalar, Segment, ValueType
from engine.models.outcome import ERROR_COLUMNS, OUTCOME_COLUMNS, RESULT_COLUMNS, ColumnKind
from engine.models.result import FrameError, Result
from engine.results.csv import csv_text
from engine.results.tables import results_schema, runs_csv
from engine.service.answers import FrameErrorShown, FrameShown, ResultShown
from engine.service.store.tables import StoredResult
from tests.cli.snapshots import compared, one_number, several_numbers

TYPES: Final[dict[ColumnKind, type]] = {"text": str, "integer": int, "number": float, "instant": datetime}


def types_of(declared: Any) -> set[type]:
    """What a field may hold, but for what is missing."""
    options = typing.get_args(declared) or (declared,)
    found = {type(one) if isinstance(one, str) else one for one in options}
    return found - {type(None)}


@pytest.mark.parametrize(
    ("road", "columns"),
    [
        (Result, OUTCOME_COLUMNS),
        (FrameShown, OUTCOME_COLUMNS),
        (ResultShown, OUTCOME_COLUMNS),
        (FrameError, ERROR_COLUMNS),
        (FrameErrorShown, ERROR_COLUMNS),
    ],
)
def test_fields_are_declared_as_the_columns_of_the_row(road: type, columns: Mapping[str, ColumnKind]) -> None:
    declared = typing.get_type_hints(road)
    types = {column: {TYPES[kind]} for column, kind in columns.items()}
    assert {column: types_of(declared[column]) for column in columns} == types


def test_the_database_has_the_columns_of_the_row() -> None:
    columns = StoredResult.__table__.columns
    assert {column: columns[column].type.python_type for column in OUTCOME_COLUMNS} == {
        column: TYPES[kind] for column, kind in OUTCOME_COLUMNS.items()
    }


def test_tables_have_the_columns_of_the_row_in_its_order() -> None:
    row = list(RESULT_COLUMNS)
    assert row[:5] == ["group", "segment", "type", "window_start", "window_end"]
    schema = results_schema().names
    assert schema[schema.index("group") :][: len(row)] == row
    assert list(several_numbers().to_pandas()) == [one for one in row if one != "baseline_rows"]
    assert list(compared().to_pandas()) == [one for one in row if one != "name"]
    header = runs_csv([one_number(), several_numbers(), compared()]).partition("\n")[0]
    assert header.split(",") == ["metric", *row]


def test_json_has_the_outcome_in_the_order_of_the_row() -> None:
    fields = list(compared().results[0].to_dict())
    assert fields == ["segment", "window", *OUTCOME_COLUMNS, "error"]


def test_runs_of_several_kinds_share_the_columns_of_csv() -> None:
    runs = [one_number(), several_numbers(), compared()]
    rows = list(csv.DictReader(io.StringIO(runs_csv(runs))))
    told = [(row["metric"], row["name"], row["baseline_rows"]) for row in rows]
    assert told == [
        (run.metric, result.name or "", "" if result.baseline_rows is None else str(result.baseline_rows))
        for run in runs
        for result in run.results
    ]


@pytest.mark.parametrize(
    ("status", "written"), [("nan", "not_a_number"), ("ok", "ok"), ("no_data", "no_data")]
)
def test_only_a_status_is_renamed(status: str, written: str) -> None:
    assert (
        csv_text(("status", "name"), [{"status": status, "name": status}])
        == f"status,name\n{written},{status}\n"
    )


def test_what_is_missing_is_an_empty_cell() -> None:
    assert csv_text(("name", "rows"), [{"name": None, "rows": None}], header=False) == ",\n"


@pytest.mark.parametrize(
    ("value", "type_", "written"),
    [
        (5, "int", "5"),
        (2**53 + 1, "int", "9007199254740993"),
        (True, "bool", "True"),
        ("NaT", "string", "NaT"),
        ("<NA>", "string", "<NA>"),
        (None, "null", ""),
    ],
)
def test_a_segment_is_told_as_it_is_whatever_pandas_makes_of_a_column(
    value: Scalar, type_: ValueType, written: str
) -> None:
    results = (Result(Frame(0), "ok", 1.0, 2), Result(Frame(1, Segment("k", value, type_)), "ok", 1.0, 2))
    run = replace(one_number(), results=results)
    assert [row["segment"] for row in csv.DictReader(io.StringIO(runs_csv([run])))] == ["", written]
    whole, segment = run.to_pandas()["segment"]
    assert (whole, segment, type(segment)) == (None, value, type(value))
