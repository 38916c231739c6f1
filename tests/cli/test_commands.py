"""The command line on the sample data: what it prints where, and its exit statuses."""

import csv
import io
import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from engine import Engine, UsageError
from engine.cli import check, run, running
from engine.cli.main import _run
from tests.servers import LongLived, engine_on

EXAMPLES = Path(__file__).parents[2] / "examples"
PAYMENTS = str(EXAMPLES / "payments.parquet")
AVERAGE = "def calc_metric(df):\n    return df.agg({'amount': 'avg'}).first()[0]\n"
HELLO = "def calc_metric(df):\n    print('hello')\n    return float('nan')\n"
RANGE = ["--timestamp", "ts", "--from", "2026-04-28T00:00:00Z", "--to", "2026-05-01T00:00:00Z"]


@pytest.fixture(scope="module")
def warm(native_backend, data_dir, spool_dir, worker_pool):
    """The folder of the metrics and the data of tests, and an engine that may read it and the examples."""
    folder = data_dir / "commands"
    folder.mkdir(exist_ok=True)  # again where other tests came between those of this module
    with engine_on(native_backend, spool_dir, roots=(folder, EXAMPLES), pool=worker_pool) as engine:
        yield folder, engine


@pytest.fixture
def cold_command(tmp_path, capsys):
    """Run a metric on the sample data; give exit status, standard output and standard error."""

    def run_command(source, *options, data=PAYMENTS):
        path = tmp_path / "metric.py"
        path.write_text(source)
        status = _run(["run", str(path), "--data", data, "--backend", "spark", *options])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return run_command


@pytest.fixture
def own_server(cold_command, worker_pool, monkeypatch):
    """The same, without a zygote to start for each command."""
    monkeypatch.setattr(run, "WorkerPool", lambda *args, **options: worker_pool)
    monkeypatch.setattr(run, "start_duckdb", Mock(return_value=None))
    return cold_command


@pytest.fixture
def command(cold_command, warm, monkeypatch):
    """The same, without a server to start either, so that data elsewhere is out of its reach."""
    monkeypatch.setattr(run, "WorkerPool", Mock())
    monkeypatch.setattr(run, "start_duckdb", Mock(return_value=None))
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


@pytest.mark.spark
def test_csv_has_a_line_for_each_frame(command):
    status, out, _ = command(AVERAGE, *RANGE, "--every", "1d", "--by", "plan", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and len(lines) == 1 + 3 + 3 * 3
    assert {line["status"] for line in lines} <= {"ok", "no_data"}


def test_csv_tells_pairs_of_segments_as_json_does(command):
    options = ["--by", "plan", "--cross", "plan,country"]
    told = json.loads(command(AVERAGE, *options, "--format", "json")[1])["runs"][0]["results"]
    lines = list(csv.DictReader(io.StringIO(command(AVERAGE, *options, "--format", "csv")[1])))
    pairs = [
        (one["segment"], line)
        for one, line in zip(told, lines, strict=True)
        if one["segment"] is not None and isinstance(one["segment"]["group"], list)
    ]
    assert len(pairs) > 4
    for segment, line in pairs:
        columns = ("group", "segment", "type")
        assert [json.loads(line[name]) for name in columns] == [*segment.values()]


def test_times_without_a_zone_are_read_in_the_one_that_is_named(command):
    berlin = [
        "--timestamp",
        "ts",
        "--from",
        "2026-04-28",
        "--to",
        "2026-04-30T12:00",
        "--zone",
        "Europe/Berlin",
    ]
    status, out, _ = command(AVERAGE, *berlin, "--format", "json")
    [run] = json.loads(out)["runs"]
    assert status == 0
    assert (run["time"]["start"], run["time"]["end"]) == (
        "2026-04-28T00:00:00+02:00",
        "2026-04-30T12:00:00+02:00",
    )
    until = ["--timestamp", "ts", "--last", "1d", "--as-of", "2026-04-30", "--zone", "Europe/Berlin"]
    [run] = json.loads(command(AVERAGE, *until, "--format", "json")[1])["runs"]
    assert run["time"]["start"] == "2026-04-29T00:00:00+02:00"


@pytest.mark.parametrize(
    ("source", "option", "value", "word"),
    [
        ("    return len(df.collect())\n", "--fetch-rows", "10", "fetched_rows"),
        ("    return len(df.collect())\n", "--fetch-size", "1KiB", "fetched_bytes"),
        ("    return sum(df.filter(f'age > {n}').count() for n in range(5))\n", "--requests", "2", "plans"),
    ],
)
def test_a_limit_that_is_reached_names_its_option(command, source, option, value, word):
    source = "def calc_metric(df):\n" + source
    for form in ("table", "json", "csv"):
        status, out, err = command(source, option, value, "--format", form)
        assert status == 1 and word in out and f"raise {option}" in out.replace("\n", " ")
        assert "Limits." not in out + err


def test_csv_calls_no_status_by_the_name_of_a_number(command):
    status, out, _ = command(HELLO, "--format", "csv")
    [line] = csv.DictReader(io.StringIO(out))
    assert (status, line["status"]) == (0, "not_a_number")


SCORES = """
from pyspark.sql import functions as F

def calc_metric(
    df, *, above: float = 0, half: bool = False, column: ColumnName = "amount"
) -> dict[str, float]:
    row = df.filter(F.col(column) > above).agg(F.count("*"), F.avg(column)).first()
    return {"rows": row[0], "mean": row[1] / 2 if half else row[1]}
"""


def test_several_numbers_and_parameters_at_every_form(command):
    params = ["--param", "above=100", "--param", "half=true"]
    status, out, _ = command(SCORES, "--by", "country", "--format", "json", *params)
    [run] = json.loads(out)["runs"]
    assert status == 0 and run["params"] == {"above": 100.0, "half": True}
    assert [one["name"] for one in run["results"]] == ["rows", "mean"] * (len(run["results"]) // 2)
    status, out, _ = command(SCORES, "--by", "country", "--format", "csv", *params)
    lines = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert [one["name"] for one in lines] == [one["name"] for one in run["results"]]
    assert [float(one["value"]) for one in lines] == pytest.approx([one["value"] for one in run["results"]])
    status, out, _ = command(SCORES, *params)
    assert status == 0 and "name" in out and "rows" in out and "mean" in out


def test_without_names_there_is_no_column_for_them(command):
    assert "name" not in command(AVERAGE, "--format", "csv")[1].splitlines()[0].split(",")
    assert " name " not in command(AVERAGE)[1]


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_parameters_that_do_not_fit_are_told_at_once(command, dry):
    wrong = [f"--param={one}" for one in ("above=high", "half=maybe", "nope=1")]
    status, out, err = command(SCORES, "--format", "json", *wrong, *dry)
    found = {(one["code"], one["line"]) for one in json.loads(out)["problems"]}
    assert (status, err) == (3, "")
    assert found == {("parameter-value", 5), ("parameter-unknown", 1)} and out.count("parameter-value") == 2
    status, out, err = command(SCORES, "--param", "column=nope", *dry)
    assert status == 3 and "there is no column 'nope'" in out + err
    status, _, err = command(SCORES, "--param", "above", "--param", "half=1", "--param", "half=0", *dry)
    assert status == 3 and "NAME=VALUE" in err and "given twice" in err


def test_a_parameter_of_several_metrics_goes_to_those_that_have_it(
    tmp_path, capsys, worker_pool, monkeypatch
):
    monkeypatch.setattr(run, "WorkerPool", lambda *args, **options: worker_pool)
    monkeypatch.setattr(run, "start_duckdb", Mock(return_value=None))
    paths = [str(tmp_path / name) for name in ("scores.py", "average.py")]
    for path, source in zip(paths, (SCORES, AVERAGE), strict=True):
        Path(path).write_text(source)
    options = ["--data", PAYMENTS, "--backend", "spark", "--format", "csv"]
    assert _run(["run", *paths, *options, "--param", "above=1e9"]) == 1
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(one["metric"], one["name"], one["status"]) for one in lines] == [
        ("scores", "rows", "ok"), ("scores", "mean", "invalid_output"), ("average", "", "ok"),
    ]  # fmt: skip
    for more in ([], ["--dry-run"]):
        assert _run(["run", *paths, *options, *more, "--param", "nope=1"]) == 3
        assert "no metric has a parameter 'nope'" in capsys.readouterr().out


def test_several_metrics_are_several_runs(tmp_path, capsys, worker_pool, monkeypatch):
    monkeypatch.setattr(run, "WorkerPool", lambda *args, **options: worker_pool)
    monkeypatch.setattr(run, "start_duckdb", Mock(return_value=None))
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(AVERAGE)
    paths = [str(tmp_path / "one.py"), str(tmp_path / "two.py")]
    assert _run(["run", *paths, "--data", PAYMENTS, "--backend", "spark", "--format", "json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["metric"] for run in runs] == ["one", "two"]


@pytest.mark.slow
@pytest.mark.spark
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
        (["--timestamp", "age"], "does not hold a time"),
        pytest.param(["--where", "x=amuont > 1"], "amuont", marks=[pytest.mark.spark, pytest.mark.slow]),
        (["--where", "x=amount"], "not Boolean"),
        (
            ["--timestamp", "ts", "--from", "2026-04-01"],
            "2026-04-01T00:00:00Z (or +01:00 ...), or name the zone",
        ),
        (["--timestamp", "ts", "--from", "2026-03-29T02:30", "--zone", "Europe/Berlin"], "never"),
        (["--timestamp", "ts", "--to", "2026-10-25T02:30", "--zone", "Europe/Berlin"], "T02:30:00+02:00"),
        (["--from", "2026-04-01T00:00:00Z"], "--timestamp ts"),
        (["--last", "a week", "--timestamp", "ts"], "(M is a calendar month); not"),
        (["--timestamp", "ts", "--every", "1d"], "give --from and --to, or --last"),
        (["--frame-timeout", "-1"], "--frame-timeout must be positive, not -1"),
        (["--fetch-size", "0"], "--fetch-size must be positive, not 0"),
        (["--timestamp", "ts", "--from", "2026-04-02T00:00:00Z", "--to", "2026-04-01T00:00:00Z"], "reversed"),
        (["--last", "7d", "--from", "2026-04-01T00:00:00Z"], "not both"),
        (["--every", "1d"], ""),
        (["--memory", "lots"], "2GiB"),
        (["--timeout", "0"], "--timeout must be positive"),
        (["--zone", "Mars/Olympus", "--timestamp", "ts"], "Mars/Olympus"),
        (["--bogus"], "No such option"),
    ],
)
def test_bad_usage_is_exit_status_3_with_one_clear_message(command, options, words):
    status, out, err = command(AVERAGE, *options)
    assert (status, out) == (3, "")
    assert words in err and err.strip()


@pytest.mark.parametrize("data", ["nope.parquet", "/etc/passwd", str(EXAMPLES / "auc.py")])
def test_bad_data_is_exit_status_3(own_server, data):
    status, out, err = own_server(AVERAGE, data=data)
    assert (status, out) == (3, "") and Path(data).name in err


def test_an_endpoint_that_does_not_answer_is_exit_status_3(tmp_path, capsys, worker_pool, monkeypatch):
    monkeypatch.setattr(run, "WorkerPool", lambda *args, **options: worker_pool)
    monkeypatch.setattr(run, "start_duckdb", Mock(return_value=None))
    (tmp_path / "metric.py").write_text(AVERAGE)
    arguments = ["run", str(tmp_path / "metric.py"), "--data", "t", "--backend", "sc://localhost:1"]
    assert _run(arguments) == 3
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("choice", ["files-only", "files-and-network"])
def test_the_isolation_of_servers_reaches_the_engine(command, monkeypatch, choice):
    made = Mock(side_effect=UsageError("seen"))
    monkeypatch.setattr(running, "Engine", made)
    command(AVERAGE, "--server-isolation", choice)
    assert made.call_args.kwargs["server_isolation"] == choice


def test_modules_are_opened_by_name(tmp_path, capsys, worker_pool, monkeypatch):
    monkeypatch.setattr(check, "WorkerPool", lambda *args, **options: worker_pool)
    metric = tmp_path / "median.py"
    metric.write_text("import statistics\n\ndef calc_metric(df):\n    return statistics.median([1])\n")
    assert _run(["check", str(metric)]) == 2
    assert "--imports standard opens it" in capsys.readouterr().out.replace("\n", " ")
    assert _run(["check", str(metric), "--imports", "standard"]) == 0
    assert _run(["check", str(metric), "--imports", "statistics", "--imports", "re"]) == 0


def test_a_run_opens_the_modules_that_it_is_given(command, monkeypatch):
    made = Mock(side_effect=Engine)
    monkeypatch.setattr(running, "Engine", made)
    command(AVERAGE, "--imports", "standard", "--imports", "statistics")
    assert made.call_args.kwargs["extra_imports"] == ("standard", "statistics")


def test_modules_that_are_not_there_are_told_all_at_once(tmp_path, capsys):
    metric = tmp_path / "metric.py"
    metric.write_text(AVERAGE)
    for begin in (["check", str(metric)], ["run", str(metric), "--data", PAYMENTS]):
        assert _run([*begin, "--imports", "standrad", "--imports", "a-b"]) == 3
        error = capsys.readouterr().err
        assert (
            error.startswith("Error: --imports: there is no module standrad")
            and "'a-b' is not a module" in error
        )


def test_check_shows_every_problem_and_its_fix(tmp_path, capsys, worker_pool, monkeypatch):
    monkeypatch.setattr(check, "WorkerPool", lambda *args, **options: worker_pool)
    bad = tmp_path / "bad.py"
    bad.write_text("import os\nx = 1\n")
    assert _run(["check", str(bad)]) == 2
    out = capsys.readouterr().out.replace("\n", " ")
    assert "bad.py:1:8" in out and "metric-missing" in out and "fix:" in out
    assert _run(["check", str(EXAMPLES / "auc.py")]) == 0


def test_check_looks_at_parameters(tmp_path, capsys, worker_pool, monkeypatch):
    monkeypatch.setattr(check, "WorkerPool", lambda *args, **options: worker_pool)
    first, second, bad = tmp_path / "first.py", tmp_path / "second.py", tmp_path / "bad.py"
    first.write_text("def calc_metric(df, *, floor: int = 1):\n    return floor\n")
    second.write_text("def calc_metric(df):\n    return 1\n")
    bad.write_text("import os\n")
    assert _run(["check", str(first), "--param", "floor=2"]) == 0
    assert _run(["check", str(first), str(second), "--param", "floor=2"]) == 0
    capsys.readouterr()
    assert _run(["check", str(first), "--param", "floor=two", "--param", "roof=1"]) == 3
    out = capsys.readouterr().out
    assert "floor" in out and "roof" in out and "no problems" not in out
    assert _run(["check", str(second), str(first), "--param", "roof=1"]) == 3
    assert "no metric has a parameter 'roof'" in capsys.readouterr().out.replace("\n", " ")
    assert _run(["check", str(bad), str(first), "--param", "floor=two"]) == 2
    assert "floor" in capsys.readouterr().out
    assert _run(["check", str(first), "--param", "floor"]) == 3


def test_doctor_tries_everything_in_a_real_worker(capsys):
    assert _run(["doctor", "--format", "json", "--backend", "duckdb"]) == 0
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
