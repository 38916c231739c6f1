"""A server that fills its disk or stands still is restarted, and its queries are answered all the same."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import psutil
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.local.process import ServerProcess
from engine.backends.local.watchdog import Watchdog, WatchdogSettings, used_bytes
from engine.context import UNBOUNDED
from engine.effort import Effort
from engine.errors import BackendLost, Interrupted
from tests.backends.calls import RpcFailure
from tests.backends.little import LittleServer
from tests.backends.plans import call, count, endless, number, numbers, run, value
from tests.backends.processes import server_processes
from tests.waiting import wait_until

STRICT = WatchdogSettings(disk_bytes=20 << 20, look_seconds=0.1, silent_seconds=0.5)


@pytest.fixture
def little(tmp_path: Path) -> Iterator[LittleServer]:
    """A server that is watched closely."""
    backend = LittleServer((tmp_path,), tmp_path, watchdog_settings=STRICT)
    backend.start()
    yield backend
    backend.close()


def process_of(backend: LittleServer) -> ServerProcess:
    assert backend.generation is not None
    return backend.generation.process


def test_a_server_that_stands_still_is_replaced_under_its_queries(little: LittleServer) -> None:
    session = little.open_session()
    assert value(session, count(numbers(3))) == 3
    before, (server,) = little.generation, server_processes(little)
    server.send_signal(signal.SIGSTOP)
    assert wait_until(lambda: server.status() == psutil.STATUS_STOPPED)
    assert value(session, count(numbers(4)), context=UNBOUNDED.within(20)) == 4
    assert little.generation is not before
    session.close()


def test_a_server_that_computes_is_left_alone(little: LittleServer) -> None:
    session, before = little.open_session(), little.generation
    with pytest.raises(Interrupted):
        run(session, endless(), UNBOUNDED.within(3))
    assert before is not None
    assert before.watch is not None
    assert session._record.blame == 1  # its own deadline ended the server
    session.close()


def test_an_idle_server_is_not_asked(little: LittleServer) -> None:
    (server,) = server_processes(little)
    server.send_signal(signal.SIGSTOP)
    threading.Event().wait(2)
    assert little.generation is not None
    server.send_signal(signal.SIGCONT)
    session = little.open_session()
    assert value(session, count(numbers(3))) == 3
    session.close()


@pytest.mark.slow
def test_a_query_under_which_the_disk_fills_twice_is_lost_and_the_next_one_works(
    little: LittleServer,
) -> None:
    session = little.open_session()
    assert value(session, count(numbers(3))) == 3
    filled: list[ServerProcess] = []
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(run, session, endless(), context=UNBOUNDED.within(30))
        for _ in range(2):
            assert wait_until(lambda: little.generation is not None and process_of(little) not in filled)
            filled.append(process_of(little))
            (filled[-1].folder / "tmp" / "spilled").write_bytes(b"x" * (30 << 20))
        with pytest.raises(BackendLost) as caught:
            asking.result(20)
    assert caught.value.by_this_query
    assert value(session, count(numbers(4))) == 4
    session.close()


def test_processor_time_is_that_of_the_server(little: LittleServer) -> None:
    session = little.open_session()
    before = process_of(little).effort()
    assert before.ran > 0
    condition = call(">", call("rand"), number(-1.0))
    work = pb.Relation(filter=pb.Filter(input=numbers(30_000_000), condition=condition))
    assert value(session, count(work)) == 30_000_000
    assert process_of(little).effort().ran > before.ran
    session.close()


def test_what_is_deleted_while_it_is_counted_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"x" * 100_000)
    before = used_bytes(tmp_path)
    scandir = os.scandir

    def deleted_before(path: str) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "gone":
            raise FileNotFoundError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deleted_before)
    assert used_bytes(tmp_path) == before >= 100_000


class Answerless:
    """A connection on which no question is answered in time."""

    def server_version(self, session_id: str, timeout: float) -> str:
        raise RpcFailure(grpc.StatusCode.DEADLINE_EXCEEDED, "late")


class Worked:
    """A process that did so much between two looks."""

    def __init__(self, folder: Path, ran: float, waited: float) -> None:
        self.folder = folder
        self._looks = [Effort(0), Effort(10, ran, {1: waited})]

    def effort(self) -> Effort:
        return self._looks.pop(0)


@pytest.mark.parametrize(("ran", "waited", "still"), [(0, 0, True), (0.2, 8, False), (5, 0, False)])
def test_a_server_that_waits_for_a_processor_does_not_stand_still(
    tmp_path: Path, ran: float, waited: float, still: bool
) -> None:
    process, connection = Worked(tmp_path, ran, waited), Answerless()
    watchdog_settings = WatchdogSettings(look_seconds=1e6, silent_seconds=10)
    watch = Watchdog(
        process,  # type: ignore[arg-type]
        connection,  # type: ignore[arg-type]
        watchdog_settings,
        is_busy=lambda: True,
        end=lambda reason: None,
    )
    assert watch._stands_still() is still
    watch.stop()
