"""A server and a worker say all that is missing before they start, and call none of it a bug."""

import errno
import subprocess
import tempfile
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from engine import Engine
from engine.cli.main import _run, cli
from engine.errors import BackendStartError, UsageError
from engine.service import preflight
from engine.service.settings import Settings
from engine.wording import said
from tests.service.conftest import command, free_port


class Unready:
    """An engine whose backend cannot be had."""

    closed = 0

    def __init__(self, settings: object) -> None:
        pass

    def wait_ready(self) -> NoReturn:
        raise BackendStartError("there is no backend")

    def close(self) -> None:
        Unready.closed += 1


def run(*words: object, **more: Any) -> tuple[int, str]:
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=120, **more)
    assert "Traceback" not in done.stderr and "bug in calcmetric" not in done.stderr
    return done.returncode, done.stderr


def test_everything_that_is_missing_is_said_at_once_and_the_engine_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "make_engine", Unready)
    before = Unready.closed
    settings = Settings(
        database=f"sqlite:///{tmp_path}/nowhere/x.db", data_roots=(str(tmp_path / "no"), "s3://bucket/x")
    )
    with pytest.raises(UsageError) as error:
        preflight.ready_engine(settings)
    folder, database, backend = said(error.value, "command").splitlines()
    assert folder == f"--data-root '{tmp_path}/no': there is no such folder"
    assert database.startswith("--database sqlite") and f"there is no folder '{tmp_path}/nowhere'" in database
    assert backend == "there is no backend" and Unready.closed == before + 1
    assert str(error.value).startswith("data_roots ")


def test_an_engine_that_is_ready_is_handed_over(settings, caplog):
    with caplog.at_level("INFO", "engine"), preflight.ready_engine(settings) as engine:
        assert isinstance(engine, Engine)
    assert "SourceRefused" not in caplog.text


@pytest.mark.parametrize("words", [["serve"], pytest.param(["worker"], marks=pytest.mark.slow)])
def test_the_commands_end_with_status_3_before_they_start(tmp_path, words):
    down = f"postgresql+psycopg://nobody:secret@127.0.0.1:{free_port()}/x"
    missing = ["--database", down, "--data-root", str(tmp_path / "no"), "--backend", "spark"]
    status, err = run(*words, *missing)
    assert status == 3 and err.count("Error:") == 1
    assert "--data-root" in err and "--database" in err and "its server runs" in err and "secret" not in err


@pytest.mark.parametrize("words", [["keys", "list"], ["prune", "--keep", "400d"]])
@pytest.mark.parametrize(
    "database", ["sqlite:////nowhere/x.db", "sqlite:////dev/full", "sqlite:////proc/x.db"]
)
def test_a_database_that_cannot_be_written_is_no_mistake_of_ours(capsys, words, database):
    assert _run([*words, "--database", database]) == 3
    out, err = capsys.readouterr()
    assert database in err and "bug" not in err and not out


def test_a_file_that_is_no_database_is_said(tmp_path, capsys):
    (tmp_path / "x.db").write_text("hello, I am a text that is longer than the head of a database" * 20)
    assert _run(["keys", "list", "--database", f"sqlite:///{tmp_path}/x.db"]) == 3
    assert "not a database" in capsys.readouterr().err


def test_a_folder_in_the_place_of_a_database_is_said(tmp_path, capsys):
    assert _run(["keys", "list", "--database", f"sqlite:///{tmp_path}"]) == 3
    assert "it is a folder; name a file in it" in capsys.readouterr().err


def test_a_folder_for_temporary_files_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(BackendStartError, match="TMPDIR"):
        Engine("spark", roots=(tmp_path,))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left", "/x/y"),
            "'/x/y': No space left; free some room",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "'/x': Permission denied"),
    ],
)
def test_an_error_of_the_machine_is_no_mistake_of_ours(monkeypatch, capsys, error, words):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(cli, "main", fail)
    assert _run(["check", "x"]) == 3
    err = capsys.readouterr().err
    assert words in err and "bug" not in err


def test_a_setting_is_named_as_the_command_line_does():
    with pytest.raises(UsageError) as error:
        replace(Settings(), tick_seconds=0)
    assert said(error.value, "command") == "--tick-seconds must be positive, not 0"
    assert str(error.value) == "tick_seconds must be positive, not 0"
