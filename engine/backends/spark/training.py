"""When class archives are built: never while anybody waits, and at a priority at which all others go first.

A command begins it once its work is done (`begin`), in a process of its own that outlives the command and
takes what the machine has left over. It holds the lock of the cache folder, so that there is one at a time,
says nothing to anybody, and ends at a bound, when it is told to, and when its folder is gone; whatever kills
it, the supervisor of what it started then cleans up. A program that embeds the engine does it itself, while
no run needs the server (`ArchiveBuilder`). CALCMETRIC_TRAINING=off does without either.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.backends.local.process import Permissions, make_folder, start_process
from engine.backends.local.supervisor import give_way
from engine.backends.spark.archive import Archives, find_archives
from engine.backends.spark.java import Java, find_jars, find_java
from engine.effort import Grace, look_at, tree
from engine.errors import BackendStartError, CalcmetricError
from engine.packages import PACKAGES

SETTING: Final = "CALCMETRIC_TRAINING"
# On a machine with time for it; a machine without is given as many times as long, and then left in peace.
TRAINING_SECONDS: Final = 300.0
TRAINING_TIMES: Final = 6.0
_KEPT: Final = ("PATH", "JAVA_HOME", "HOME", "TMPDIR", "PYTHONUSERBASE")  # what finds the same Java again
_LOCK: Final = 3
_FILES_ONLY: Final = ("files-only",)
_POLL_SECONDS: Final = 0.2

logger = logging.getLogger(__name__)


def is_allowed() -> bool:
    """Whether the operator lets archives be built."""
    return os.environ.get(SETTING, "").strip().lower() not in ("off", "no", "0", "false")


def begin(cache_dir: Path | None, *, files_only: bool = False) -> bool:
    """Begin to build in the background what is missing, if that is of use; return at once. Never raises.

    Args:
        cache_dir: as for `find_archives`.
        files_only: see `Permissions`.

    Returns:
        Whether it begins for the first time.
    """
    try:
        archives = find_archives(find_java(), find_jars(), cache_dir)
        if not is_allowed() or archives.options():
            return False
        with archives.claim() as lock:
            if lock is None or not archives.may_train():
                return False
            first = not archives.tries
            archives.note_try(1)
            _spawn(archives.folder, lock, files_only=files_only)
    except (CalcmetricError, OSError) as error:
        logger.debug("class archives cannot be built: %s", error)
        return False
    return first


def make_grace() -> Grace:
    """How long a training may take, with all that this process starts for it."""
    return Grace(TRAINING_SECONDS, lambda: look_at(tree(os.getpid())), times=TRAINING_TIMES)


def dump(java: Java, archive: Path, stop: Callable[[], bool]) -> None:
    """Let Java write the archive of its own classes, confined as a server is.

    Args:
        java: the Java runtime whose classes they are.
        archive: where; the folder is the caller's, and may be deleted with it.
        stop: asked all the time; True ends it.

    Raises:
        BackendStartError: Java ended with an error; `detail` has the end of its log.
    """
    folder = make_folder("java", archive.parent)
    written = folder / archive.name
    process = start_process(
        folder,
        [
            str(java.program),
            "-Xshare:dump",
            "-XX:+UseParallelGC",
            "-XX:-UsePerfData",
            f"-XX:SharedArchiveFile={written}",
        ],
        {"HOME": str(folder), "LANG": "C.UTF-8"},
        # It loads nothing but Java's own classes; a network of its own would need a port to forward.
        Permissions(read=(java.home,), bind_ports=(), files_only=True),
        confined=True,
        orphans=(archive.parent,),
        low_priority=True,
    )
    try:
        while process.is_alive(_POLL_SECONDS) and not stop():
            continue
        if process.exit_status != 0:
            error = BackendStartError("the archive of Java's classes could not be written")
            error.detail = process.log_tail()
            raise error
        written.replace(archive)
    finally:
        process.end()


def build(
    archives: Archives,
    stop: Callable[[], bool],
    grace: Grace,
    train: Callable[[Path, tuple[str, ...]], None],
) -> bool:
    """Build what is missing, and keep count of it. Whoever calls it holds the claim, and has counted it.

    Args:
        archives: the class archives, some of which are missing.
        stop: asked all the time; True ends it, and it then does not count.
        grace: how long it may take; one that takes longer counts, unless others left it no processor.
        train: see `Archives.build`.

    Returns:
        Whether it is there.
    """
    try:
        java = find_java()
        archives.build(lambda archive: dump(java, archive, lambda: stop() or not grace.left()), train)
    except (CalcmetricError, OSError) as error:
        logger.debug("building class archives failed: %s %s", error, getattr(error, "detail", ""))
        if stop() or grace.starved:
            with contextlib.suppress(OSError):
                archives.note_try(-1)
        return False
    return True


def _spawn(folder: Path, lock: int, *, files_only: bool) -> None:
    """Start this module as a program, in a session of its own, with the lock and nothing else of ours."""
    null = os.devnull
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    os.posix_spawn(
        sys.executable,
        [
            sys.executable,
            "-P",
            "-m",
            "engine.backends.spark.training",
            str(folder),
            *_FILES_ONLY * files_only,
        ],
        {**environment, "PYTHONPATH": str(PACKAGES), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, lock, _LOCK),
            (os.POSIX_SPAWN_OPEN, 0, null, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, null, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, null, os.O_WRONLY, 0),
        ],
        setsid=True,
    )


def main() -> None:
    """Build the archives of the folder that is named, whose lock was handed over."""
    give_way()
    os.chdir("/")
    os.set_inheritable(_LOCK, False)  # it is this process's alone: when that dies somebody else may begin
    os.closerange(_LOCK + 1, os.sysconf("SC_OPEN_MAX"))
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: told.set())
    # After giving way, as these import for seconds.
    from engine.backends.spark.building import ArchiveBuilder
    from engine.backends.spark.launch import Launcher

    folder, grace = Path(sys.argv[1]), make_grace()
    archives = find_archives(find_java(), find_jars(), folder)

    def stop() -> bool:
        return told.is_set() or not folder.exists()

    files_only = tuple(sys.argv[2:]) == _FILES_ONLY
    ArchiveBuilder(Launcher(files_only=files_only), folder).build(archives, stop, grace)


if __name__ == "__main__":
    main()
