"""Results and runs: their documented JSON, which never holds NaN, and their table."""

import json
import math
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from engine.errors import UsageError
from engine.models import (
    Cut,
    Frame,
    FrameError,
    Report,
    Result,
    Run,
    RunTime,
    Segment,
    Status,
    Window,
)
from engine.models.codes import CODES, limit_code
from engine.models.result import STATUSES
from engine.models.run import Shared
from engine.wording import DOORS, worded
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Problem

START = datetime(2026, 11, 1, tzinfo=UTC)
ERROR = FrameError("raised", "ValueError: no", 3)


def make_run() -> Run:
    window = Window(START, START + timedelta(days=1))
    return Run(
        "auc",
        "ab" * 32,
        "spark",
        "0.1.0",
        RunTime(START, None, START, "Europe/Berlin"),
        (
            Result(Frame(0), "ok", 0.5, 10),
            Result(Frame(1, Segment("income", math.nan, "nan")), "nan", rows=2),
            Result(Frame(2, Segment("country", None, "null"), window), "raised", rows=3, error=ERROR),
            Result(Frame(3, None, window), "no_data", rows=0),
        ),
        Report(
            queries=4,
            seconds=1.5,
            cut=(Cut("country", 2, 17),),
            warnings=(Problem(1, 1, "collects-frame", "it collects the frame", "aggregate"),),
            sharing=(Shared("filter, aggregate", "cells", 3),),
        ),
    )


def test_json_has_the_documented_keys_and_no_nan():
    data = json.loads(json.dumps(make_run().to_dict(), allow_nan=False))
    assert set(data) == {
        "id", "metric", "source_sha256", "params", "backend", "engine", "time", "results", "cut", "report",
    }  # fmt: skip
    assert data["time"] == {
        "start": "2026-11-01T01:00:00+01:00",
        "end": None,
        "as_of": "2026-11-01T01:00:00+01:00",
        "zone": "Europe/Berlin",
    }
    assert data["cut"] == [{"group": "country", "members": 2, "rows": 17}]
    assert data["report"] == {
        "queries": 4,
        "seconds": 1.5,
        "peak_memory_bytes": None,
        "worker_seconds": 0.0,
        "fetched_bytes": 0,
        "workers": 0,
        "answered": [],
        "tables": [],
        "warnings": [
            {"line": 1, "column": 1, "code": "collects-frame", "message": "it collects the frame",
             "hint": "aggregate", "severity": "error"},
        ],
        "sharing": [
            {"plan": "filter, aggregate", "how": "cells", "frames": 3, "reason": "", "answered_by": ""}
        ],
    }  # fmt: skip
    assert data["results"][2] == {
        "segment": {"group": "country", "value": None, "type": "null"},
        "window": {"start": "2026-11-01T01:00:00+01:00", "end": "2026-11-02T01:00:00+01:00"},
        "name": None,
        "status": "raised",
        "value": None,
        "rows": 3,
        "seconds": 0.0,
        "printed": "",
        "error": {"code": "raised", "message": "ValueError: no", "line": 3, "hint": ""},
    }
    assert [result["value"] for result in data["results"]] == [0.5, None, None, None]


def test_overall_is_the_full_frame():
    assert make_run().overall.value == 0.5
    assert make_run().names == () and make_run().named == {}
    assert make_run().cut == (Cut("country", 2, 17),)


def test_the_table_has_a_row_for_each_frame():
    table = make_run().to_pandas()
    assert list(table["status"]) == ["ok", "nan", "raised", "no_data"]
    assert list(table["group"]) == [None, "income", "country", None]
    assert str(table["window_start"][3]) == "2026-11-01 01:00:00+01:00"
    assert table["rows"].tolist() == [10, 2, 3, 0]
    assert table["line"][2] == 3


def make_named() -> Run:
    segment = Segment("country", "DE", "string")
    return replace(
        make_run(),
        results=(
            Result(Frame(0), "ok", 0.5, 10, name="precision"),
            Result(Frame(0), "ok", 0.25, 10, name="recall"),
            Result(Frame(1, segment), "missing", rows=2, name="precision"),
            Result(Frame(1, segment), "nan", rows=2, name="recall"),
        ),
        params={"threshold": 0.5},
    )


def test_of_several_numbers_each_has_its_name():
    run = make_named()
    assert (run.names, run.frames) == (("precision", "recall"), 2)
    assert {name: one.value for name, one in run.named.items()} == {"precision": 0.5, "recall": 0.25}
    with pytest.raises(UsageError, match=r"precision, recall.*run\.named"):
        _ = run.overall
    data = json.loads(json.dumps(run.to_dict(), allow_nan=False))
    assert data["params"] == {"threshold": 0.5}
    assert [one["name"] for one in data["results"]] == ["precision", "recall"] * 2


def test_the_table_has_a_column_of_names_only_where_there_are_some():
    assert list(make_named().to_pandas()["name"]) == ["precision", "recall"] * 2
    assert "name" not in make_run().to_pandas()


def test_a_run_needs_each_name_of_each_frame_once_and_in_order():
    run = make_named()
    for results in (run.results[:3], run.results[::-1], (*run.results, run.results[0]), run.results[1:]):
        with pytest.raises(UsageError):
            replace(run, results=results)
    nameless = replace(run.results[3], name=None)
    with pytest.raises(UsageError):
        replace(run, results=(*run.results[:3], nameless))


def test_a_run_needs_all_its_results_in_order():
    run = make_run()
    for results in ((), run.results[1:], run.results[::-1]):
        with pytest.raises(UsageError):
            Run("m", "", "spark", "0", run.time, results, run.report)


@pytest.mark.parametrize(
    ("status", "value", "error"),
    [
        ("ok", math.nan, None),
        ("ok", math.inf, None),
        ("nan", 1.0, None),
        ("nan", math.inf, None),
        ("raised", 1.0, ERROR),
        ("raised", math.nan, None),
        ("no_data", math.nan, ERROR),
        ("missing", math.nan, ERROR),
        ("missing", 1.0, None),
    ],
)
def test_a_result_that_contradicts_its_status_cannot_be_made(status, value, error):
    with pytest.raises(UsageError):
        Result(Frame(0), status, value, 1, error)


def test_every_status_is_documented():
    assert set(STATUSES) == set(get_args(Status))


def test_every_limit_that_ends_a_call_has_a_code():
    cut_or_checked_before = {"printed_bytes", "source_bytes"}
    limits = {field.name for field in fields(Limits)} - cut_or_checked_before
    codes = {code for code in CODES if code.startswith("limit-")}
    assert codes == {limit_code(limit) for limit in limits}


def test_warnings_are_in_the_words_of_the_door_that_asks():
    warning = Problem(1, 1, "import-refused", "it may not be imported", worded("{open_standard}"))
    run = replace(make_run(), report=Report(warnings=(warning,)))
    told_there = {door: json.loads(json.dumps(run.to_dict(door)))["report"]["warnings"] for door in DOORS}
    assert [one[0]["hint"].partition(" opens")[0] for one in told_there.values()] == [
        "Engine(..., extra_imports=('standard',))",
        "--imports standard",
        "ask the operator to open it: 'standard' stands for the standard library's pure modules",
    ]
