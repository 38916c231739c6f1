"""Every forbidden thing, tried with unrestricted Python in really confined workers, at both levels."""

from __future__ import annotations

import functools
import json
import subprocess
import sys

import pytest

from sandbox.confine.attempts import ATTEMPTS
from tests.confine.harness import repository

LEVELS = ("full", "landlock")


@functools.cache
def report_of(level: str) -> dict:
    option = [] if level == "full" else ["--without-namespaces"]
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "sandbox.confine", *option],
        capture_output=True, timeout=120, env={"PYTHONPATH": repository()}, cwd="/",
    )  # fmt: skip
    assert finished.stdout, finished.stderr.decode()
    return {**json.loads(finished.stdout), "status": finished.returncode}


def trials_of(level: str) -> dict[str, dict]:
    report = report_of(level)
    if report["level"] != level:
        pytest.skip(f"this host gives {report['level']}: {report['host']['missing']}")
    return {trial["name"]: trial for trial in report["attempts"]}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_is_blocked(level, attempt):
    trial = trials_of(level)[attempt.name]
    if trial["expected"]:
        assert trial["blocked"], trial["detail"]
    else:
        assert attempt.only_full and not trial["blocked"], "promise it at this level as well"


@pytest.mark.parametrize("attempt", [a for a in ATTEMPTS if a.fatal], ids=lambda attempt: attempt.name)
def test_what_is_never_honest_kills(attempt):
    assert trials_of("landlock")[attempt.name]["detail"] == "killed with SIGSYS"


def test_the_report_says_that_all_is_well():
    assert trials_of("landlock") and report_of("landlock")["status"] == 0
    assert report_of("landlock")["error"] == ""


def test_names_are_unique():
    names = [attempt.name for attempt in ATTEMPTS]
    assert len(names) == len(set(names))


HARMLESS = (
    "read a file of the host", "list the root folder", "open a TCP socket", "open a Unix datagram socket",
    "fork", "map writable code", "turn memory into code", "rewrite a library's code", "share memory",
    "make a file in memory", "map uncounted stack", "use a descriptor left open by the zygote",
    "signal the zygote", "hold the zygote by descriptor", "make a socket pair",
)  # fmt: skip


UNCONFINED = """
import os, sys
from sandbox.confine.attempts import ATTEMPTS, try_attempt
(attempt,) = [attempt for attempt in ATTEMPTS if attempt.name == sys.argv[1]]
os.dup2(0, 900)
os.dup2(0, 901)
blocked, detail = try_attempt(attempt)
print(detail)
"""


@pytest.mark.parametrize("name", HARMLESS)
def test_attempts_work_where_nothing_confines(name):
    """Else their being blocked would say nothing."""
    finished = subprocess.run(
        [sys.executable, "-P", "-c", UNCONFINED, name],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={"PYTHONPATH": repository()},
    )  # fmt: skip
    assert finished.stdout == "it worked\n", finished.stderr


def test_the_host_report_agrees_with_what_was_reached():
    report = report_of("full")
    host = report["host"]
    assert host["level"] == report["level"]
    assert host["landlock_abi"] >= 1 and host["seccomp"] and host["supported_machine"]
    assert host["namespaces"] == (host["namespaces_reason"] == "") == (host["missing"] == [])
