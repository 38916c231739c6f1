"""The jail around the zygote, looked at from inside before Landlock and seccomp close."""

from __future__ import annotations

import ctypes
import json
import os
import socket
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.confine.installation import installation_paths
from tests.confine.harness import Job, run_confined, start_confined

ABSTRACT = "\0calcmetric-test-jail"
KEY = 0x63616C63

LOOK = """
import builtins, ctypes, os, socket
from pathlib import Path

def can(action):
    try:
        action()
    except OSError:
        return False
    return True

def connect(family, address):
    with socket.socket(family) as client:
        client.settimeout(2)
        client.connect(address)

shmget = ctypes.CDLL(None).shmget
builtins.facts = {
    "pid": os.getpid(),
    "parent": os.getppid(),
    "root": sorted(os.listdir("/")),
    "above": sorted(os.listdir("/..")),
    "proc": sorted(os.listdir("/proc")),
    "self": sorted(os.listdir("/proc/self")),
    "dev": sorted(os.listdir("/dev")),
    "name": os.uname().nodename,
    "interfaces": [name for _, name in socket.if_nameindex()],
    "host": can(lambda: os.kill(HOST, 0)),
    "port": can(lambda: connect(socket.AF_INET, ("127.0.0.1", PORT))),
    "abstract": can(lambda: connect(socket.AF_UNIX, ABSTRACT)),
    "shared memory": shmget(KEY, 0, 0) >= 0,
    "canary": can(lambda: open(CANARY)),
    "writable": [path for path in (*READABLE, "/", "/dev", "/proc")
                 if not os.statvfs(path).f_flag & os.ST_RDONLY],
    "set-uid": [path for path in READABLE if not os.statvfs(path).f_flag & os.ST_NOSUID],
    "folders": [number for number in range(3, 256)
                if can(lambda: os.fstat(number)) and can(lambda: os.listdir(number))],
}
"""
SAFE = {
    "pid": 1,
    "parent": 0,
    "proc": ["self"],
    "self": ["status"],
    "dev": ["null", "urandom"],
    "name": "worker",
    "interfaces": ["lo"],
    "host": False,
    "port": False,
    "abstract": False,
    "shared memory": False,
    "canary": False,
    "writable": [],
    "set-uid": [],
    "folders": [],
}


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory):
    """The source that looks around, while what it looks for exists on the host."""
    if run_confined(Job()).level != "full":
        pytest.skip("this host permits no namespaces")
    canary = tmp_path_factory.mktemp("canary") / "canary"
    canary.write_text("secret")
    libc = ctypes.CDLL(None)
    memory = libc.shmget(KEY, 4096, 0o1600)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(ABSTRACT)
        abstract.listen()
        found = {
            "HOST": os.getpid(), "PORT": server.getsockname()[1], "ABSTRACT": ABSTRACT, "KEY": KEY,
            "CANARY": str(canary), "READABLE": installation_paths(),
        }  # fmt: skip
        yield "\n".join(f"{name} = {value!r}" for name, value in found.items()) + LOOK
    libc.shmctl(memory, 0, None)


def facts_of(preload: str, **options: Any) -> Any:
    ending = run_confined(Job("import json; say(json.dumps(facts))", preload=preload, **options))
    return json.loads(ending.said[0])


def test_nothing_of_the_host_is_inside(look):
    facts = facts_of(look)
    tops = {path.split("/")[1] for path in installation_paths()}
    assert set(facts["root"]) == set(facts["above"]) == tops | {"dev", "proc"}
    assert {name: facts[name] for name in SAFE} == SAFE


def test_what_it_looks_for_is_there_outside(look):
    facts = facts_of(look, namespaces=False)
    seen = {name for name in SAFE if facts[name] != SAFE[name]}
    assert seen >= {
        "pid",
        "parent",
        "proc",
        "dev",
        "name",
        "host",
        "port",
        "abstract",
        "shared memory",
        "canary",
    }


@pytest.mark.parametrize(
    ("step", "noticed"),
    [("host name", "name"), ("read-only", "writable"), ("release of the old root", "above")],
)
def test_a_step_that_was_left_out_is_noticed(look, step, noticed):
    expected = {**SAFE, "above": facts_of(look)["above"]}
    try:
        facts = facts_of(look, left_out=step)
    except AssertionError as error:  # the jail cannot go on without it
        assert "Error" in str(error)
        return
    assert facts[noticed] != expected[noticed]


def test_the_process_that_stays_outside_holds_nothing(look):
    with start_confined(Job("import time\nwhile True: time.sleep(60)")) as zygote:
        (inner,) = psutil.Process(zygote.pid).children()
        outside = list(Path(f"/proc/{zygote.pid}/fd").iterdir())
        threads = psutil.Process(zygote.pid).num_threads()
        inside = inner.pid
        zygote.kill()
    assert inside and threads == 1
    assert len(outside) == 4, "stdio, and the pipe that tells the inner process of the end"
