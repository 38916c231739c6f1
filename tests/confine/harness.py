"""Runs Python text, with no language layer, in a really confined worker.

A library for tests, and the program that it starts: a small zygote. It may first take system calls away
from itself (to look like a poorer host), enters the jail, preloads, forks one worker, and prints what the
worker said and how it ended.
"""

from __future__ import annotations

import dataclasses
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.launchers import as_user

SYSTEM_PYTHON = Path("/usr/bin/python3")


@dataclass(frozen=True)
class Job:
    """What to run. `source` sees `say(text)`.

    `preload` runs in the jail before the worker is forked, `denied` takes calls away from everything,
    `left_out` is the beginning of the name of a step of the jail, `broken` and `record` are explained in
    `stand_in` and `recording`.
    """

    source: str = ""
    preload: str = ""
    memory_bytes: int = 512 << 20
    cpu_seconds: float = 20
    namespaces: bool = True
    denied: dict[str, str] = field(default_factory=dict)  # call -> name of an Action
    left_out: str = ""
    broken: dict[str, str] = field(default_factory=dict)
    keeps_user: bool = False
    record: str = ""


@dataclass(frozen=True)
class Ending:
    """How the worker ended: an exit code, or a negative signal number."""

    level: str
    said: list[str]
    code: int
    error: str
    milliseconds: float


def run_confined(job: Job, *, user: int | None = None) -> Ending:
    """Run one job in a process tree of its own, to its end."""
    return run_each([job], user=user)[0]


def run_each(jobs: Sequence[Job], *, user: int | None = None) -> list[Ending]:
    """Run jobs one by one as workers of one zygote, which is as the first job wants it."""
    with _start(jobs, user) as zygote:
        output, errors = zygote.communicate(timeout=120)
    assert zygote.returncode == 0, errors.decode()
    return [Ending(**ending) for ending in json.loads(output)]


def start_confined(job: Job) -> subprocess.Popen[bytes]:
    """Start one job, and return once its worker is confined."""
    zygote = _start([job], None)
    assert zygote.stderr is not None
    assert zygote.stderr.readline() == b"confined\n"
    return zygote


def _start(jobs: Sequence[Job], user: int | None) -> subprocess.Popen[bytes]:
    python = sys.executable if user is None else "/usr/bin/python3"
    zygote = subprocess.Popen(
        [*as_user(user), python, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": repository(), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
    )
    assert zygote.stdin is not None
    zygote.stdin.write(json.dumps([job.__dict__ for job in jobs]).encode() + b"\n")
    zygote.stdin.flush()
    return zygote


def repository() -> str:
    """The folder that holds the packages."""
    return str(Path(__file__).parents[2])


def skip_where_others_cannot_run_this() -> None:
    """Skip a test that becomes another user, unless that user has a Python and can read the checkout."""
    import pytest  # not where this runs as a program

    place = Path(repository())
    if any(folder.stat().st_mode & 0o005 != 0o005 for folder in (place, place / "sandbox")) or any(
        folder.stat().st_mode & 0o001 == 0 for folder in place.parents
    ):
        pytest.skip("others cannot read this checkout")
    version = SYSTEM_PYTHON.resolve().name
    if not version.startswith("python3.") or int(version.removeprefix("python3.")) < 11:
        pytest.skip("no Python that others can read is new enough")


def _main() -> None:
    from sandbox.confine import ConfinementError, enter_jail, prepare

    jobs = [Job(**fields) for fields in json.loads(sys.stdin.readline())]
    job = jobs[0]
    _deny(job.denied)
    if job.left_out:
        _leave_out(job.left_out)
    from tests.confine.stand_in import break_steps  # before the jail hides it

    if job.record:
        from tests.confine.recording import record_into

        record_into(job.record)
    try:
        level = enter_jail(namespaces=job.namespaces)
        exec(job.preload, {})
        prepared = prepare()
        if job.keeps_user:
            prepared = dataclasses.replace(prepared, user=None)
    except ConfinementError as error:
        print(json.dumps([Ending("none", [], 0, str(error), 0).__dict__] * len(jobs)))
        return
    endings = [_run(one, prepared, level.value, break_steps) for one in jobs]
    print(json.dumps([ending.__dict__ for ending in endings]))


def _run(job: Job, prepared: Any, level: str, break_steps: Callable[[dict[str, str]], None]) -> Ending:
    ours, theirs = socket.socketpair()
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        break_steps(job.broken)
        _become_worker(job, prepared, ours, theirs)
    theirs.close()
    select.select([ours], [], [], 30)
    milliseconds = (time.perf_counter() - started) * 1000
    print("confined", file=sys.stderr, flush=True)
    text = b""
    while part := ours.recv(1 << 16):
        text += part
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = text.decode().splitlines()
    error = "" if said[:1] == ["confined"] else str(said)
    ours.close()
    return Ending(level, said[1:], code, error, milliseconds)


def _become_worker(job: Job, prepared: Any, ours: socket.socket, theirs: socket.socket) -> None:
    from sandbox.confine import confine_worker, self_check

    def say(*words: object) -> None:
        theirs.sendall((" ".join(map(str, words)) + "\n").encode())

    code = 1
    try:
        ours.close()
        confine_worker(
            prepared, channel_fd=theirs.fileno(), memory_bytes=job.memory_bytes, cpu_seconds=job.cpu_seconds
        )
        self_check()
        say("confined")
        exec(job.source, {"say": say})
        code = 0
    except BaseException as error:
        say(type(error).__name__, error)
    finally:
        os._exit(code)


def _leave_out(step: str) -> None:
    from sandbox.confine import namespaces

    call = namespaces.must_call  # type: ignore[attr-defined]

    def must_call(step_name: str, *arguments: Any) -> int:
        return 0 if step_name.startswith(step) else call(step_name, *arguments)

    setattr(namespaces, "must_call", must_call)  # noqa: B010 - it is not its own


def _deny(denied: dict[str, str]) -> None:
    from sandbox.confine import libc
    from sandbox.confine.bpf import Action, Policy, Row, compile_policy

    if denied:
        rows = tuple(Row(call, Action[action], "a poorer host") for call, action in denied.items())
        libc.set_no_new_privileges()
        libc.install_filter(compile_policy(Policy(rows, Action.ALLOW), libc.architecture()).bind(os.getpid()))


if __name__ == "__main__":
    _main()
