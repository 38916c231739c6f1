"""Nobody but the engine reaches a local server, and the server reaches nobody."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.backends.local.process import find_free_ports
from engine.backends.local.server import LocalServer
from tests.backends.little import LittleServer
from tests.backends.plans import count, numbers, value
from tests.backends.processes import is_listening, ports_of, runs, server_processes
from tests.confine.harness import repository
from tests.confine.jail import policy_for, start
from tests.waiting import wait_until

LISTENS = "import socket, time; s = socket.create_server(('127.0.0.1', {port})); print('up', flush=True); "
ANSWERS = LISTENS + "\nwhile True: link = s.accept()[0]; link.sendall(link.recv(9)[::-1]); link.close()"


@pytest.fixture
def little(tmp_path: Path) -> Iterator[LittleServer]:
    """A server of the test's own."""
    backend = LittleServer((tmp_path,), tmp_path)
    backend.start()
    yield backend
    backend.close()


def network_of(process: psutil.Process) -> str:
    return str(Path(f"/proc/{process.pid}/ns/net").readlink())


def status_of(process: psutil.Process) -> dict[str, str]:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def listening_ports(process: psutil.Process) -> list[int]:
    """Of the process's whole network, as the process itself would see it."""
    rows = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
    rows += Path(f"/proc/{process.pid}/net/tcp6").read_text().splitlines()[1:]
    cells = [row.split() for row in rows]
    return [int(cell[1].rpartition(":")[2], 16) for cell in cells if cell[3] == "0A"]


def forwarder_and_server(backend: LocalServer) -> tuple[psutil.Process, psutil.Process]:
    """The children of the jail, in the order in which they are made."""
    (server,) = server_processes(backend)
    jail = server.parent()
    assert jail is not None
    forwarder, other = sorted(jail.children(), key=lambda process: process.pid)
    assert other == server
    return forwarder, server


def test_the_machine_does_not_reach_the_server_which_sees_nothing_but_itself(backend: LocalServer) -> None:
    session = backend.open_session()
    assert value(session, count(numbers(3))) == 3
    session.close()
    assert backend.is_private
    forwarder, server = forwarder_and_server(backend)
    assert network_of(forwarder) == network_of(server) != network_of(psutil.Process())
    listening = listening_ports(server)
    assert listening
    assert not any(map(is_listening, listening))
    interfaces = Path(f"/proc/{server.pid}/net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    routes = Path(f"/proc/{server.pid}/net/route").read_text().splitlines()
    assert len(routes) == 1, "a header, and no way out"


def test_the_socket_is_the_owners_alone(little: LittleServer) -> None:
    assert little.generation is not None
    folder = little.generation.process.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "server.sock").is_socket()


def test_the_forwarder_is_confined(little: LittleServer) -> None:
    forwarder, _ = forwarder_and_server(little)
    status = status_of(forwarder)
    assert (status["Seccomp"], status["NoNewPrivs"], status["Threads"]) == ("2", "1", "1")
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    kept = {str(entry.readlink()) for entry in Path(f"/proc/{forwarder.pid}/fd").iterdir()}
    files = {name for name in kept if not name.startswith(("socket:", "/dev/null"))}
    assert files == {str(little.generation.process.log)}  # type: ignore[union-attr]


@pytest.mark.parametrize("which", [0, 1], ids=["forwarder", "server"])
def test_forwarder_and_server_end_together_and_are_replaced(little: LittleServer, which: int) -> None:
    session = little.open_session()
    assert value(session, count(numbers(3))) == 3
    both = forwarder_and_server(little)
    assert little.generation is not None
    process = little.generation.process
    both[which].kill()
    assert wait_until(lambda: not any(map(runs, both)) and not process.is_alive())
    assert value(session, count(numbers(4))) == 4
    session.close()


def test_without_a_network_of_its_own_the_port_is_open_and_said_to_be(tmp_path: Path) -> None:
    backend = LittleServer((tmp_path,), tmp_path, private_network=False)
    assert backend.is_private is None
    backend.start()
    assert backend.is_private is False
    assert all(map(is_listening, ports_of(backend)))
    backend.close()


@pytest.mark.parametrize("denied", ["", "unshare"])
def test_where_the_host_permits_no_namespace_the_forwarder_works_all_the_same(
    tmp_path: Path, denied: str
) -> None:
    (port,) = find_free_ports(1)
    path = tmp_path / "server.sock"
    policy = policy_for(
        ANSWERS.format(port=port),
        bind_ports=(port,),
        forward_port=port,
        forward_socket=str(path),
        private_network=True,
    )
    with start(policy, denied=denied) as jail:
        assert jail.stdout is not None and jail.stderr is not None and jail.stdin is not None
        assert jail.stdout.readline() == "up\n"
        assert wait_until(lambda: ask(path) == b"cba")
        assert is_listening(port) == bool(denied)
        children = psutil.Process(jail.pid).children()
        jail.stdin.close()
        assert ('"jail": "network"' in jail.stderr.read()) == bool(denied)
    assert not any(map(runs, children))


def ask(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(str(path))
        except ConnectionRefusedError:
            return b"not yet"
        sock.sendall(b"abc")
        return sock.recv(9)


AS_NOBODY = """
import os
from pathlib import Path
from sandbox.confine import libc, network
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    libc.raw_call("prctl", libc.PR_SET_DUMPABLE, 1, 0, 0, 0)  # as a program that such a user starts
print(network.enter_private_network() or Path("/proc/self/net/dev").read_text().splitlines()[2:])
"""


def test_a_user_without_privileges_has_one_too() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", AS_NOBODY],
        env={"PYTHONPATH": repository()},
        capture_output=True,
        text=True,
        check=True,
    )
    if "network namespace failed" in done.stdout:
        pytest.skip(f"this host gives users no namespaces: {done.stdout}")
    assert done.stdout.count(":") == 1
    assert "lo:" in done.stdout
