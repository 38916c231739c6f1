"""Class archives are built when nobody waits, at a priority that nobody notices, and leave nothing behind."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.backends.local import process as processes
from engine.backends.local.process import Permissions, make_folder, start_process
from engine.backends.spark import archive as archives
from engine.backends.spark import building, launch, training
from engine.backends.spark.archive import Archives, find_archives
from engine.backends.spark.backend import LocalSpark
from engine.backends.spark.java import Java, find_jars, find_java
from engine.effort import Grace
from tests.waiting import wait_until

NOTHING = Permissions(read=(), bind_ports=())
SLEEPER = [sys.executable, "-c", "print('here', flush=True); import time; time.sleep(600)"]


@pytest.fixture
def cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSpark]:
    """A backend that thinks that its server runs, and has no archives; nothing of it is real."""
    backend = LocalSpark((tmp_path,), tmp_path, tmp_path / "cache")
    (tmp_path / "jars").mkdir()
    for module in (building, training):
        monkeypatch.setattr(module, "find_java", lambda: Java(tmp_path / "java", tmp_path, "1"))
        monkeypatch.setattr(module, "find_jars", lambda: tmp_path / "jars")
    connection: Any = type("Dead", (), {"closed": True})()
    monkeypatch.setattr(backend, "connection", lambda: connection)
    monkeypatch.setattr(training, "dump", lambda java, archive, stop: archive.write_text("jdk"))
    monkeypatch.setattr(archives, "_ROOM_BYTES", 0)  # however full the disk is
    yield backend
    backend.close()


@pytest.fixture
def trained(cold: LocalSpark, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What the backend trained."""
    made: list[Path] = []

    def train(stop: object, grace: object, archive: Path, options: object) -> None:
        made.append(archive)
        archive.write_text("spark")

    monkeypatch.setattr(cold._builder, "_train", train)
    return made


def test_nothing_is_trained_while_a_run_has_a_session(
    cold: LocalSpark, trained: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_QUIET_SECONDS", 0.0)
    session = cold.open_session()
    cold._sessions._used = time.monotonic() - 10_000
    assert cold._sessions.quiet_seconds() < 5_000
    monkeypatch.setattr(building, "_QUIET_SECONDS", 1e9)
    assert cold._builder.build_when_quiet()
    assert trained == []
    session.close()
    assert not session.is_open
    monkeypatch.setattr(building, "_QUIET_SECONDS", 0.0)
    assert not cold._builder.build_when_quiet()  # and there is nothing left to do
    assert len(trained) == 1
    assert not cold._builder.build_when_quiet()
    assert len(trained) == 1


def test_a_run_that_begins_has_the_training_stopped(
    cold: LocalSpark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks all the time whether it is to stop; a session that opens meanwhile is the answer."""
    seen: list[bool] = []

    def train(stop: Any, grace: object, archive: Path, options: object) -> None:
        monkeypatch.setattr(building, "_QUIET_SECONDS", 30.0)
        cold._sessions._used = time.monotonic() - 100
        seen.append(stop())
        sessions.append(cold.open_session())
        seen.append(stop())
        raise OSError("ended")

    sessions: list[object] = []
    monkeypatch.setattr(cold._builder, "_train", train)
    monkeypatch.setattr(building, "_QUIET_SECONDS", 0.0)
    assert cold._builder.build_when_quiet()  # may be tried again
    assert seen == [False, True]
    assert find(cold).tries == 0  # it was stopped, and has not failed


def test_a_training_that_another_process_is_at_is_left_to_it(
    cold: LocalSpark, trained: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_QUIET_SECONDS", 0.0)
    with find(cold).claim():
        assert cold._builder.build_when_quiet()
    assert trained == []


def find(backend: LocalSpark) -> Archives:
    return find_archives(find_java(), find_jars(), backend._cache)


def test_a_server_that_trains_gives_way_to_everything() -> None:
    """The supervisor, the jail and the server: by their policy, and by the group's where there are groups."""
    process = start_process(make_folder("test"), SLEEPER, {}, NOTHING, confined=False, low_priority=True)
    try:
        supervisor = psutil.Process(process._supervisor.pid)
        assert wait_until(lambda: len(supervisor.children(recursive=True)) == 2, 300)
        server = supervisor.children(recursive=True)[-1]
        for one in (supervisor, *supervisor.children(recursive=True)):
            assert os.sched_getscheduler(one.pid) == os.SCHED_IDLE
            assert one.nice() == 19
        group = Path(f"/proc/{server.pid}/autogroup")
        if group.exists() and group.read_text():  # a kernel without groups has none to tell of
            assert wait_until(lambda: os.getsid(server.pid) == server.pid, 300)
            assert wait_until(lambda: group.read_text().split()[-1] == "19", 300)
    finally:
        process.end()


def test_a_server_that_answers_has_the_usual_priority() -> None:
    process = start_process(make_folder("test"), SLEEPER, {}, NOTHING, confined=False)
    try:
        assert wait_until(lambda: process.log_tail() == "here\n", 60)
        for one in psutil.Process(process._supervisor.pid).children(recursive=True):
            assert os.sched_getscheduler(one.pid) == os.SCHED_OTHER
    finally:
        process.end()


def _is_built(cache: Path) -> bool:
    return not list(cache.glob("building-*"))


def trainers(cache: Path) -> list[psutil.Process]:
    wanted = {"engine.backends.spark.training", str(cache)}
    return [one for one in psutil.process_iter(["cmdline"]) if wanted <= set(one.info["cmdline"] or ())]


def servers_below(cache: Path) -> list[psutil.Process]:
    """Processes that work in the cache folder."""
    return [one for one in psutil.process_iter(["cwd"]) if (one.info["cwd"] or "").startswith(str(cache))]


@pytest.mark.slow
@pytest.mark.deep
@pytest.mark.spark(own=True)
def test_trainings_of_spark_in_the_background_end_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three at once, as they give way to whatever else runs here."""
    monkeypatch.delenv(training.SETTING, raising=False)
    killed, told, removed = caches = [tmp_path / how for how in ("killed", "told", "removed")]
    began: dict[Path, psutil.Process] = {}
    for cache in caches:
        assert training.begin(cache)
        assert not training.begin(cache)  # it holds the lock
        (began[cache],) = trainers(cache)
        assert os.getsid(began[cache].pid) == began[cache].pid
    assert wait_until(lambda: all(map(servers_below, caches)), 600)
    servers = [one for cache in caches for one in servers_below(cache)]
    began[killed].kill()
    began[told].terminate()
    removed.rename(tmp_path / "elsewhere")
    assert wait_until(lambda: not any(map(trainers, caches)), 300)
    assert wait_until(lambda: not any(one.is_running() for one in servers), 300)
    for cache, tries in ((killed, "1\n"), (told, "0\n")):
        assert wait_until(functools.partial(_is_built, cache), 300)
        kept = {path.name.partition("-")[2] or path.name for path in cache.iterdir()}
        assert kept <= {"lock", "tries", "jdk.jsa"}
        (counted,) = cache.glob("*-tries")
        assert counted.read_text() == tries
    for one in psutil.Process().children():
        if one.pid in {trainer.pid for trainer in began.values()}:
            os.waitpid(one.pid, 0)


@pytest.mark.slow
@pytest.mark.deep  # CI builds them before its slow tests, and starts Spark with them
@pytest.mark.spark(own=True)
def test_archives_are_built_and_spark_starts_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the usual priority: on a machine that does something else all the time it might never end."""
    real = processes.start_process

    def at_once(*arguments: Any, **options: Any) -> Any:
        return real(*arguments, **{**options, "low_priority": False})

    monkeypatch.setattr(launch, "start_process", at_once)
    monkeypatch.setattr(training, "start_process", at_once)
    cache = tmp_path / "cache"
    backend = LocalSpark((tmp_path,), tmp_path, cache)
    archives = find(backend)
    with archives.claim() as lock:
        assert lock is not None
        archives.note_try(1)
        assert backend._builder.build(archives, lambda: False, Grace(600))
    assert sorted(path.name.partition("-")[2] or path.name for path in cache.iterdir()) == [
        "jdk.jsa",
        "lock",
        "spark.jsa",
    ]
    try:
        backend.start()
        assert not backend.started_without_archives
    finally:
        backend.close()
