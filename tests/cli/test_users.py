"""The command line for everybody: root, ordinary users, user ids without a name; in containers and outside.

Root looks on as other users; an ordinary user runs the first one as himself. What a user id of nobody's can
read decides whether it can be tried at all: a Python below somebody's private home is out of its reach.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.confine.like_container import can_use

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
NAMELESS = 48_213  # no passwd has it
SNOWPARK = "def calc_metric(df):\n    return df.count()\n"
# Nobody runs it: it begins a command as another user would.
AS_USER = "import sys; from tests.confine.like_container import become; become(int(sys.argv[1]));"
RUN = "from engine.cli import main; main(sys.argv[2:])"


def as_nameless(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-c", f"{AS_USER} {RUN}", str(NAMELESS), *arguments]


def in_container(*arguments: str, uid: int | None) -> list[str]:
    user = [] if uid is None else ["--uid", str(uid)]
    command = [sys.executable, "-P", "-m", "engine.cli", *arguments]
    return [sys.executable, str(REPOSITORY / "tests" / "confine" / "like_container.py"), *user, *command]


def numbers_of(command: list[str], uid: int | None) -> Any:
    """Run a command that prints JSON, with a fresh HOME of that user; its full frame."""
    with tempfile.TemporaryDirectory(prefix="calcmetric-home-") as home:
        if uid is not None:
            os.chown(home, uid, uid)
        return _run(command, home)


def _run(command: list[str], home: str) -> Any:
    environment = {"PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": str(REPOSITORY)}
    environment["CALCMETRIC_TRAINING"] = "off"  # of the HOME nothing is left to keep anything in
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["runs"][0]["results"][0]


def arguments_for(metric: Path, backend: str) -> tuple[str, ...]:
    data = str(EXAMPLES / "payments.parquet")
    return ("run", str(metric), "--data", data, "--backend", backend, "--format", "json")


def needs(uid: int, *paths: Path) -> None:
    if not can_use(uid, Path(sys.executable), Path(json.__file__), Path(pytest.__file__), EXAMPLES, *paths):
        pytest.skip("this Python, or this checkout, is below a folder that other users cannot enter")


@pytest.fixture
def metric(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A metric where everybody can read it."""
    folder = tmp_path_factory.mktemp("open")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    path = folder / "count.py"
    path.write_text(SNOWPARK)
    path.chmod(0o644)
    return path


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.spark(own=True)
def test_spark_starts_for_a_user_id_that_no_passwd_names():
    needs(NAMELESS)
    found = numbers_of(as_nameless(*arguments_for(EXAMPLES / "average_age.py", "spark")), NAMELESS)
    assert found["status"] == "ok" and found["value"] == pytest.approx(42.6957, abs=1e-4)


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.spark(own=True)
@pytest.mark.parametrize("uid", [NAMELESS, None], ids=["nameless", "root"])
def test_spark_starts_in_a_container(uid):
    needs(NAMELESS if uid else 65_534)  # what root's workers become
    command = in_container(*arguments_for(EXAMPLES / "average_age.py", "spark"), uid=uid)
    found = numbers_of(command, uid)
    assert found["status"] == "ok" and found["value"] == pytest.approx(42.6957, abs=1e-4)


@pytest.mark.root
@pytest.mark.parametrize("uid", [NAMELESS, None], ids=["nameless", "root"])
def test_the_other_server_starts_in_a_container(metric, uid):
    needs(NAMELESS if uid else 65_534, metric)
    found = numbers_of(in_container(*arguments_for(metric, "duckdb"), uid=uid), uid)
    assert (found["status"], found["value"]) == ("ok", 3000)
