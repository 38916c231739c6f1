"""Every forbidden thing, tried with unrestricted Python in really confined workers.

As whoever runs the tests (root, mostly) and as an ordinary user, with namespaces and on a host that
refuses them; and once without any confinement, where the same attempts must work.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from typing import Any, NamedTuple

import pytest

from sandbox.confine.attempts import ATTEMPTS
from tests.confine.harness import SYSTEM_PYTHON, repository, skip_where_others_cannot_run_this
from tests.launchers import as_user

ORDINARY_USER = 4242  # nobody's

TRY = "import sys; from sandbox.confine.__main__ import main; sys.exit(main())"
TRY_WITHOUT_UNSHARE = f"from tests.confine.harness import _deny; _deny({{'unshare': 'EPERM'}}); {TRY}"


class Case(NamedTuple):
    """Who tries, and where."""

    level: str
    user: int | None
    refused: bool  # the host refuses namespaces, and not only the option


CASES = {
    "full": Case("full", None, False),
    "landlock": Case("landlock", None, False),
    "full, ordinary user": Case("full", ORDINARY_USER, False),
    "landlock, ordinary user": Case("landlock", ORDINARY_USER, True),
}
AS_CASES = [pytest.param(name, marks=[pytest.mark.root] if case.user else []) for name, case in CASES.items()]


@functools.cache
def report_of(name: str) -> dict[str, Any]:
    case = CASES[name]
    python = sys.executable
    if case.user is not None:
        skip_where_others_cannot_run_this()
        python = str(SYSTEM_PYTHON)
    option = [] if case.level == "full" or case.refused else ["--without-namespaces"]
    finished = subprocess.run(
        [*as_user(case.user), python, "-P", "-c", TRY_WITHOUT_UNSHARE if case.refused else TRY, *option],
        capture_output=True, timeout=120, env={"PYTHONPATH": repository()}, cwd="/",
    )  # fmt: skip
    assert finished.stdout, finished.stderr.decode()
    return {**json.loads(finished.stdout), "status": finished.returncode}


def trials_of(name: str) -> dict[str, dict[str, Any]]:
    report = report_of(name)
    if report["level"] != CASES[name].level:
        pytest.skip(f"this host gives {report['level']}: {report['host']['missing']}")
    return {trial["name"]: trial for trial in report["attempts"]}


@pytest.mark.parametrize("case", AS_CASES)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_is_blocked(case, attempt):
    trial = trials_of(case)[attempt.name]
    if trial["expected"]:
        assert trial["blocked"] and trial["by"], trial["detail"]
    else:
        assert attempt.only_full and not trial["blocked"], "promise it at this level as well"


@pytest.mark.parametrize("attempt", [a for a in ATTEMPTS if a.fatal], ids=lambda attempt: attempt.name)
def test_what_is_never_honest_kills(attempt):
    detail = trials_of("landlock")[attempt.name]["detail"]
    assert detail == "killed with SIGSYS" or (attempt.crashes and "does not have it" in detail)


@pytest.mark.parametrize("case", AS_CASES)
def test_the_report_says_that_all_is_well(case):
    assert len(trials_of(case)) == len(ATTEMPTS)
    assert (report_of(case)["status"], report_of(case)["error"]) == (0, "")


def test_names_are_unique():
    names = [attempt.name for attempt in ATTEMPTS]
    assert len(names) == len(set(names))


# What would harm this machine or leave something behind, if nothing were to stop it.
HARMFUL = {
    "create a file in /tmp", "create a file in /dev/shm", "create a file beside the libraries",
    "create an unnamed file", "create a folder", "append to a library", "empty a library", "remove a library",
    "rename a library", "link to a file of the host", "change a library's permissions",
    "change a library's times", "lower the zygote's priority", "lower the zygote's disk priority",
    "become a real-time process", "move a process's memory", "take a dying process's memory",
    "share System V memory", "share System V semaphores", "share System V messages", "share POSIX messages",
    "lock memory",
}  # fmt: skip
# What depends on the machine: a name server, reserved huge pages, how much memory may be promised.
DEPENDS = {"resolve a name", "map huge pages", "reserve a terabyte"}

UNCONFINED = """
import json, os, socket, sys
from sandbox.confine.attempts import ATTEMPTS, Scene, try_attempt
os.dup2(0, 900)
results = {}
for attempt in ATTEMPTS:
    if attempt.fatal or attempt.name in sys.argv[1:]:
        continue
    here, there = socket.socketpair()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        tried = json.dumps(try_attempt(attempt, Scene(here.fileno(), os.getppid())))
        os.write(writer, tried.encode() + b"\\n")
        os._exit(0)
    os.close(writer)
    results[attempt.name] = json.loads(os.fdopen(reader).readline())
    os.waitpid(child, 0)
print(json.dumps(results))
"""


@pytest.mark.root  # an ordinary user is refused much by itself
def test_attempts_work_where_nothing_confines():
    """Else their being blocked would say nothing."""
    finished = subprocess.run(
        [sys.executable, "-P", "-c", UNCONFINED, *HARMFUL, *DEPENDS],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=True,
        env={"PYTHONPATH": repository()},
    )  # fmt: skip
    results = json.loads(finished.stdout)
    assert {*results, *HARMFUL, *DEPENDS} == {attempt.name for attempt in ATTEMPTS if not attempt.fatal}
    assert {name: detail for name, (by, detail) in results.items() if by} == {}


def test_the_host_report_agrees_with_what_was_reached():
    report = report_of("full")
    host = report["host"]
    assert host["level"] == report["level"]
    assert host["landlock_abi"] >= 1 and host["seccomp"] and host["supported_machine"]
    assert host["namespaces"] == (host["namespaces_reason"] == "") == (host["missing"] == [])


@pytest.mark.root
def test_a_host_without_namespaces_says_what_is_missing():
    host = {**report_of("landlock, ordinary user")["host"]}
    assert host["level"] == "landlock"
    assert host["missing"][0].startswith("namespaces (namespaces failed: unshare: Operation not permitted)")
