"""The jail of local servers, on the real kernel: what a server can reach, and when it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from sandbox.confine.elf import read_interpreter
from sandbox.confine.server import parse_policy
from sandbox.contract.jail import JailPolicy
from sandbox.contract.messages import encode
from tests.confine.harness import repository
from tests.confine.jail import policy_for, start
from tests.engine.support import is_running
from tests.waiting import wait_until

TRY = """
import os, socket
def attempt(name, action):
    try:
        action()
        print(name, "reached")
    except OSError as error:
        print(name, "refused", flush=True)
"""
IDLE = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + IDLE


def pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def run(policy: JailPolicy, **options: Any) -> tuple[int, list[str], str]:
    """Run a server to its own end while the jail's input stays open."""
    with start(policy, **options) as jail:
        output, errors = pipe(jail.stdout).read(), pipe(jail.stderr).read()
        return jail.wait(60), output.splitlines(), errors


def start_up(policy: JailPolicy) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Start, and return jail and server once the server runs its program."""
    jail = start(policy)
    assert pipe(jail.stdout).readline() == "up\n", pipe(jail.stderr).read()
    (server,) = psutil.Process(jail.pid).children()
    return jail, server


def tried(source: str, **policy: Any) -> dict[str, str]:
    code, lines, errors = run(policy_for(TRY + source, **policy))
    assert code == 0, errors
    return dict(line.rsplit(" ", 1) for line in lines)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "outside" / "canary"
    path.parent.mkdir()
    path.write_text("secret")
    return path


def test_reads_only_below_its_roots(tmp_path, canary):
    inside = tmp_path / "data" / "deep" / "inside"
    inside.parent.mkdir(parents=True)
    inside.write_text("x")
    (inside.parent / "link").symlink_to(canary)
    source = f"""
attempt("inside", lambda: open({str(inside)!r}).read())
attempt("list", lambda: os.listdir({str(inside.parent)!r}))
attempt("outside", lambda: open({str(canary)!r}).read())
attempt("link", lambda: open({str(inside.parent / "link")!r}).read())
attempt("dots", lambda: open({str(inside.parent)!r} + "/../../outside/canary").read())
attempt("passwd", lambda: open("/etc/passwd").read())
attempt("other process", lambda: open(f"/proc/{{os.getppid()}}/cmdline").read())
attempt("own process", lambda: open("/proc/self/status").read())
"""
    assert tried(source, read=(str(tmp_path / "data"),)) == {
        "inside": "reached", "list": "reached", "own process": "reached",
        "outside": "refused", "link": "refused", "dots": "refused", "passwd": "refused",
        "other process": "refused",
    }  # fmt: skip


@pytest.mark.root
def test_reads_what_the_kernel_tells_of_it_also_after_it_forgot_that(tmp_path):
    """On a machine that is short of memory it forgets entries of /proc; here, because it is asked to."""
    forgotten = tmp_path / "forgotten"
    source = f"""
import time
print("up", flush=True)
while not os.path.exists({str(forgotten)!r}):
    time.sleep(0.01)
attempt("own process", lambda: open("/proc/self/cgroup").read())
attempt("memory", lambda: open("/proc/meminfo").read())
attempt("pages", lambda: open("/proc/sys/vm/overcommit_memory").read())
attempt("other process", lambda: open(f"/proc/{{os.getppid()}}/cmdline").read())
"""
    with start(policy_for(TRY + source)) as jail:
        assert pipe(jail.stdout).readline() == "up\n"
        remounted = subprocess.run(["mount", "-o", "remount", "/proc"], capture_output=True)
        forgotten.touch()
        seen = dict(line.rsplit(" ", 1) for line in pipe(jail.stdout).read().splitlines())
    if remounted.returncode:
        pytest.skip("root may not mount here")
    assert seen == {
        "own process": "reached", "memory": "reached", "pages": "reached", "other process": "refused",
    }  # fmt: skip


def test_writes_only_in_its_folders(tmp_path, canary):
    data, spool = tmp_path / "data", tmp_path / "spool"
    data.mkdir()
    spool.mkdir()
    source = f"""
attempt("spool", lambda: open({str(spool / "new")!r}, "w").write("x"))
attempt("spool folder", lambda: os.makedirs({str(spool / "a" / "b")!r}))
attempt("rename", lambda: os.rename({str(spool / "new")!r}, {str(spool / "a" / "moved")!r}))
attempt("remove", lambda: os.remove({str(spool / "a" / "moved")!r}))
attempt("link", lambda: os.symlink({str(canary)!r}, {str(spool / "link")!r}))
attempt("pipe", lambda: os.mkfifo({str(spool / "pipe")!r}))
attempt("data", lambda: open({str(data / "new")!r}, "w"))
attempt("canary", lambda: open({str(canary)!r}, "a"))
attempt("null", lambda: open("/dev/null", "w").write("x"))
"""
    assert tried(source, read=(str(data),), write=(str(spool),)) == {
        "spool": "reached", "spool folder": "reached", "rename": "reached", "remove": "reached",
        "null": "reached",
        "link": "refused", "pipe": "refused", "data": "refused", "canary": "refused",
    }  # fmt: skip
    assert canary.read_text() == "secret"


def test_uses_only_its_ports():
    with socket.create_server(("127.0.0.1", 0)) as allowed, socket.create_server(("127.0.0.1", 0)) as other:
        with socket.create_server(("127.0.0.1", 0)) as free:
            bindable = free.getsockname()[1]
        source = f"""
connect = lambda port: socket.create_connection(("127.0.0.1", port), 2).close()
attempt("allowed", lambda: connect({allowed.getsockname()[1]}))
attempt("other", lambda: connect({other.getsockname()[1]}))
attempt("bind", lambda: socket.create_server(("127.0.0.1", {bindable})).close())
attempt("bind another", lambda: socket.create_server(("127.0.0.1", 0)).close())
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt("unix", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt("mptcp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262))
attempt("fast open", lambda: socket.socket().sendto(
    b"x", socket.MSG_FASTOPEN, ("127.0.0.1", {other.getsockname()[1]})))
attempt("pair", socket.socketpair)
"""
        result = tried(source, connect_ports=(allowed.getsockname()[1],), bind_ports=(bindable,))
    assert result == {
        "allowed": "reached", "bind": "reached", "pair": "reached",
        "other": "refused", "bind another": "refused", "udp": "refused", "unix": "refused",
        "netlink": "refused",
        "mptcp": "refused", "fast open": "refused",
    }  # fmt: skip


def test_starts_and_touches_no_process():
    source = """
import ctypes, signal, threading
attempt("fork", os.fork)
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("exec another", lambda: os.execv("/bin/true", ["true"]))
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("limits", lambda: __import__("resource").prlimit(os.getppid(), 7))
attempt("namespace", lambda: ctypes.CDLL(None, use_errno=True).unshare(0x10000000) and os.listdir("/none"))
attempt("thread", lambda: threading.Thread(target=print, args=("in thread",)).start())
attempt("own signal", lambda: os.kill(os.getpid(), 0))
"""
    assert tried(source) == {
        "fork": "refused", "spawn": "refused", "exec another": "refused", "signal": "refused",
        "limits": "refused",
        "namespace": "refused", "thread": "reached", "own signal": "reached", "in": "thread",
    }  # fmt: skip


def test_gives_its_environment_limits_and_folder(tmp_path):
    source = """
import os, resource
print(dict(os.environ).get("SEEN"), "PYTHONPATH" in os.environ, os.getcwd())
for kind in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
    print(resource.getrlimit(kind)[0])
print(sorted(os.listdir("/proc/self/fd"))[:4], os.read(0, 1))
"""
    code, lines, errors = run(
        policy_for(
            source, env={"SEEN": "yes"}, cwd=str(tmp_path), read=(str(tmp_path),),
            memory_bytes=1 << 30, file_bytes=1 << 20, open_files=99,
        )
    )  # fmt: skip
    assert code == 0, errors
    assert lines == [
        f"yes False {tmp_path}",
        str(1 << 30),
        str(1 << 20),
        "99",
        "0",
        "['0', '1', '2', '3'] b''",
    ]


@pytest.mark.parametrize(("source", "code"), [("raise SystemExit(7)", 7), ("import os; os.abort()", 128 + 6)])
def test_passes_on_how_the_server_ended(source, code):
    assert run(policy_for(source))[0] == code


def test_ends_the_server_when_its_input_ends():
    jail, server = start_up(policy_for(STUBBORN))
    with jail:
        pipe(jail.stdin).close()
        assert jail.wait(60) == 128 + signal.SIGKILL
    assert not server.is_running()


def test_the_kernel_ends_the_server_when_the_jail_is_killed():
    jail, server = start_up(policy_for(STUBBORN))
    with jail:
        jail.kill()
        assert wait_until(lambda: not is_running(server.pid))


def test_ends_the_server_when_the_engine_is_killed():
    """The engine is played by a process that holds the other end of the jail's input."""
    engine = subprocess.Popen(
        [sys.executable, "-P", "-c", ENGINE, encode(policy_for(STUBBORN)).decode()],
        stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": repository()}, cwd="/",
    )  # fmt: skip
    with engine:
        assert pipe(engine.stdout).readline() == "up\n"
        below = psutil.Process(engine.pid).children(recursive=True)
        engine.kill()
        assert wait_until(lambda: not any(is_running(one.pid) for one in below))
    assert len(below) == 2


ENGINE = """
import subprocess, sys
jail = subprocess.Popen([sys.executable, "-P", "-m", "sandbox.jail"], stdin=subprocess.PIPE)
jail.stdin.write(sys.argv[1].encode() + b"\\n")
jail.stdin.flush()
jail.wait()
"""


def test_terminates_politely_first():
    source = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); " + IDLE
    jail, _ = start_up(policy_for(source))
    with jail:
        jail.terminate()
        assert jail.wait(60) == 5


def test_kills_after_the_grace():
    jail, server = start_up(policy_for(STUBBORN, grace_seconds=0.1))
    with jail:
        jail.terminate()
        assert jail.wait(60) == 128 + signal.SIGKILL
    assert not server.is_running()


def test_an_interrupt_from_the_terminal_is_the_engines_business():
    jail, server = start_up(policy_for(IDLE))
    with jail:
        jail.send_signal(signal.SIGINT)
        assert server.is_running() and jail.poll() is None
        pipe(jail.stdin).close()
        assert jail.wait(60) == 128 + signal.SIGKILL


def test_leaves_no_children_of_an_unconfined_server():
    source = "import os\nif os.fork() == 0: os.execv('/bin/sleep', ['sleep', '600'])\n" + IDLE
    jail, server = start_up(policy_for(source, confine=False))
    with jail:
        below = [server, *server.children()]
        pipe(jail.stdin).close()
        jail.wait(60)
        assert wait_until(lambda: not any(is_running(one.pid) for one in below))
    assert len(below) == 2


@pytest.mark.parametrize("call", ["landlock_create_ruleset", "landlock_restrict_self", "seccomp"])
def test_a_missing_protection_is_named(call):
    code, lines, errors = run(policy_for("print('ran')"), denied=call)
    report = json.loads(errors.splitlines()[-1])
    assert (code, lines, report["jail"]) == (78, [], "isolation")
    assert ("seccomp" if call == "seccomp" else "andlock") in report["message"]


def test_without_confinement_nothing_is_missing():
    code, lines, _ = run(policy_for("print('ran')", confine=False), denied="landlock_create_ruleset")
    assert (code, lines) == (0, ["ran"])


# What a server finds where its kernel is older; a real one answers each of these ABIs with the same rules.
OLDER = """
import socket
attempt("passwd", lambda: open("/etc/passwd").read())
attempt("canary", lambda: open(CANARY).read())
attempt("truncate", lambda: os.truncate(CANARY, 0))
attempt("open to truncate", lambda: os.open(CANARY, os.O_RDONLY | os.O_TRUNC))
"""


@pytest.mark.parametrize("abi", [1, 2, 3])
def test_with_a_network_of_its_own_a_server_needs_no_port_rules(canary, abi):
    code, lines, errors = run(
        policy_for(TRY + OLDER.replace("CANARY", repr(str(canary))), private_network=True), abi=abi
    )
    if '"jail": "network"' in errors:
        pytest.skip("this host gives no network namespaces")
    assert (code, errors) == (0, "")
    assert lines == ["passwd refused", "canary refused", "truncate refused", "open to truncate refused"]
    assert canary.read_text() == "secret"


@pytest.mark.parametrize("abi", [1, 2, 3])
@pytest.mark.parametrize("asked", [True, False])
def test_where_nothing_confines_its_network_a_server_is_refused_and_the_reason_is_told(abi, asked):
    code, lines, errors = run(policy_for("print('ran')", private_network=asked), denied="unshare", abi=abi)
    report = json.loads(errors.splitlines()[-1])
    assert (code, lines, report["jail"]) == (78, [], "open-network")
    assert f"ABI {abi}" in report["message"] and "Linux 6.7" in report["message"]
    assert ("unshare" in report["message"]) == asked


@pytest.mark.parametrize("abi", [1, 3])
def test_an_operator_can_have_a_server_whose_files_alone_are_confined(canary, abi):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        source = TRY + OLDER.replace("CANARY", repr(str(canary)))
        source += f'attempt("connect", lambda: socket.create_connection(("127.0.0.1", {port}), 2).close())'
        policy = policy_for(source, private_network=True, files_only=True)
        code, lines, errors = run(policy, denied="unshare", abi=abi)
    assert code == 0, errors
    assert [json.loads(line)["jail"] for line in errors.splitlines()] == ["network", "files-only"]
    assert lines == [
        "passwd refused", "canary refused", "truncate refused", "open to truncate refused", "connect reached"
    ]  # fmt: skip
    assert canary.read_text() == "secret"


def test_files_only_gives_up_nothing_that_the_host_has():
    source = TRY + 'attempt("connect", lambda: socket.create_connection(("127.0.0.1", 9), 2).close())'
    code, lines, errors = run(policy_for(source, files_only=True))
    assert (code, errors) == (0, "")
    assert lines == ["connect refused"]


def test_without_landlock_files_only_is_refused_as_well():
    code, lines, errors = run(policy_for("print('ran')", files_only=True), abi=0)
    report = json.loads(errors.splitlines()[-1])
    assert (code, lines, report["jail"]) == (78, [], "isolation") and "Landlock" in report["message"]


def test_a_missing_root_is_named():
    code, _, errors = run(policy_for("print('ran')", read=("/no/such/folder",)))
    assert code == 78 and "/no/such/folder" in json.loads(errors)["message"]


def test_a_program_that_cannot_be_executed_is_named(tmp_path):
    code, _, errors = run(JailPolicy((str(tmp_path / "absent"),), confine=False))
    assert code == 127 and "absent" in json.loads(errors)["message"]
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    code, _, errors = run(JailPolicy((str(script),)))
    assert code == 78 and "not a script" in json.loads(errors)["message"]


GOOD = json.loads(encode(JailPolicy(("/bin/true",))))


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ([], "object"),
        ({}, "argv"),
        ({**GOOD, "argv": []}, "argv"),
        ({**GOOD, "argv": ["true"]}, "argv"),
        ({**GOOD, "reed": ["/"]}, "reed"),
        ({**GOOD, "read": "/"}, "read"),
        ({**GOOD, "read": ["relative"]}, "read"),
        ({**GOOD, "write": ["/a\0b"]}, "write"),
        ({**GOOD, "env": {"A": 1}}, "env"),
        ({**GOOD, "bind_ports": [70000]}, "bind_ports"),
        ({**GOOD, "connect_ports": [True]}, "connect_ports"),
        ({**GOOD, "memory_bytes": 0}, "memory_bytes"),
        ({**GOOD, "grace_seconds": -1}, "grace_seconds"),
        ({**GOOD, "confine": "no"}, "confine"),
        ({**GOOD, "files_only": 1}, "files_only"),
    ],
)
def test_a_bad_policy_is_named(policy, named):
    with pytest.raises(ValueError, match=named):
        parse_policy(json.dumps(policy).encode())


@pytest.mark.parametrize("left_out", [*GOOD])
def test_a_policy_that_lacks_a_key_is_refused(left_out):
    lacking = {name: value for name, value in GOOD.items() if name != left_out}
    with pytest.raises(ValueError, match=f"missing keys: {left_out}"):
        parse_policy(json.dumps(lacking).encode())


def test_a_bad_policy_ends_the_jail():
    code, _, errors = run(JailPolicy(()))
    assert code == 64 and json.loads(errors)["jail"] == "policy"


def test_what_the_engine_says_is_what_the_jail_reads():
    policy = policy_for(IDLE, env={"A": "b"}, bind_ports=(1, 2), grace_seconds=0.5, memory_bytes=1 << 40)
    assert parse_policy(encode(policy)) == policy


def test_defaults_of_a_policy():
    policy = JailPolicy(("/bin/true",))
    assert policy.confine and not policy.files_only and policy.env == {} and policy.read == ()


def test_the_loader_of_a_program_is_found():
    (loader,) = read_interpreter(os.path.realpath(sys.executable))
    assert Path(loader).is_file() and "ld" in Path(loader).name


def test_a_text_has_no_loader(tmp_path):
    with pytest.raises(ValueError, match="ELF"):
        read_interpreter(__file__)
