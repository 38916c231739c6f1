"""What the README shows is executed: its commands' text in CI, its examples here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(*command, cwd):
    return subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture
def checkout(tmp_path):
    """A folder with the examples, as the README's reader has it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def test_ci_runs_the_readmes_test_command():
    [command] = [line for block in blocks("bash") for line in block.splitlines() if "-e '.[test]'" in line]
    assert command in (ROOT / ".ci/run").read_text()


def test_the_authors_example_runs_as_printed(checkout):
    [metric] = [block for block in blocks("python") if block.startswith("# churn.py")]
    (checkout / "churn.py").write_text(metric)
    [command] = re.findall(r"^calcmetric (run churn\.py.*?[^\\])$", README, re.DOTALL | re.MULTILINE)
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|[^\s\\]+', command)]
    done = run("-m", "engine.cli", *words, "--backend", "sail", "--format", "json", cwd=checkout)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["runs"][0]["results"]
    assert results[0]["status"] == "ok" and len(results) > 5


def test_the_snowpark_example_runs_as_printed(checkout):
    [metric] = [block for block in blocks("python") if block.startswith("# churn_snow.py")]
    (checkout / "churn_snow.py").write_text(metric)
    [command] = re.findall(r"^calcmetric (run churn_snow\.py.*--backend duckdb)$", README, re.MULTILINE)
    done = run("-m", "engine.cli", *command.split(), "--format", "json", cwd=checkout)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["runs"][0]["results"]
    assert results[0]["status"] == "ok" and len(results) > 5


def test_the_platform_engineers_example_runs_as_printed(checkout):
    [program] = [block for block in blocks("python") if "from engine import" in block]
    program = program.replace('Engine("spark"', 'Engine("sail"')
    done = run("-W", "ignore::ResourceWarning", "-c", program, cwd=checkout)
    assert done.returncode == 0, done.stderr
    overall, *segments = done.stdout.splitlines()
    assert 0.5 < float(overall) < 1
    assert len(segments) > 10


def test_every_limit_status_and_exit_code_is_documented():
    from dataclasses import fields

    from engine.models.result import STATUSES
    from sandbox.contract.limits import Limits

    for name in [*STATUSES, *(field.name for field in fields(Limits))]:
        assert f"`{name}`" in README, name
