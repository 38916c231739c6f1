"""Baselines on the command line: other data, the window before, the first stretch; and what is wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest

from engine.cli import run, running
from engine.cli.main import _run
from tests.servers import LongLived, engine_on

pytestmark = pytest.mark.spark

EXAMPLES = Path(__file__).parents[2] / "examples"
TWO = "def calc_metric(df, baseline):\n    return df.count() - baseline.count()\n"
ONE = "def calc_metric(df):\n    return df.count()\n"
WEEK = ["--timestamp", "ts", "--last", "7d", "--as-of", "2026-05-01T00:00:00Z"]


@pytest.fixture(scope="module")
def folder(data_dir):
    """The sample data, and its first thousand rows as what a model was trained on."""
    folder = data_dir / "command-baselines"
    folder.mkdir()
    payments = pd.read_parquet(EXAMPLES / "payments.parquet")
    payments.to_parquet(folder / "payments.parquet")
    payments.head(1_000).to_parquet(folder / "training.parquet")
    return folder


@pytest.fixture
def command(folder, tmp_path, native_backend, shared_options, monkeypatch, capsys):
    """Run metrics on the sample data; give exit status, standard output and standard error."""
    with engine_on(native_backend, **shared_options) as engine:
        monkeypatch.setattr(run, "WorkerPool", Mock())
        monkeypatch.setattr(run, "start_duckdb", Mock(return_value=None))
        monkeypatch.setattr(running, "Engine", lambda *args, **options: LongLived(engine))

        def run_command(*options, **sources):
            for name, source in sources.items():
                (tmp_path / f"{name}.py").write_text(source)
            paths = [str(tmp_path / f"{name}.py") for name in sources]
            status = _run(["run", *paths, "--data", str(folder / "payments.parquet"), *options])
            out, err = capsys.readouterr()
            assert "Traceback" not in out + err
            return status, out, err

        yield run_command


def test_other_data(command, folder):
    training = str(folder / "training.parquet")
    status, out, _ = command("--baseline", training, "--by", "plan", m=TWO)
    assert status == 0 and "baseline rows" in out and "1,000" in out
    status, out, _ = command("--baseline", training, "--by", "plan", "--format", "json", m=TWO)
    [found] = json.loads(out)["runs"]
    assert found["baseline"] == {"kind": "training"}
    assert found["results"][0]["baseline_rows"] == 1_000 == 3_000 - found["results"][0]["value"]
    status, out, _ = command("--baseline", training, "--format", "csv", m=TWO, n=ONE)
    first, second = csv.DictReader(io.StringIO(out))
    assert (first["baseline_rows"], second["baseline_rows"]) == ("1000", "")
    status, out, _ = command("--baseline", training, "--baseline-timestamp", "nope", m=TWO)
    assert status == 3


def test_parts_of_the_data_itself(command):
    status, out, _ = command("--baseline", "previous", *WEEK, "--format", "json", m=TWO)
    [found] = json.loads(out)["runs"]
    assert status == 0 and found["baseline"] == {"kind": "previous"}
    assert 0 < found["results"][0]["baseline_rows"] < 3_000
    status, out, _ = command(
        "--baseline", "first:7d", "--timestamp", "ts", "--by", "plan", "--format", "json", m=TWO
    )
    [found] = json.loads(out)["runs"]
    assert status == 0 and found["baseline"] == {"kind": "first", "length": "7d"}


def test_a_dry_run_counts_both(command, folder):
    training = str(folder / "training.parquet")
    status, out, _ = command("--baseline", training, "--dry-run", m=TWO)
    assert status == 0 and "3,000 rows, 1,000 in the baseline" in out


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_none_is_given_or_none_is_taken(command, folder, dry):
    status, out, _ = command(*dry, m=TWO)
    assert status == 2 and "baseline-missing" in out
    assert "give --baseline DATA, --baseline previous or --baseline first:30d" in " ".join(out.split())
    status, out, _ = command("--baseline", str(folder / "training.parquet"), m=ONE)
    assert status == 0 and "baseline-unused" in out and "baseline rows" not in out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--baseline", "first:soon"], "the length of a baseline must be"),
        (["--baseline", "previous"], "needs a timestamp: name its column: --timestamp"),
        (["--baseline", "previous", "--baseline-timestamp", "ts"], "give --baseline DATA"),
        (["--baseline-timestamp", "ts"], "give --baseline DATA"),
        (["--baseline", "no/such.parquet"], "no/such.parquet"),
    ],
)
def test_what_makes_no_sense(command, options, told):
    status, _, err = command(*options, m=TWO)
    assert status == 3 and told in " ".join(err.split())
