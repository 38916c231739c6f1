"""Nothing of a cluster outlives the process that started it."""

from __future__ import annotations

import subprocess
import sys

import psutil

from tests.cluster.cluster import LAUNCH
from tests.engine.support import is_running
from tests.waiting import wait_until

_STARTER = """
import os, subprocess, sys, time
launch = [sys.executable, "-I", "-S", sys.argv[1], str(os.getpid())]
print(subprocess.Popen([*launch, sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
time.sleep(600)
"""


def test_what_is_launched_dies_with_whoever_launched_it() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(LAUNCH)], stdout=subprocess.PIPE, text=True
    )
    with starter:
        assert starter.stdout is not None
        launched = int(starter.stdout.readline())
        try:
            assert wait_until(lambda: "-c" in psutil.Process(launched).cmdline()[:2])
            starter.kill()
            assert wait_until(lambda: not is_running(launched))
        finally:
            starter.kill()


def test_what_comes_too_late_is_not_started() -> None:
    words = [sys.executable, "-I", "-S", str(LAUNCH), "1", sys.executable, "-c", "print('started')"]
    assert subprocess.run(words, capture_output=True, check=True).stdout == b""
