"""The command line on the sample data: what it prints where, and its exit statuses."""

import csv
import io
import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from engine import Engine
from engine.cli import run, running
from engine.cli.main import _run

EXAMPLES = Path(__file__).parents[2] / "examples"
PAYMENTS = str(EXAMPLES / "payments.parquet")
AVERAGE = "def calc_metric(df):\n    return df.agg({'amount': 'avg'}).first()[0]\n"
HELLO = "def calc_metric(df):\n    print('hello')\n    return float('nan')\n"
RANGE = ["--timestamp", "ts", "--from", "2026-04-28T00:00:00Z", "--to", "2026-05-01T00:00:00Z"]

pytestmark = pytest.mark.sail


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """The folder of the metrics and the data of tests, and an engine that may read it and the examples."""
    folder = tmp_path_factory.mktemp("commands")
    with Engine("sail", roots=(folder, EXAMPLES)) as engine:
        yield folder, engine


class LongLived:
    """An engine for one command that is another's, and goes on when the command is done."""

    def __init__(self, engine):
        self._engine = engine

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


@pytest.fixture
def cold_command(tmp_path, capsys):
    """Run a metric on the sample data; give exit status, standard output and standard error."""

    def run(source, *options, data=PAYMENTS):
        path = tmp_path / "metric.py"
        path.write_text(source)
        status = _run(["run", str(path), "--data", data, "--backend", "sail", *options])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return run


@pytest.fixture
def command(cold_command, warm, monkeypatch):
    """The same, without a zygote and a server to start for each command."""
    monkeypatch.setattr(run, "WorkerPool", Mock())
    monkeypatch.setattr(running, "Engine", lambda *args, **options: LongLived(warm[1]))
    return cold_command


def test_the_table_shows_every_segment_and_nothing_on_standard_error(cold_command):
    status, out, err = cold_command(AVERAGE, "--by", "plan")
    assert status == 0 and err == ""
    for words in ("all data", "plan = basic", "plan = plus", "3,000"):
        assert words in out


def test_json_is_the_documented_object_without_bare_nan(command):
    status, out, _ = command(
        "def calc_metric(df):\n    print('hello')\n    return float('nan')\n",
        "--by",
        "plan",
        "--format",
        "json",
    )
    document = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    [run] = document["runs"]
    assert (status, document["version"], run["metric"]) == (0, 1, "metric")
    full, *segments = run["results"]
    assert full["segment"] is None and full["status"] == "nan" and full["value"] is None
    assert full["printed"] == "hello\n" and full["error"] is None and full["rows"] == 3000
    assert segments[0]["segment"] == {"group": "plan", "value": "basic", "type": "string"}


def test_without_fusion_the_same_table_is_printed(command):
    source = AVERAGE.replace("'avg'}", "'avg'}").replace(
        "first()[0]", "first()[0] + df.filter('age > 30').count()"
    )
    options = ["--by", "plan", "--by", "country", "--buckets", "age=18,30,40,50,60"]
    tables = [command(source, *options, *more)[1] for more in ([], ["--no-fuse"])]
    values = [[line.rpartition(" in ")[0] or line for line in table.splitlines()] for table in tables]
    assert [line.split("│")[:3] for line in values[0]] == [line.split("│")[:3] for line in values[1]]


def test_csv_has_a_line_for_each_frame(command):
    status, out, _ = command(AVERAGE, *RANGE, "--every", "1d", "--by", "plan", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and len(lines) == 1 + 3 + 3 * 3
    assert {line["status"] for line in lines} <= {"ok", "no_data"}


def test_several_metrics_are_several_runs(tmp_path, capsys):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(AVERAGE)
    paths = [str(tmp_path / "one.py"), str(tmp_path / "two.py")]
    assert _run(["run", *paths, "--data", PAYMENTS, "--backend", "sail", "--format", "json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["metric"] for run in runs] == ["one", "two"]


def test_a_frame_that_fails_is_exit_status_1_and_is_explained(command):
    status, out, _ = command("def calc_metric(df):\n    return df.agg({'amonut': 'avg'}).first()[0]\n")
    assert status == 1
    assert "raised" in out and "line 2" in out and "amonut" in out


def test_a_refused_source_is_exit_status_2_with_every_problem(command):
    source = "import os\ndef calc_metric(df):\n    return open('x')\n"
    status, out, _ = command(source, "--format", "json")
    problems = json.loads(out)["problems"]
    assert status == 2
    assert [(p["line"], p["code"]) for p in problems] == [(1, "import-refused"), (3, "name-refused")]
    assert all(p["message"] and p["hint"] for p in problems)


def test_a_dry_run_shows_frames_and_runs_nothing(command):
    status, out, _ = command(
        "def calc_metric(df):\n    return 1 / 0\n", "--by", "plan", "--dry-run", "--format", "json"
    )
    plan = json.loads(out)
    assert status == 0
    assert plan["frames"][0]["rows"] == 3000 and plan["calls_per_frame"] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--by", "cuontry"], "did you mean 'country'"),
        (["--timestamp", "age"], "says no time"),
        (["--where", "x=amuont > 1"], "amuont"),
        (["--where", "x=amount"], "not Boolean"),
        (["--timestamp", "ts", "--from", "2026-04-01"], "time zone"),
        (["--timestamp", "ts", "--from", "2026-04-02T00:00:00Z", "--to", "2026-04-01T00:00:00Z"], "reversed"),
        (["--last", "7d", "--from", "2026-04-01T00:00:00Z"], "not both"),
        (["--every", "1d"], ""),
        (["--memory", "lots"], "2GiB"),
        (["--timeout", "0"], "positive"),
        (["--zone", "Mars/Olympus", "--timestamp", "ts"], "Mars/Olympus"),
        (["--bogus"], "No such option"),
    ],
)
def test_bad_usage_is_exit_status_3_with_one_clear_message(command, options, words):
    status, out, err = command(AVERAGE, *options)
    assert (status, out) == (3, "")
    assert words in err and err.strip()


@pytest.mark.parametrize("data", ["nope.parquet", "/etc/passwd", str(EXAMPLES / "auc.py")])
def test_bad_data_is_exit_status_3(cold_command, data):
    status, out, err = cold_command(AVERAGE, data=data)
    assert (status, out) == (3, "") and Path(data).name in err


def test_an_endpoint_that_does_not_answer_is_exit_status_3(tmp_path, capsys):
    (tmp_path / "metric.py").write_text(AVERAGE)
    arguments = ["run", str(tmp_path / "metric.py"), "--data", "t", "--backend", "sc://localhost:1"]
    assert _run(arguments) == 3
    assert "does not answer" in capsys.readouterr().err


def test_check_shows_every_problem_and_its_fix(tmp_path, capsys):
    bad = tmp_path / "bad.py"
    bad.write_text("import os\nx = 1\n")
    assert _run(["check", str(bad)]) == 2
    out = capsys.readouterr().out.replace("\n", " ")
    assert "bad.py:1:8" in out and "metric-missing" in out and "fix:" in out
    assert _run(["check", str(EXAMPLES / "auc.py")]) == 0


def test_doctor_tries_everything_in_a_real_worker(capsys):
    assert _run(["doctor", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["level"] in ("full", "landlock") and len(report["attempts"]) > 50
    assert all(attempt["blocked"] or not attempt["expected"] for attempt in report["attempts"])
    assert "java" in report["java"] and report["versions"]["pyspark"].startswith("4.2")


def test_values_of_the_data_do_not_command_the_terminal(command, warm):
    nasty = "[/red]\x1b]0;title\x07 end"
    path = warm[0] / "nasty.json"
    path.write_text(json.dumps({"kind": nasty}) + "\n")
    for options in ([], ["--dry-run"]):
        status, out, _ = command(
            "def calc_metric(df):\n    return df.count()\n", "--by", "kind", *options, data=str(path)
        )
        assert status == 0
        assert "[/red] end" in out
        assert "\x1b" not in out and "\x07" not in out
