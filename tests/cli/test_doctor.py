"""`calcmetric doctor`: what it prints, and when it says that all is well."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from engine.cli import doctor, main

REAL = subprocess.run


def run(*options: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *options])
    return ended.value.code


def report_with(level: str, *attempts: dict, error: str = "") -> dict:
    host = {"kernel": "6.1", "machine": "x86_64", "landlock_abi": 2, "missing": ["namespaces (for a test)"]}
    servers = {"confined": True, "private": True, "reason": ""}
    return {"host": host, "level": level, "attempts": list(attempts), "servers": servers, "error": error}


def attempt(name: str, by: str = "", *, expected: bool = True, detail: str = "") -> dict:
    return {"name": name, "blocked": bool(by), "by": by, "expected": expected, "detail": detail}


BLOCKED = attempt("read the moon", "Landlock", detail="PermissionError: [Errno 13]")
KILLED = attempt("eat the moon", "seccomp", detail="killed with SIGSYS")
VISIBLE = attempt("see the moon", expected=False)
REACHED = attempt("hold the [moon]", detail="it worked")


@pytest.fixture
def found(monkeypatch):
    """Let the doctor find this on the host."""
    monkeypatch.setenv("COLUMNS", "200")
    return lambda report: monkeypatch.setattr(doctor, "_try_confinement", lambda: report)


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
        ({"confined": True, "private": True, "reason": ""}, "confined, in a network of their own"),
        (
            {"confined": True, "private": False, "reason": "unshare: [denied]"},
            "open to other users of this machine: unshare: [denied]",
        ),
        ({"confined": False, "private": True, "reason": ""}, "cannot be confined (Landlock's port rules"),
        ({}, "cannot be confined"),
    ],
)
def test_it_says_who_can_reach_local_servers(found, capsys, servers, told):
    found({**report_with("full", BLOCKED), "servers": servers})
    run()
    assert told in capsys.readouterr().out


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

    monkeypatch.setattr(doctor.subprocess, "run", run_denied)
    assert run("--format", "json", *options) == status
    report = json.loads(capsys.readouterr().out)
    assert report["level"] == report["host"]["level"] == level
    assert error in report["error"] and bool(report["error"]) == bool(error)
    assert bool(report["attempts"]) == (level != "none")
    assert report["servers"]["confined"] == (denied != "landlock_create_ruleset")
    assert report["servers"]["private"] == (denied != "unshare") == (not report["servers"]["reason"])
