"""`calcmetric doctor`: what it prints, and when it says that all is well."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.backends.spark import backend as spark
from engine.backends.spark import java
from engine.cli import backend_checks, doctor, main
from engine.errors import OpenNetworkError
from engine.wording import worded

REAL = subprocess.run


def run(*options: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *options])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def report_with(level: str, *attempts: dict[str, Any], error: str = "") -> dict[str, Any]:
    host = {"kernel": "6.1", "machine": "x86_64", "landlock_abi": 2, "missing": ["namespaces (for a test)"]}
    servers = {"level": "own network", "files_only": "own network", "reason": ""}
    return {"host": host, "level": level, "attempts": list(attempts), "servers": servers, "error": error}


def attempt(name: str, by: str = "", *, expected: bool = True, detail: str = "") -> dict[str, Any]:
    return {"name": name, "blocked": bool(by), "by": by, "expected": expected, "detail": detail}


BLOCKED = attempt("read the moon", "Landlock", detail="PermissionError: [Errno 13]")
KILLED = attempt("eat the moon", "seccomp", detail="killed with SIGSYS")
VISIBLE = attempt("see the moon", expected=False)
REACHED = attempt("hold the [moon]", detail="it worked")


WORKS = {"backend": "spark", "works": True, "seconds": 9.5, "error": ""}
FAILS = {"backend": "duckdb", "works": False, "seconds": 0.5, "error": "it ended: no [such] \x1b[31mfile"}


@pytest.fixture
def found(monkeypatch):
    """Let the doctor find this on the host, and these backends."""
    monkeypatch.setenv("COLUMNS", "200")

    def find(report, *backends):
        monkeypatch.setattr(doctor, "_try_confinement", lambda: report)
        monkeypatch.setattr(doctor, "_check_backends", lambda *_: list(backends))

    return find


@pytest.mark.parametrize(
    ("report", "required", "status"),
    [
        (report_with("full", BLOCKED), "full", 0),
        (report_with("full", BLOCKED), "landlock", 0),
        (report_with("landlock", BLOCKED, VISIBLE), "landlock", 0),
        (report_with("landlock", BLOCKED, VISIBLE), "full", 3),
        (report_with("landlock", BLOCKED, REACHED), "landlock", 3),
        (report_with("none", error="Landlock is missing"), "landlock", 3),
        (report_with("none"), "landlock", 3),
    ],
)
def test_its_exit_status_says_whether_an_engine_may_start_here(found, capsys, report, required, status):
    found(report)
    assert run("--isolation", required) == status
    out = capsys.readouterr().out
    assert f"level: {report['level']}, required: {required}" in out
    assert ("will not start here" in out) == (
        report["level"] == "none" or report["level"] != required == "full"
    )


def test_it_prints_what_was_tried_and_what_stopped_it(found, capsys):
    found(report_with("landlock", BLOCKED, KILLED, VISIBLE, REACHED))
    assert run() == 3
    assert "│" not in capsys.readouterr().out, "the conclusion is what most people want"
    assert run("-v") == 3
    lines = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in capsys.readouterr().out.splitlines()
    ]
    assert [line for line in lines if line] == [
        ["read the moon", "blocked", "Landlock"],
        ["eat the moon", "blocked", "seccomp, which ended the worker"],
        ["see the moon", "visible", "nothing; the level full hides it"],
        ["hold the [moon]", "REACHED", "nothing"],
    ]


def test_it_names_what_is_within_reach_and_what_is_missing(found, capsys):
    found(report_with("landlock", REACHED, error="no worker"))
    assert run() == 3
    out = capsys.readouterr().out
    for text in ("within reach of a metric: hold the [moon]", "missing: namespaces (for a test)", "0 of 1"):
        assert text in out
    assert "workers cannot be confined: no worker" in out


@pytest.mark.parametrize(
    ("servers", "told"),
    [
        ({"level": "own network", "files_only": "own network", "reason": ""}, "in a network of their own"),
        (
            {"level": "port rules", "files_only": "port rules", "reason": "unshare: [denied]"},
            "open to other users of this machine: unshare: [denied]",
        ),
        (
            {"level": None, "files_only": "files only", "reason": "unshare: [denied]"},
            "network of their own (unshare: [denied]); --server-isolation files-only accepts it",
        ),
        ({"level": None, "files_only": None, "reason": ""}, "cannot be confined (Landlock, Linux 5.13"),
        ({}, "cannot be confined"),
    ],
)
def test_it_says_who_can_reach_local_servers(found, capsys, servers, told):
    found({**report_with("full", BLOCKED), "servers": servers})
    run()
    assert told in capsys.readouterr().out


def test_it_says_what_an_operator_accepted(found, capsys):
    servers = {"level": None, "files_only": "files only", "reason": "denied"}
    found({**report_with("full", BLOCKED), "servers": servers}, WORKS)
    assert run("--server-isolation", "files-only") == 0
    assert "only their files are confined; they may connect to any address: denied" in capsys.readouterr().out


def test_the_conclusion_comes_first_and_the_versions_only_when_asked_for(found, capsys):
    found(report_with("full", BLOCKED), WORKS)
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "calcmetric works here: spark answered a metric in a confined worker",
        "level: full, required: landlock; 1 of 1 attempts were blocked",
        "local servers: confined, in a network of their own",
    ]
    assert len(lines) == 4 and "-v" in lines[3]
    assert run("--verbose") == 0
    assert "RestrictedPython" in capsys.readouterr().out


def test_a_backend_that_does_not_work_is_named_with_its_reason(found, capsys):
    found(report_with("full", BLOCKED), WORKS, FAILS)
    assert run() == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "calcmetric does not work here: spark answered a metric in a confined worker"
    assert "duckdb does not work: it ended: no [such] file" in lines
    assert run("--format", "json") == 3
    assert json.loads(capsys.readouterr().out)["backends"] == [WORKS, FAILS]


def test_backends_are_tried_as_they_will_be_run(found, monkeypatch):
    asked = []
    found(report_with("full", BLOCKED))
    monkeypatch.setattr(doctor, "_check_backends", lambda *words: asked.append(words) or [])
    run("--backend", "duckdb", "--isolation", "full", "--server-isolation", "files-only")
    assert asked == [(("duckdb",), "full", "files-only")]


def test_nothing_is_asked_where_workers_are_not_confined(found, monkeypatch):
    found(report_with("landlock", BLOCKED, REACHED))
    monkeypatch.setattr(doctor, "_check_backends", lambda *_: pytest.fail("a metric ran"))
    assert run() == 3


def test_backends_are_really_started_and_asked(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_try_confinement", lambda: report_with("landlock", BLOCKED))
    assert run("--backend", "duckdb", "--format", "json") == 0
    tried = json.loads(capsys.readouterr().out)["backends"]
    assert [(one["backend"], one["works"], one["error"]) for one in tried] == [("duckdb", True, "")]


@pytest.mark.spark
@pytest.mark.slow
def test_a_backend_that_cannot_start_says_why(capsys, monkeypatch):
    """Really: the program that would be the server is not there."""
    monkeypatch.setattr(doctor, "_try_confinement", lambda: report_with("landlock", BLOCKED))
    monkeypatch.setattr(java, "find_java", lambda: java.Java(Path("/no/such/java"), Path("/no/such"), "none"))
    monkeypatch.setattr(spark, "find_java", java.find_java)
    assert run("--backend", "spark") == 3
    told = capsys.readouterr().out
    assert "spark does not work: the local spark server could not be started: it ended while starting" in told
    assert "No such file or directory" in told and "/no/such/" not in told


def test_a_backend_that_is_refused_is_told_in_the_words_of_the_command_line(monkeypatch):
    def refuse(*_, **__):
        raise OpenNetworkError(worded("refused: {accept_files_only}"))

    monkeypatch.setattr(backend_checks, "Engine", refuse)
    (one,) = backend_checks.check_backends(
        ("spark",), isolation="landlock", server_isolation="files-and-network"
    )
    assert (one.works, one.error) == (False, "refused: accept it with --server-isolation files-only")


@pytest.mark.parametrize(
    ("denied", "options", "status", "level", "error"),
    [
        ("unshare", [], 0, "landlock", ""),
        ("unshare", ["--isolation", "full"], 3, "landlock", ""),
        ("landlock_create_ruleset", [], 3, "none", "Landlock is missing"),
        ("seccomp", [], 3, "none", "seccomp filters are missing"),
    ],
)
def test_a_poorer_host_is_seen_as_it_is(monkeypatch, capsys, denied, options, status, level, error):
    """Really: the system call is taken away from the program that tries everything."""
    code = (
        f"from tests.confine.harness import _deny; _deny({{{denied!r}: 'ENOSYS'}})\n"
        "import sys; from sandbox.confine.__main__ import main; sys.exit(main())"
    )

    def run_denied(argv, **more):
        if "sandbox.confine" in argv:
            argv = [sys.executable, "-P", "-c", code]
        return REAL(argv, **more)

    monkeypatch.setattr("engine.cli.doctor.subprocess.run", run_denied)
    monkeypatch.setattr(doctor, "_check_backends", lambda *_: [WORKS])
    assert run("--format", "json", *options) == status
    report = json.loads(capsys.readouterr().out)
    assert report["level"] == report["host"]["level"] == level
    assert error in report["error"] and bool(report["error"]) == bool(error)
    assert bool(report["attempts"]) == (level != "none")
    assert bool(report["servers"]["level"]) == (denied not in ("landlock_create_ruleset", "seccomp"))
    own = report["servers"]["level"] == "own network"
    assert (denied == "unshare") == bool(report["servers"]["reason"]) and not (own and denied == "unshare")
    assert bool(report["backends"]) == (status == 0)
