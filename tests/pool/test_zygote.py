"""What the zygote loads, and what it refuses to be forked with."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.pool.zygote import program_environment
from sandbox.contract.control import (
    Client,
    LoadScience,
    Ready,
    ScienceLoaded,
    ZygoteOptions,
    receive_packet,
    send_packet,
)
from sandbox.contract.framing import ChannelClosed
from tests.waiting import wait_until

_ROOT = Path(__file__).parents[2]
# The program, with modules of ours in front of those of the host.
_PROGRAM = "import sys; sys.path.insert(0, {folder!r}); from sandbox import zygote; {before}; zygote.main()"
_THREADED = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"


@contextmanager
def running(
    folder: Path, before: str = "pass", *, confined: bool = True, client: Client = "pyspark"
) -> Iterator[tuple[socket.socket, Ready]]:
    """A zygote that has these modules at hand: its control socket, and what it says. It ends in time."""
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
            send_packet(ours, ZygoteOptions(jail=False, confined=confined, client=client))
            theirs.close()
            ready, _ = receive_packet(ours)
            assert isinstance(ready, Ready)
            yield ours, ready
        finally:
            ours.close()
            process.wait(60)


def start(folder: Path, before: str = "pass", *, confined: bool = True, client: Client = "pyspark") -> Ready:
    """What a zygote says that has these modules at hand."""
    with running(folder, before, confined=confined, client=client) as (_, ready):
        return ready


def test_what_a_host_happens_to_have_is_not_loaded(tmp_path: Path) -> None:
    for name in ("polars", "numexpr", "bottleneck", "numba"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('loaded')\n")
    assert start(tmp_path, confined=False, client="both").failure == ""


def test_a_library_that_starts_a_thread_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(_THREADED)
    ready = start(tmp_path, "zygote._PRELOADED += ('threaded',)")
    assert "2 threads" in ready.failure and "forks of it may hang" in ready.failure


def test_what_is_loaded_later_is_looked_at_as_well(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(_THREADED)
    with running(tmp_path, "zygote._SCIENCE = ('threaded',)", client="none") as (control, ready):
        assert ready.failure == ""
        send_packet(control, LoadScience())
        loaded, _ = receive_packet(control)
        assert isinstance(loaded, ScienceLoaded) and "2 threads" in loaded.failure
        with pytest.raises(ChannelClosed):  # nothing is forked of it any more
            receive_packet(control)


def test_what_cannot_be_loaded_later_is_told(tmp_path: Path) -> None:
    with running(tmp_path, "zygote._SCIENCE = ('nowhere',)", client="none") as (control, _):
        send_packet(control, LoadScience())
        loaded, _ = receive_packet(control)
        assert isinstance(loaded, ScienceLoaded) and "nowhere cannot be imported" in loaded.failure


def test_it_ends_with_its_engine_also_while_it_loads(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    (tmp_path / "endless.py").write_text(f"open({str(begun)!r}, 'w').close()\nimport time\ntime.sleep(600)\n")
    with running(tmp_path, "zygote._SCIENCE = ('endless',)", confined=False, client="none") as (control, _):
        send_packet(control, LoadScience())
        assert wait_until(begun.exists)


def test_where_sources_are_only_compiled_nothing_else_is_loaded(tmp_path: Path) -> None:
    for name in ("numpy", "pandas", "pyarrow", "pyspark", "snowflake", "scipy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('loaded')\n")
    with running(tmp_path, confined=False, client="none") as (_, ready):
        assert ready.failure == ""
