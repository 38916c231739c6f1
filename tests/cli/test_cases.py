"""Tests of metrics: what their files may say, what they find, at the command line and under pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import UsageError
from engine import api as engine_api
from engine.cli import test as command
from engine.cli.cases import find_cases, read_case, run_case
from engine.cli.main import _run

METRIC = """
def calc_metric(df):
    row = df.agg({"label": "avg"}).first()
    return row[0] if row[0] is not None else float("nan")
"""
CASE = """
[data]
rows = [
    { label = 1, country = "DE", ts = 2026-01-01T00:00:00Z },
    { label = 0, country = "FR", ts = 2026-01-02T00:00:00Z },
    { country = "PL", ts = 2026-01-02T00:00:00Z },
]
timestamp = "ts"

[run]
by = "country"
where = ["early=ts < '2026-01-02'"]

[[expect]]
value = 0.5

[[expect]]
segment = "country = DE"
value = 1

[[expect]]
segment = "country = PL"
value = nan

[[expect]]
segment = "early"
value = 0.9
tolerance = 0.2
"""


@pytest.fixture
def folder(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = data_dir / tmp_path_factory.mktemp("cases").name
    made.mkdir()
    (made / "churn.py").write_text(METRIC)
    (made / "churn.case.toml").write_text(CASE)
    return made


def test_what_is_as_expected_passes(native_engine, folder):
    assert find_cases([folder]) == (folder / "churn.case.toml",)
    assert run_case(native_engine, read_case(folder / "churn.case.toml")) == ()


WRONG = {
    ("value = 0.5", "value = 0.6"): "all data: expected 0.6, got 0.5",
    ("value = 1\n", "value = nan\n"): "country = DE: expected nan, got ok (1)",
    ("value = nan", 'status = "ok"'): "country = PL: expected ok, got nan",
    (
        "country = DE",
        "country = NL",
    ): "country = NL: there is no such result; the results are all data, ",
    ("tolerance = 0.2", "tolerance = 0.01"): "early: expected 0.9, got 1.0",
}


@pytest.mark.parametrize("change", WRONG, ids=range(len(WRONG)))
def test_what_is_otherwise_is_told(native_engine, folder, change):
    path = folder / "churn.case.toml"
    path.write_text(CASE.replace(*change))
    (wrong,) = run_case(native_engine, read_case(path))
    assert wrong.startswith(WRONG[change])


def test_a_metric_that_is_refused_or_raises_fails_its_test(native_engine, folder):
    (folder / "churn.py").write_text("import os\n" + METRIC)
    (wrong,) = run_case(native_engine, read_case(folder / "churn.case.toml"))
    assert wrong == "churn.py:1: module os may not be imported"
    (folder / "churn.py").write_text("def calc_metric(df):\n    return 1 / 0\n")
    found = run_case(native_engine, read_case(folder / "churn.case.toml"))
    assert len(found) == 4 and "expected ok, got raised: ZeroDivisionError" in found[0]


def test_named_values_and_parameters(native_engine, folder):
    (folder / "named.py").write_text(
        "def calc_metric(df, *, above: float = 0.5) -> dict[str, float]:\n"
        "    return {'share': df.filter(df.label > above).count() / df.count(), 'rows': df.count()}\n"
    )
    path = folder / "named.case.toml"
    path.write_text(
        "[data]\nrows = [{label = 1}, {label = 3}]\n[run]\nparams = {above = 2.0}\n"
        '[[expect]]\nname = "share"\nvalue = 0.5\n[[expect]]\nname = "rows"\nvalue = 2\n'
    )
    assert run_case(native_engine, read_case(path)) == ()
    path.write_text(path.read_text().replace('name = "rows"', ""))
    assert run_case(native_engine, read_case(path))


@pytest.mark.slow
@pytest.mark.spark
def test_rows_in_a_file_in_windows(native_engine, folder):
    (folder / "x.csv").write_text("label,ts\n1,2026-01-01T12:00:00Z\n0,2026-01-02T12:00:00Z\n")
    path = folder / "days.case.toml"
    path.write_text(
        'metric = "churn.py"\n[data]\nfile = "x.csv"\ntimestamp = "ts"\n'
        '[run]\nfrom = "2026-01-01T00:00:00Z"\nto = "2026-01-03T00:00:00Z"\nevery = "1d"\n'
        "[[expect]]\nstatus = 'ok'\n"
    )
    assert run_case(native_engine, read_case(path)) == ()


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path):
    path = tmp_path / "x.case.toml"
    path.write_text(
        "colour = 1\n[data]\nrows = []\n[run]\nbuckets = 'x=a'\n"
        "[[expect]]\nvalue = 'x'\nwrong = 1\n[[expect]]\nsegment = 'a'\n[[expect]]\nstatus = 'fine'\n"
    )
    with pytest.raises(UsageError) as caught:
        read_case(path)
    for part in (
        "colour is not known", "no metric x.py", "rows must be a list of at least one",
        "'a' is neither a number", "expect.value must be a number, not 'x'",
        "expect.wrong is not known", "neither a value nor a status",
        "expect.status 'fine'",
    ):  # fmt: skip
        assert part in str(caught.value), part
    path.write_text("[data\n")
    with pytest.raises(UsageError, match="line 1"):
        read_case(path)


def test_the_command_says_what_failed(native_engine, folder, capsys, monkeypatch, worker_pool):
    class Lasting:
        """An engine that goes on when the command is done."""

        evaluate = staticmethod(native_engine.evaluate)

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(command, "WorkerPool", lambda *args, **options: worker_pool)
    monkeypatch.setattr(engine_api, "Engine", lambda *args, **options: Lasting())
    assert _run(["test", str(folder), "--backend", "spark"]) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out
    (folder / "other.case.toml").write_text(CASE.replace("value = 0.5", "value = 0.6").replace("churn", "o"))
    (folder / "other.py").write_text(METRIC)
    assert _run(["test", str(folder), "--backend", "spark"]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out and "all data: expected 0.6, got 0.5" in out and "1 passed, 1 failed" in out
    (folder / "bad.case.toml").write_text("[[expect]]\n")
    assert _run(["test", str(folder)]) == 3
    assert "bad.case.toml" in capsys.readouterr().err
    assert _run(["test", str(folder / "churn.py")]) == 3


@pytest.mark.slow
def test_pytest_finds_and_runs_them(folder):
    (folder / "other.case.toml").write_text(CASE.replace("value = 0.5", "value = 0.6"))
    (folder / "other.py").write_text(METRIC)
    environment = {**os.environ, "CALCMETRIC_TEST_BACKEND": "spark"}
    arguments = ["-m", "pytest", "-p", "engine.pytest_cases", "-p", "no:xdist", "-q", str(folder)]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout and "all data: expected 0.6, got 0.5" in done.stdout
