"""The canaries sing: whatever a specimen could do is seen, and what is honest is not."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.escape import canaries as cage
from tests.escape.canaries import Canaries, find_told
from tests.escape.listeners import VICTIM_SECRET
from tests.escape.observation import find_host
from tests.escape.secret_files import FILE_SECRET
from tests.escape.specimen import Specimen


def effects(canaries: Canaries, do: Callable[[], Any]) -> set[str]:
    """What is found after doing something, and nothing after that."""
    canaries.find_effects()
    undo = do()
    deadline = time.monotonic() + 5
    while not (found := canaries.find_effects()) and time.monotonic() < deadline:
        time.sleep(0.01)
    if undo:
        undo()
    assert canaries.find_effects() == set()
    return found


def test_silence_is_silence(canaries):
    canaries.find_effects()
    assert canaries.find_effects() == set()


def test_connections_and_datagrams_are_heard(canaries):
    def tcp():
        socket.create_connection(("127.0.0.1", canaries.listeners.tcp_port)).close()

    def udp():
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", ("127.0.0.1", canaries.listeners.udp_port))

    def unix():
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(canaries.listeners.path))

    def abstract():
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect("\0" + canaries.listeners.abstract)

    for speak in (tcp, udp, unix, abstract):
        assert effects(canaries, speak) == {"network"}, speak


def test_files_folders_and_links_are_seen(canaries):
    path = Path(canaries.values()["CANARY_OUTPUT"])
    assert effects(canaries, lambda: path.write_text("x") and None) == {"write"}
    assert effects(canaries, path.mkdir) == {"write"}
    assert effects(canaries, lambda: path.symlink_to("/")) == {"write"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_signal_to_the_victim_is_seen(canaries, number):
    assert effects(canaries, lambda: os.kill(canaries.victim.pid, number)) == {"process"}


def test_marked_processes_are_seen_and_ended(canaries):
    def start():
        child = subprocess.Popen([canaries.mark, "60"], executable="/bin/sleep")
        return child.wait

    assert effects(canaries, start) == {"process"}


def test_a_marked_name_is_seen(canaries):
    program = f"import time; open('/proc/self/comm', 'w').write({canaries.mark!r}); time.sleep(60)"

    def start():
        child = subprocess.Popen([sys.executable, "-c", program])
        return child.wait

    assert effects(canaries, start) == {"process"}


TOLD = {
    "value": ("", float(FILE_SECRET), {"file"}),
    "text": (f"it is {cage.TENANT_SECRET}!", 0.0, {"tenant"}),
    "separated": (f"{cage.ROWS_SECRET:,}", 0.0, {"rows"}),
    "float text": (f"{float(cage.HOST_SECRET)}", 0.0, {"host"}),
    "bytes": (str(f"VICTIM={VICTIM_SECRET}\0".encode()), 0.0, {"process"}),
    "others": ("123456789012345 and 0.123456789012345", 1e14, set()),
}


@pytest.mark.parametrize("name", TOLD)
def test_secrets_are_recognized(name):
    text, value, goals = TOLD[name]
    assert find_told(text, value) == goals


def test_facts_of_the_host_are_recognized_where_they_are_sought():
    seeks = Specimen("language/a", "", "", "host")
    other = Specimen("language/a", "", "", "file")
    told = [f"<{fact}/x>" for fact in cage.host_facts()] + [sys.prefix.replace("/", ":") + ":lib"]
    assert all(find_host(text, seeks) == {"host"} for text in told)
    assert find_host(f"x{socket.gethostname()}x", seeks) == set()
    assert find_host(told[0], other) == set()


def test_every_secret_stands_in_its_file(canaries):
    for path in canaries.secrets.iterdir():
        assert path.stat().st_mode & 0o004, "so that it is not its mode that keeps a guest away"
    assert str(FILE_SECRET) in (canaries.secrets / "credentials.txt").read_text()
