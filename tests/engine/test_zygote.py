"""What the zygote loads, and what it refuses to be forked with."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from engine.pool.zygote import program_environment
from sandbox.contract.control import Ready, ZygoteOptions, receive_packet, send_packet

_ROOT = Path(__file__).parents[2]
# The program, with modules of ours in front of those of the host.
_PROGRAM = "import sys; sys.path.insert(0, {folder!r}); from sandbox import zygote; {before}; zygote.main()"
_THREADED = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"


def start(folder: Path, before: str = "pass", *, confined: bool = True, snowpark: bool = False) -> Ready:
    """What a zygote says that has these modules at hand."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = _PROGRAM.format(folder=str(folder), before=before)
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", program, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env=program_environment(),
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
        )
        try:
            send_packet(ours, ZygoteOptions(jail=False, confined=confined, snowpark=snowpark))
            theirs.close()
            ready, _ = receive_packet(ours)
        finally:
            ours.close()
            process.wait(20)
    assert isinstance(ready, Ready)
    return ready


def test_what_a_host_happens_to_have_is_not_loaded(tmp_path: Path) -> None:
    for name in ("polars", "numexpr", "bottleneck", "numba"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('loaded')\n")
    assert start(tmp_path, confined=False, snowpark=True).failure == ""


def test_a_library_that_starts_a_thread_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(_THREADED)
    ready = start(tmp_path, "zygote._PRELOADED += ('threaded',)")
    assert "2 threads" in ready.failure and "forks of it may hang" in ready.failure
