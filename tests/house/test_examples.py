"""The examples of README and the manual run as printed: files, commands, programs, and what they print.

A page is worked through from top to bottom in a folder of its own: blocks that begin with a file's name are
written, commands of `calcmetric` run in this process on a shared server, and a block of output is what the
command before it has printed. What needs what is not here is checked otherwise, as far as it can be: see
`ELSEWHERE` and `LANGUAGES`. Of each command of `calcmetric` the options are those that it has.
"""

from __future__ import annotations

import math
import re
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest

import engine as public
from engine import Dataset, Engine
from engine import api as engine_api
from engine.backends.native.backend import NativeSpark
from engine.cli import check, run, running
from engine.cli import test as testing
from engine.cli.main import _run, cli
from engine.service import library
from tests.documents import PAGES, README, ROOT, Command, blocks, commands
from tests.servers import ASKS_SPARK, SharedPool, engine_on
from tests.tiers import SLOW

# Programs that blocks start and that do not run here, with what checks them.
ELSEWHERE = {
    "python3": "CI runs README's installations as they are printed",
    "python": "the project's own tools, which CI runs",
    "pip": "the project's own tools",
    "ruff": "the project's own tools",
    "mkdocs": "CI builds the manual",
    "docker": "tests/house/test_dockerfile.py",
    "export": "sets variables; commands within are looked at",
    "post": "tests/service/test_documents.py",
    "post()": "tests/service/test_documents.py",
}
LANGUAGES = {
    "": "diagrams, lines of other programs' files",
    "python": "",
    "bash": "",
    "toml": "",
    "text": "output",
}
LANGUAGES |= {"py": "for an environment with the library of Aporia: tests/service/aporia/test_story.py"}
LANGUAGES |= {"sql": "for an account of Snowflake", "yaml": "for Kubernetes and Prometheus"}
EXECUTED = {"run", "check", "test", "keys", "quota"}
WORKED = ROOT / "docs" / "worked.md"


class Kept:
    """An engine that goes on when the command that was handed it is done."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


@pytest.fixture(scope="module")
def base(data_dir: Path) -> Path:
    """What the engines of this module may read."""
    made = data_dir / "manual"
    made.mkdir(exist_ok=True)  # again where other tests came between those of this module
    return made


@pytest.fixture(scope="module")
def engines(
    base: Path, native_backend: NativeSpark, spool_dir: Path, worker_pool: SharedPool
) -> Iterator[Mapping[str, Engine]]:
    with (
        engine_on(native_backend, spool_dir, roots=(base,), pool=worker_pool) as native,
        Engine("duckdb", roots=(base,), pool=worker_pool) as duckdb,
    ):
        yield {"spark": native, "duckdb": duckdb}


@pytest.fixture
def folder(base: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a reader: the examples are in it, and it is where commands are typed."""
    made = base / tmp_path.name
    shutil.copytree(ROOT / "examples", made / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(made)
    monkeypatch.setenv("CALCMETRIC_DATABASE", f"sqlite:///{tmp_path}/calcmetric.db")
    return made


@pytest.fixture
def shell(
    folder: Path, engines: Mapping[str, Engine], worker_pool: SharedPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands and programs of this process get shared workers and servers."""
    monkeypatch.setattr(run, "WorkerPool", Mock())
    monkeypatch.setattr(run, "start_duckdb", Mock(return_value=None))
    monkeypatch.setattr(running, "Engine", lambda backend, **_: Kept(engines[backend]))
    monkeypatch.setattr(check, "WorkerPool", lambda *_, **__: worker_pool)
    monkeypatch.setattr(testing, "WorkerPool", Mock())
    # The package takes its names from the module when they are first asked for, and is to have its own back.
    monkeypatch.setattr(public, "Engine", lambda backend, **_: Kept(engines[backend]))
    monkeypatch.setattr(engine_api, "Engine", lambda backend, **_: Kept(engines[backend]))


def pages_with(language: str) -> list[Any]:
    found = [page for page in PAGES if any(block.language == language for block in blocks(page))]
    # The tutorial has windows in a zone, which only Spark knows; reports take long to draw.
    marks = {"tutorial": [pytest.mark.spark], "looking": [pytest.mark.slow]}
    return [pytest.param(page, id=page.stem, marks=marks.get(page.stem, ())) for page in found]


def is_elsewhere(command: Command) -> bool:
    """Whether it needs what is not here: an account, a service that goes on, data of others."""
    name, *words = command.words
    remote = any("://" in word for word in words) or "..." in words
    return name != "calcmetric" or words[0] not in EXECUTED or remote


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_of_a_kind_that_is_looked_at(page: Path) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES, block.text
        if block.language == "bash":
            for command in commands(block.text):
                assert command.words[0] in {"calcmetric", *ELSEWHERE}, command.words


@pytest.mark.parametrize("page", pages_with("bash"))
def test_the_commands_of_a_page_run_as_printed(
    page: Path, folder: Path, shell: None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = blocks(page)
    for block in found:
        if block.file:
            (folder / block.file).write_text(block.text)
    printed = ""
    for block in found:
        if block.file:
            (folder / block.file).write_text(block.text)
        if block.language == "text":
            assert timeless(printed) == timeless(block.text)
        if block.language != "bash":
            continue
        for command in commands(block.text):
            if is_elsewhere(command):
                continue
            status = _run(command.words[1:])
            printed, errors = capsys.readouterr()
            assert status == command.status, (command.words, printed, errors)


def timeless(table: str) -> list[str]:
    """The lines of a table without what differs from machine to machine: seconds, and the room for them."""
    return [
        re.sub(r"\s+", " ", re.sub(r"\d+\.\d\d │$", "│", line)).strip() for line in table.strip().splitlines()
    ]


@pytest.mark.parametrize("page", pages_with("bash"))
def test_the_options_of_commands_exist(page: Path) -> None:
    for block in blocks(page):
        for command in commands(block.text) if block.language == "bash" else ():
            words = list(command.words)
            if "calcmetric" not in words or (words[0] == "docker" and words[1] != "exec"):
                continue
            name, *options = words[len(words) - words[::-1].index("calcmetric") :]
            taken = {option for one in parameters(name, options) for option in one}
            used = {word.partition("=")[0] for word in options if word.startswith("--")}
            assert used <= taken, (command.words, used - taken)


def parameters(name: str, options: list[str]) -> Iterator[tuple[str, ...]]:
    """What a command can be given, that of its part included: `keys create`."""
    command: Any = cli.get_command(Mock(), name)
    assert command is not None, name
    if hasattr(command, "commands"):
        command = command.commands[options[0]]
    for one in command.params:
        yield (*one.opts, *one.secondary_opts)


@pytest.mark.parametrize("page", pages_with("python"))
def test_the_programs_of_a_page_run_as_printed(
    page: Path, folder: Path, shell: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", airflow())
    monkeypatch.setattr(library, "run_due", run_due)
    for block in blocks(page):
        if block.language != "python" or block.file:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # examples open files briefly
            exec(compile(block.text, str(page), "exec"), {"__name__": "example"})
        printed = capsys.readouterr().out
        assert "refused" not in printed and "error" not in printed
        if "print(" in block.text:
            assert re.search(r"\d\.\d", printed) and len(printed.splitlines()) > 4


def airflow() -> ModuleType:
    """As much of Airflow as calls a task at once."""
    module = ModuleType("airflow.sdk")

    def dag(**options: object) -> Any:
        assert options["schedule"] == "@hourly"
        return lambda function: function

    vars(module).update(dag=dag, task=lambda function: function)
    return module


def run_due(now: datetime, settings: library.Settings) -> library.Tally:
    """What the task calls, with arguments that are those of the library's."""
    assert now.tzinfo is UTC and settings.database.startswith("postgresql") and settings.data_roots
    return library.Tally(planned=0, runs=0, results=0)


def test_the_first_example_is_the_same_everywhere() -> None:
    metrics = [block.text for page in (README, ROOT / "docs/tutorial.md") for block in blocks(page)]
    assert sum(text.startswith("# churn.py") for text in metrics) == 2
    assert len({text for text in metrics if text.startswith("# churn.py")}) == 1


ON_SPARK = (
    "brier.py",
    "calibration.py",
    "log_loss.py",
    "risky_devices.py",
    "stability.py",
    "top_merchants.py",
)


def worked() -> list[Any]:
    """The worked metrics, with the numbers that the page tells."""
    found = []
    for block in blocks(WORKED):
        if block.file:
            told = re.search(
                r"^Gives ((?:`\w+`: )?`[^`]+`(?:, `\w+`: `[^`]+`)*)\.$", block.after, re.MULTILINE
            )
            assert told is not None, block.file
            numbers = re.findall(r"(?:`(\w+)`: )?`([-\d.e]+)`", told[1])
            values = {name or None: float(one) for name, one in numbers}
            marks = SLOW if block.file in ON_SPARK else ()
            found.append(pytest.param(block.text, values, id=block.file, marks=marks))
    return found


@pytest.fixture(scope="module", params=ASKS_SPARK)
def either(request: pytest.FixtureRequest, shared_options: Mapping[str, Any]) -> Iterator[Engine]:
    with engine_on(request.getfixturevalue(f"{request.param}_backend"), **shared_options) as engine:
        yield engine


@pytest.mark.parametrize(("source", "told"), worked())
def test_a_worked_metric_gives_what_its_page_tells(
    source: str, told: Mapping[str | None, float], either: Engine, data_dir: Path
) -> None:
    sample = shutil.copy(ROOT / "examples" / "payments.parquet", data_dir / "worked.parquet")
    found = {one.name: one for one in either.evaluate(source, Dataset(sample)).results}
    assert found.keys() == told.keys()
    for name, want in told.items():
        assert found[name].status == "ok", found[name]
        assert math.isclose(found[name].value, want, rel_tol=1e-5), found[name].value


def test_there_are_twenty_of_them() -> None:
    assert len(worked()) == 20
