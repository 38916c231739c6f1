"""Class archives appear whole or not at all, and never stand in the way of a start."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from engine.backends.archive import Archives, find_archives
from engine.backends.java import Java


@pytest.fixture
def java(tmp_path: Path) -> Java:
    """A `java` that writes the file that it is told to."""
    program = tmp_path / "java"
    program.write_text('#!/bin/sh\nfor a; do case $a in *File=*) echo jdk > "${a#*File=}";; esac; done\n')
    program.chmod(0o755)
    return Java(program, tmp_path, "1")


@pytest.fixture
def archives(tmp_path: Path) -> Archives:
    return Archives(tmp_path / "cache", "key")


def train(trained: Path, options: tuple[str, ...]) -> None:
    assert options[0].startswith("-XX:SharedArchiveFile=")
    trained.write_text("spark")


def test_nothing_is_used_before_both_are_there(java: Java, archives: Archives) -> None:
    assert archives.options() == ()
    archives.build(java, train)
    assert archives.options() == (f"-XX:SharedArchiveFile={archives.base}:{archives.top}",)
    archives.discard()
    archives.discard()
    assert archives.options() == ()


def test_a_failed_training_leaves_no_half_archive(java: Java, archives: Archives) -> None:
    def fail(trained: Path, options: tuple[str, ...]) -> None:
        (trained.parent / "rubbish").write_text("x")
        raise subprocess.SubprocessError("no")

    with pytest.raises(subprocess.SubprocessError):
        archives.build(java, fail)
    assert archives.options() == ()
    assert sorted(path.name for path in archives.folder.iterdir()) == ["key-jdk.jsa", "lock"]


def test_one_process_builds_at_a_time(java: Java, archives: Archives) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(trained: Path, options: tuple[str, ...]) -> None:
        inside.set()
        assert go_on.wait(30)
        train(trained, options)

    def never(trained: Path, options: tuple[str, ...]) -> None:
        raise AssertionError("two at once")

    builder = threading.Thread(target=archives.build, args=(java, slow))
    builder.start()
    assert inside.wait(30)
    archives.build(java, never)
    go_on.set()
    builder.join()
    archives.build(java, never)  # nothing is missing any more
    assert archives.options()


def test_an_archive_that_others_could_have_written_is_not_trusted(java: Java, archives: Archives) -> None:
    archives.build(java, train)
    archives.top.chmod(0o666)
    assert archives.options() == ()


def test_only_the_newest_sets_are_kept(java: Java, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    for age in range(5):
        archives = Archives(folder, f"key{age}")
        archives.build(java, train)
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
