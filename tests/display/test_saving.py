"""Files that runs are saved to."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine import UsageError
from engine.cli.running import make_targets
from engine.display.charts import chart_of, drawn
from engine.display.saving import check_target, save_runs
from tests.cli.snapshots import compared, one_number, several_numbers
from tests.display.shown import a_run, hostile_run

BEGINNINGS = {
    ".html": b"<!doctype html>",
    ".png": b"\x89PNG",
    ".svg": b"<svg",
    ".json": b"{",
    ".csv": b"metric,",
    ".parquet": b"PAR1",
}


@pytest.mark.parametrize("ending", BEGINNINGS)
def test_the_ending_says_how_a_run_is_saved(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"run{ending.upper()}"
    target.write_text("old")
    a_run(["DE"], 3).save(target)
    assert target.read_bytes().startswith(BEGINNINGS[ending])
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_target_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match=r"end in one of \.html, \.png"):
        check_target(tmp_path / "run.xlsx")
    with pytest.raises(UsageError, match="there is no folder"):
        check_target(tmp_path / "none" / "run.csv")
    with pytest.raises(UsageError, match="is a folder"):
        check_target(tmp_path / "folder.csv")
    with pytest.raises(UsageError, match="no run to save"):
        save_runs([], tmp_path / "run.csv")


def test_charts_without_their_extra_are_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert check_target(tmp_path / "run.html")
    for ending in (".png", ".svg"):
        with pytest.raises(UsageError, match=r"pip install 'calcmetric\[report\]'"):
            check_target(tmp_path / f"run{ending}")
    with pytest.raises(UsageError, match=r"calcmetric\[report\]"):
        a_run().chart()
    assert check_target(tmp_path / "run.csv")


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "run.csv"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        a_run().save(target)
    assert target.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["run.csv"]


def test_json_is_what_the_command_prints(tmp_path: Path) -> None:
    one_number().save(tmp_path / "run.json")
    told = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert told["version"] == 1 and told["runs"] == [json.loads(json.dumps(one_number().to_dict()))]


def test_csv_shows_formulas_instead_of_computing_them(tmp_path: Path) -> None:
    a_run(["=cmd|' /C calc'!A0", "@SUM(1)", "-1"]).save(tmp_path / "run.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "run.csv").read_text("utf-8"))))
    assert [row["segment"] for row in rows] == ["", "'=cmd|' /C calc'!A0", "'@SUM(1)", "-1"]


def test_parquet_has_a_row_for_each_result_of_every_kind_of_run(tmp_path: Path) -> None:
    runs = [one_number(), several_numbers(), compared()]
    save_runs(runs, tmp_path / "runs.parquet")
    rows = pq.read_table(tmp_path / "runs.parquet").to_pylist()
    assert [(row["metric"], row["name"], row["status"]) for row in rows] == [
        (run.metric, result.name, result.status) for run in runs for result in run.results
    ]
    values = [result.value for run in runs for result in run.results]
    assert [row["value"] for row in rows] == [None if math.isnan(value) else value for value in values]
    assert [row["segment"] for row in rows[:4]] == [None, "DE", None, "[18,25)"]
    assert rows[6]["group"] == '["country", "new"]' and rows[6]["segment"] == '["FR", true]'


def test_a_chart_is_one_of_altair_and_notebooks_get_a_picture_of_it() -> None:
    chart = a_run(["DE"], 4).chart()
    assert type(chart).__mro__[1].__name__ == "VConcatChart"
    shown = chart.properties(title="changed")._repr_mimebundle_()
    assert shown.keys() == {"image/svg+xml", "text/plain"} and "changed" in shown["image/svg+xml"]
    assert "http" not in shown["image/svg+xml"].replace("http://www.w3.org/", "")


def test_a_chart_has_a_gap_and_a_sign_where_there_is_no_number() -> None:
    spec = a_run(["DE"], 8).chart().to_dict()
    (part,) = spec["vconcat"]
    rows = spec["datasets"][spec["data"]["name"]]
    assert [row["value"] is None for row in rows] == [row["status"] == "raised" for row in rows]
    assert sum(row["status"] == "raised" for row in rows) == 1
    assert rows[0]["start"] == "2026-08-01T02:00:00Z"  # Berlin's clock, which no reader's zone moves
    assert any(
        layer["mark"].get("invalid") == "break-paths-show-path-domains" for layer in part["spec"]["layer"]
    )


def test_a_chart_says_how_many_segments_it_leaves_out() -> None:
    titles = [
        part["title"]
        for most in (None, 3, 2)
        for part in chart_of([a_run(["DE", "FR", "IT"])], most_facets=most).to_dict()["vconcat"]
    ]
    assert titles == ["rate", "rate", "rate (the first 2 of 3 segments)"]


def test_texts_in_a_chart_are_values_never_fields_or_expressions() -> None:
    for part in hostile_run().chart().to_dict()["vconcat"]:
        part.pop("title")
        part["facet"].pop("sort")
        assert "attack" not in json.dumps(part)


def test_numbers_at_the_ends_of_floats_are_drawn() -> None:
    from dataclasses import replace

    run = a_run(["DE", "FR"])
    values = (sys.float_info.max, -sys.float_info.max, 0.0)
    wide = [replace(one, value=value) for one, value in zip(run.results, values, strict=True)]
    assert drawn(replace(run, results=tuple(wide)).chart(), "svg").startswith(b"<svg")
    assert "nan" not in replace(run, results=tuple(wide))._repr_html_().partition("</style>")[2]


def test_what_the_command_is_to_save_is_looked_at_first(tmp_path: Path) -> None:
    report, table = str(tmp_path / "report.HTML"), str(tmp_path / "runs.csv")
    assert [str(one) for one in make_targets((table,), report, dry_run=False)] == [table, report]
    assert make_targets((), None, dry_run=True) == ()
    with pytest.raises(UsageError, match="cannot be used with --dry-run"):
        make_targets((table,), report, dry_run=True)
    with pytest.raises(UsageError, match=r"--report writes HTML"):
        make_targets((), "report.pdf", dry_run=False)
    with pytest.raises(UsageError, match=r"end in one of"):
        make_targets((str(tmp_path / "runs.xlsx"),), None, dry_run=False)
