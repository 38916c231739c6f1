"""The supervisor and the jail around a server: nothing outlives the engine, nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import psutil
import pytest

from engine.backends.connect.rpc import Connection
from engine.backends.local.process import (
    Permissions,
    find_free_ports,
    make_folder,
    python_folders,
    start_process,
)
from engine.backends.local.server import LocalServer
from engine.errors import BackendStartError, EngineClosed, ForkedEngine, IsolationError, OpenNetworkError
from engine.wording import said
from tests.backends import little
from tests.backends.little import LittleServer
from tests.backends.processes import is_listening, ports_of, runs
from tests.confine.harness import repository
from tests.waiting import wait_until

NOTHING = Permissions(read=(), bind_ports=())


SLEEPER = [sys.executable, "-c", "print('here', flush=True); import time; time.sleep(600)"]


def test_a_server_and_its_folder_go_together() -> None:
    folder = make_folder("test")
    assert folder.stat().st_mode & 0o777 == 0o700
    others = psutil.Process().children(recursive=True)
    process = start_process(folder, SLEEPER, {}, NOTHING, confined=False)
    assert wait_until(lambda: process.log_tail() == "here\n")
    assert process.is_alive()
    below = set(psutil.Process().children(recursive=True)) - set(others)
    assert len(below) == 3  # supervisor, jail, server
    process.end()
    process.end()
    assert not process.is_alive()
    assert not folder.exists()
    assert not any(map(runs, below))


def test_the_end_of_a_server_is_noticed_and_its_output_kept() -> None:
    process = start_process(
        make_folder("test"), [sys.executable, "-c", "raise SystemExit('no')"], {}, NOTHING, confined=False
    )
    assert not process.is_alive(30)
    assert process.log_tail() == "no\n"
    process.end()


def test_a_program_that_is_not_there_says_so() -> None:
    process = start_process(make_folder("test"), ["/no/such/program"], {}, NOTHING, confined=False)
    assert not process.is_alive(30)
    assert "/no/such/program" in process.log_tail()
    process.end()


def test_secrets_are_not_on_the_command_line() -> None:
    process = start_process(make_folder("test"), SLEEPER, {"TOKEN": "very-secret"}, NOTHING, confined=False)
    assert wait_until(lambda: process.log_tail() == "here\n")
    supervisor = psutil.Process(process._supervisor.pid)
    lines = [" ".join(one.cmdline()) for one in (supervisor, *supervisor.children(recursive=True))]
    process.end()
    assert len(lines) > 1
    assert not [line for line in lines if "very-secret" in line]


HOST = """
import os, sys, time
from pathlib import Path
from tests.backends.little import LittleServer
backend = LittleServer((), Path(sys.argv[1]))
backend.start()
if sys.argv[2] == "forks" and os.fork() == 0:
    time.sleep(60)  # a child that holds every descriptor of its parent
    os._exit(0)
print(backend.generation.process.folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["alone", "forks"])
def test_a_killed_host_leaves_neither_server_nor_files(tmp_path: Path, how: str) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": repository()},
    )
    assert host.stdout is not None
    assert host.stdin is not None
    folder = Path(host.stdout.readline().decode().strip())
    family = psutil.Process(host.pid).children(recursive=True)
    servers = [process for process in family if HOST not in process.cmdline()]
    assert folder.is_dir()
    assert len(servers) == 4  # supervisor, jail, forwarder, server
    host.kill()
    ended = wait_until(lambda: not any(map(runs, servers)))
    cleaned = wait_until(lambda: not folder.exists())
    for process in set(family) - set(servers):
        process.kill()
    host.communicate()
    assert ended
    assert cleaned


def test_close_leaves_neither_processes_nor_files(tmp_path: Path) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    backend = LittleServer((tmp_path,), tmp_path)
    backend.start()
    assert backend.generation is not None
    folder = backend.generation.process.folder
    backend.close()
    backend.close()
    assert not folder.exists()
    assert wait_until(lambda: {one.pid for one in psutil.Process().children(recursive=True)} <= before)
    with pytest.raises(EngineClosed):
        backend.open_session()


def test_a_backend_that_is_forgotten_ends_its_server(tmp_path: Path) -> None:
    backend = LittleServer((tmp_path,), tmp_path)
    backend.start()
    assert backend.generation is not None
    folder = backend.generation.process.folder
    del backend
    assert wait_until(lambda: not folder.exists())


def test_a_port_in_use_is_exchanged_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = LittleServer((tmp_path,), tmp_path, private_network=False)
    taken.start()
    (port,) = ports_of(taken)
    choices = iter([(port,), find_free_ports(1)])
    monkeypatch.setattr(little, "find_free_ports", lambda count: next(choices))
    backend = LittleServer((tmp_path,), tmp_path, private_network=False)
    backend.start()
    assert ports_of(backend) != (port,)
    backend.close()
    taken.close()


class Broken(LocalServer):
    """A server that ends while it starts."""

    name = "broken"
    interrupts = False
    launches = 0

    def twin(self) -> Broken:
        return type(self)()

    def launch(self) -> object:  # type: ignore[override]
        self.launches += 1
        argv = [sys.executable, "-c", "raise SystemExit('Address already in use')"]
        process = start_process(make_folder("test"), argv, {}, NOTHING, confined=False)
        return process, Connection(grpc.insecure_channel("127.0.0.1:1"), user_id="x")


def test_a_server_that_cannot_start_says_what_to_do_and_keeps_the_detail() -> None:
    backend = Broken()
    with pytest.raises(BackendStartError) as caught:
        backend.start()
    assert "calcmetric doctor" in str(caught.value)
    assert "it ended while starting: Address already in use;" in str(caught.value)
    assert "Address already in use" in caught.value.detail
    assert backend.launches == 3
    backend.close()


class Open(Broken):
    """A server whose jail finds nothing that confines its network."""

    def launch(self) -> object:  # type: ignore[override]
        self.launches += 1
        said = json.dumps({"jail": "open-network", "message": "its network cannot be confined: for a test"})
        argv = [sys.executable, "-c", f"raise SystemExit({said!r})"]
        process = start_process(make_folder("test"), argv, {}, NOTHING, confined=False)
        return process, Connection(grpc.insecure_channel("127.0.0.1:1"), user_id="x")


def test_where_nothing_confines_the_network_both_ways_out_are_named_at_once() -> None:
    backend = Open()
    with pytest.raises(IsolationError, match="cannot be confined: for a test") as caught:
        backend.start()
    assert isinstance(caught.value, OpenNetworkError)
    for way in ("Linux 6.7", "namespaces", "server_isolation='files-only'"):
        assert way in str(caught.value)
    assert "--server-isolation files-only" in said(caught.value, "command")
    assert backend.launches == 1, "another attempt goes no better"
    backend.close()


class Slow(Broken):
    """A server that never answers."""

    def launch(self) -> object:  # type: ignore[override]
        self.launches += 1
        process = start_process(make_folder("test"), SLEEPER, {}, NOTHING, confined=False)
        return process, Connection(grpc.insecure_channel("127.0.0.1:1"), user_id="x")


def test_close_does_not_wait_for_a_start() -> None:
    backend = Slow()
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(backend.start)
        assert wait_until(lambda: backend.launches == 1)
        backend.close()
        with pytest.raises(EngineClosed):
            starting.result(30)
    assert backend.launches == 1


def test_a_server_that_never_answers_is_given_up() -> None:
    backend = Slow()
    backend.start_seconds = 0.1
    with pytest.raises(BackendStartError, match="did not answer within"):
        backend.start()
    backend.close()


def test_a_forked_child_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Broken()
    monkeypatch.setattr("engine.backends.base.os.getpid", lambda: -1)
    with pytest.raises(ForkedEngine):
        backend.open_session()
    backend.close()  # does nothing there
    monkeypatch.undo()
    backend.close()


def test_nobody_listens_on_a_free_port() -> None:
    ports = find_free_ports(3)
    assert len(set(ports)) == 3
    assert not any(map(is_listening, ports))


def test_python_folders_hold_this_python() -> None:
    program = Path(sys.executable).resolve()
    assert any(program.is_relative_to(folder) for folder in python_folders())
    assert any(Path(grpc.__file__).is_relative_to(folder) for folder in python_folders())
