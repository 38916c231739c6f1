"""A confined worker: honest work runs, and what is bad ends as its own clear death."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from sandbox.confine import ConfinementError, self_check
from tests.confine.harness import (
    Job,
    repository,
    run_confined,
    skip_where_others_cannot_run_this,
    start_confined,
)
from tests.confine.honest import HONEST, PRELOAD
from tests.waiting import wait_until


@pytest.mark.parametrize("namespaces", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_honest_work_runs(namespaces):
    ending = run_confined(
        Job(HONEST, preload=PRELOAD, memory_bytes=1 << 30, cpu_seconds=100, namespaces=namespaces)
    )
    assert (ending.said, ending.code) == (["done 26"], 0)


def test_a_memory_bomb_is_a_memory_error():
    source = """
try:
    held = [bytearray(16 << 20) for _ in range(64)]
except MemoryError:
    held = None
    say("out of memory, and going on")
"""
    assert run_confined(Job(source, memory_bytes=256 << 20)).said == ["out of memory, and going on"]


def test_memory_within_the_limit_can_be_used():
    source = "held = [bytearray(16 << 20) for _ in range(12)]; say(len(held))"
    assert run_confined(Job(source, memory_bytes=256 << 20)).said == ["12"]


def test_memory_hidden_from_the_data_limit_is_bounded_too():
    """Filled pages made read-only leave RLIMIT_DATA's account; the address-space limit still counts them."""
    source = """
from sandbox.confine.libc import raw_call
count = 0
try:
    while True:
        page = raw_call("mmap", 0, 64 << 20, 3, 0x22, -1, 0)
        raw_call("mprotect", page, 64 << 20, 1)
        count += 1
except OSError as error:
    say(error.errno, 50 <= count <= 70)
"""
    assert run_confined(Job(source, memory_bytes=128 << 20)).said == ["12 True"]


def test_an_endless_loop_meets_the_processor_limit():
    assert run_confined(Job("while True: pass", cpu_seconds=1)).code == -signal.SIGXCPU


def test_ignoring_the_warning_signal_does_not_help():
    source = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    assert run_confined(Job(source, cpu_seconds=1)).code == -signal.SIGKILL


def test_executing_a_program_kills():
    assert run_confined(Job("import os; os.execv('/bin/true', ['true'])")).code == -signal.SIGSYS


def test_starting_a_program_is_refused():
    ending = run_confined(Job("import subprocess; subprocess.run(['/bin/true'])"))
    assert ending.said[0].startswith("PermissionError")


def test_a_crash_is_its_own_signal():
    ending = run_confined(Job("import ctypes; ctypes.string_at(0)"))
    assert (ending.code, ending.said) == (-signal.SIGSEGV, [])


def test_abort_works():
    assert run_confined(Job("import os; os.abort()")).code == -signal.SIGABRT


def test_files_of_the_host_are_out_of_reach(tmp_path):
    canary = tmp_path / "canary"
    canary.write_text("secret")
    for namespaces in (True, False):
        ending = run_confined(Job(f"say(open({str(canary)!r}).read())", namespaces=namespaces))
        assert ending.said[0].startswith(("FileNotFoundError", "PermissionError"))


def test_a_checkout_is_out_of_reach_but_for_the_sandbox():
    """Python may import from it, and it holds data, keys, and a version control's password."""
    source = f"""
import os, sandbox.confine.probe
say({repository()!r} in __import__("sys").path)
for path in ("pyproject.toml", "tests/confine/harness.py", ".git/config", "engine/errors.py"):
    try:
        say(path, len(open(os.path.join({repository()!r}, path)).read()))
    except OSError:
        continue
try:
    say(os.listdir({repository()!r}))
except OSError:
    say("not listed")
say(len(open(sandbox.confine.probe.__file__).read()) > 100)
"""
    if any(Path(repository()).glob("*.dist-info")):
        pytest.skip("this is an installation, and no checkout")
    for namespaces in (True, False):
        assert run_confined(Job(source, namespaces=namespaces)).said == ["True", "not listed", "True"]


def test_the_installation_is_within_reach():
    assert run_confined(Job("import os; say(len(open(os.__file__).read()) > 1000)")).said == ["True"]


@pytest.mark.root  # an ordinary user stays the same
def test_root_becomes_nobody_where_nobody_can_read_python():
    if run_confined(Job()).level != "full":
        pytest.skip("without the jail, Python may live where nobody can read it")
    with start_confined(Job("import time\nwhile True: time.sleep(60)")) as zygote:
        worker = psutil.Process(zygote.pid).children(recursive=True)[-1]
        seen = (worker.uids(), worker.gids())
        zygote.kill()
    assert seen == ((65534, 65534, 65534),) * 2


@pytest.mark.parametrize("namespaces", [True, False])
def test_everything_ends_with_the_zygote(namespaces):
    zygote = start_confined(Job("import time\nwhile True: time.sleep(60)", namespaces=namespaces))
    with zygote:
        inside = psutil.Process(zygote.pid).children(recursive=True)
        zygote.kill()
        assert wait_until(lambda: not any(process.is_running() for process in inside))
    assert len(inside) == (2 if namespaces and run_confined(Job()).level == "full" else 1)


def test_a_host_without_namespaces_gives_the_lower_level():
    for call in ("unshare", "mount", "pivot_root"):
        ending = run_confined(Job("say('in')", denied={call: "EPERM"}))
        assert (ending.level, ending.said) == ("landlock", ["in"])


@pytest.mark.parametrize(("call", "named"), [("landlock_create_ruleset", "Landlock"), ("seccomp", "seccomp")])
def test_a_host_without_a_wall_is_refused(call, named):
    ending = run_confined(Job("say('in')", denied={call: "ENOSYS"}))
    assert ending.level == "none" and named in ending.error


@pytest.mark.parametrize(
    "call", ["landlock_restrict_self", "prctl", "capset", "setsid", "prlimit64", "landlock_add_rule"]
)
def test_a_step_that_fails_stops_everything(call):
    ending = run_confined(Job("say('in')", denied={call: "EPERM"}))
    assert "ConfinementError" in ending.error or ending.level == "none"
    assert ending.said == [] or "in" not in ending.said


def test_the_self_check_notices_a_missing_wall():
    with pytest.raises(ConfinementError, match="Landlock does not hold"):
        self_check()


@pytest.mark.root  # only root can become another user
@pytest.mark.parametrize("denied", [{}, {"unshare": "EPERM"}])
def test_an_ordinary_user_can_confine(denied):
    skip_where_others_cannot_run_this()
    ending = run_confined(Job("say('in')", denied=denied), user=1000)
    assert ending.said == ["in"]
    assert ending.level == ("landlock" if denied else ending.level)


def test_threads_do_not_use_up_the_process_ids_of_the_host():
    source = """
import _thread, os, threading, time
threading.stack_size(32 << 10)
count = 0
try:
    while count < 10_000:
        _thread.start_new_thread(time.sleep, (600,))
        count += 1
except RuntimeError:
    pass
say(count)
"""
    ending = run_confined(Job(source, memory_bytes=2 << 30))
    if os.geteuid() == 0 and ending.level != "full":
        pytest.skip("a worker may then be root, which the kernel exempts")
    assert 50 < int(ending.said[0]) < 8_192
