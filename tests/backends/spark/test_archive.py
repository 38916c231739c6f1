"""Class archives appear whole or not at all, and never stand in the way of a start."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.backends.spark import training
from engine.backends.spark.archive import MOST_TRIES, Archives, find_archives
from engine.backends.spark.java import Java
from engine.effort import Effort, Grace
from engine.errors import BackendStartError


class Usage(NamedTuple):
    """As `shutil.disk_usage` gives it."""

    total: int
    used: int
    free: int


def usage(free: int) -> Usage:
    return Usage(1 << 40, (1 << 40) - free, free)


@pytest.fixture
def java(tmp_path: Path) -> Java:
    return Java(tmp_path / "java", tmp_path, "1")


@pytest.fixture
def archives(tmp_path: Path) -> Archives:
    (tmp_path / "cache").mkdir()
    return Archives(tmp_path / "cache", "key")


def dump(dumped: Path) -> None:
    dumped.write_text("jdk")


def never(*_: object) -> None:
    raise AssertionError("it is there already")


def train(trained: Path, options: tuple[str, ...]) -> None:
    assert options[0].startswith("-XX:SharedArchiveFile=")
    trained.write_text("spark")


def test_nothing_is_used_before_both_are_there(archives: Archives) -> None:
    assert archives.options() == ()
    archives.build(dump, train)
    assert archives.options() == (f"-XX:SharedArchiveFile={archives.base}:{archives.top}",)
    archives.discard()
    archives.discard()
    assert archives.options() == ()


def fail(trained: Path, options: tuple[str, ...]) -> None:
    (trained.parent / "rubbish").write_text("x")
    raise BackendStartError("no")


def test_a_failed_training_leaves_no_half_archive_and_the_next_goes_on_from_there(archives: Archives) -> None:
    with pytest.raises(BackendStartError):
        archives.build(dump, fail)
    assert archives.options() == ()
    assert [path.name for path in archives.folder.iterdir()] == ["key-jdk.jsa"]
    archives.build(never, train)
    assert archives.options()


def test_what_a_killed_builder_left_is_removed(archives: Archives) -> None:
    (archives.folder / "building-x").mkdir()
    (archives.folder / "building-x" / "spark.jsa").write_text("half")
    archives.build(dump, train)
    assert sorted(path.name for path in archives.folder.iterdir()) == ["key-jdk.jsa", "key-spark.jsa"]


def test_one_process_builds_at_a_time(archives: Archives) -> None:
    with archives.claim() as mine:
        assert mine is not None
        handed_over = os.dup(mine)
        with archives.claim() as second:
            assert second is None
    with archives.claim() as third:  # the process that it was handed to still holds it
        assert third is None
    os.close(handed_over)
    with archives.claim() as fourth:
        assert fourth is not None


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch, java: Java, tmp_path: Path) -> list[Path]:
    """Where trainings were begun, none of which really are."""
    begun: list[Path] = []
    monkeypatch.delenv(training.SETTING, raising=False)
    monkeypatch.setattr(training, "find_java", lambda: java)
    (tmp_path / "jars").mkdir()
    monkeypatch.setattr(training, "find_jars", lambda: tmp_path / "jars")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100 << 30))  # however full the disk is
    monkeypatch.setattr(training, "_spawn", lambda folder, lock, **_: begun.append(folder))
    return begun


def test_a_training_is_told_of_once_and_not_begun_for_ever(spawned: list[Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert [training.begin(cache) for _ in range(MOST_TRIES + 2)] == [True, *[False] * (MOST_TRIES + 1)]
    assert spawned == [cache] * MOST_TRIES  # none of them told how it ended, as if all had been killed


def test_no_training_is_begun_beside_another(spawned: list[Path], tmp_path: Path, java: Java) -> None:
    with find_archives(java, tmp_path / "jars", tmp_path / "cache").claim():
        assert not training.begin(tmp_path / "cache")
    assert spawned == []


def test_no_training_is_begun_where_there_is_nothing_to_do(
    spawned: list[Path], tmp_path: Path, java: Java
) -> None:
    archives = find_archives(java, tmp_path / "jars", tmp_path / "cache")
    with archives.claim():
        archives.build(dump, train)
    assert not training.begin(tmp_path / "cache")
    assert spawned == []


@pytest.mark.parametrize("word", ["off", "no", "0", "False"])
def test_no_training_is_begun_where_the_operator_wants_none(
    spawned: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv(training.SETTING, word)
    assert not training.begin(tmp_path / "cache")
    assert spawned == []
    assert not (tmp_path / "cache").exists()


def test_no_training_is_begun_in_a_folder_that_cannot_be(spawned: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert not training.begin(tmp_path / "file" / "cache")
    assert spawned == []


def test_no_training_is_begun_without_room(
    spawned: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100 << 20))
    assert not training.begin(tmp_path / "cache")
    assert spawned == []


def counted_build(
    archives: Archives, monkeypatch: pytest.MonkeyPatch, *, stopped: bool = False, grace: Grace | None = None
) -> int:
    """Try to build, in vain; return the tries that are counted then."""
    monkeypatch.setattr(training, "find_java", lambda: None)
    monkeypatch.setattr(training, "dump", lambda java, archive, stop: dump(archive))
    archives.note_try(1)
    assert not training.build(archives, lambda: stopped, grace or Grace(1_000), fail)
    return archives.tries


def test_a_training_that_fails_counts(archives: Archives, monkeypatch: pytest.MonkeyPatch) -> None:
    assert counted_build(archives, monkeypatch) == 1


def test_a_training_that_was_stopped_does_not_count(
    archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counted_build(archives, monkeypatch, stopped=True) == 0


@pytest.mark.parametrize(("waited", "tries"), [(0.0, 1), (99.0, 0)])
def test_a_training_that_takes_too_long_counts_unless_others_took_its_time(
    archives: Archives, monkeypatch: pytest.MonkeyPatch, waited: float, tries: int
) -> None:
    now, waits = [0.0], [0.0]
    grace = Grace(
        10, lambda: Effort(now[0], ran=now[0] / 100, waits={1: waits[0]}), times=10, clock=lambda: now[0]
    )
    now[0], waits[0] = 100.0, waited
    assert not grace.left()
    assert counted_build(archives, monkeypatch, grace=grace) == tries


def test_what_was_trained_is_not_counted_any_more(
    archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "find_java", lambda: None)
    monkeypatch.setattr(training, "dump", lambda java, archive, stop: dump(archive))
    archives.note_try(1)
    assert training.build(archives, lambda: False, Grace(1_000), train)
    assert archives.tries == 0
    assert archives.options()


def test_a_count_in_a_folder_that_was_removed_meanwhile_is_no_error(archives: Archives) -> None:
    archives.folder.rmdir()
    archives.note_try(-1)


def test_an_archive_that_others_could_have_written_is_not_trusted(archives: Archives) -> None:
    archives.build(dump, train)
    archives.top.chmod(0o666)
    assert archives.options() == ()


def test_only_the_newest_sets_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    for age in range(5):
        archives = Archives(folder, f"key{age}")
        archives.build(dump, train)
        os.utime(archives.top, (age, age))
    kept = sorted(path.name for path in folder.glob("*-spark.jsa"))
    assert kept == ["key2-spark.jsa", "key3-spark.jsa", "key4-spark.jsa"]
    assert len(list(folder.glob("*-jdk.jsa"))) == 3


def test_the_key_tells_environments_apart(java: Java, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = find_archives(java, tmp_path / "one", tmp_path)
    two = find_archives(java, tmp_path / "two", tmp_path)
    assert one.key != two.key
    assert one == find_archives(java, tmp_path / "one", tmp_path)
