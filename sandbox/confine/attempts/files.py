"""Attempts at files, folders, and what is known of them."""

from __future__ import annotations

import os
import struct
import sysconfig
from pathlib import Path
from typing import Final

from sandbox.confine.attempts.base import Attempt, NothingFoundError, Scene, call, fatal, of_zygote, opening
from sandbox.confine.libc import raw_call
from sandbox.confine.namespaces import HOST_NAME

_AT_FDCWD: Final = -100
_HOST_FILE: Final = "/etc/passwd"
_LIBRARY: Final = Path(os.__file__)
_NEW: Final = Path(sysconfig.get_path("purelib"), "calcmetric-attempt")
_LOCK_EXCLUSIVE, _SET_LOCK = 2, 6


def _find_other_descriptors(scene: Scene) -> None:
    """Succeed if anything but stdio and the channel is open."""
    found = [number for number in range(3, 1024) if number != scene.channel and _is_open(number)]
    if not found:
        raise NothingFoundError("only the channel is open")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _open_with_structure(_: Scene) -> None:
    how = struct.pack("<3Q", os.O_RDONLY, 0, 0)
    raw_call("openat2", _AT_FDCWD, os.fsencode(_LIBRARY), how, len(how))


def _lock_library(_: Scene) -> None:
    """A lock on a file that every worker can read is a signal to them."""
    library = os.open(_LIBRARY, os.O_RDONLY)
    raw_call("flock", library, _LOCK_EXCLUSIVE)


def _lock_part_of_library(_: Scene) -> None:
    library = os.open(_LIBRARY, os.O_RDONLY)
    read_lock = struct.pack("<hh4xqqi4x", 0, 0, 0, 1, 0)
    raw_call("fcntl", library, _SET_LOCK, read_lock)


def _see_machine_name(_: Scene) -> None:
    if os.uname().nodename == HOST_NAME:
        raise NothingFoundError(f"it is called {HOST_NAME}")


FILES: Final = (
    Attempt("read a file of the host", opening(_HOST_FILE, os.O_RDONLY)),
    Attempt("read a device", opening("/dev/null", os.O_RDONLY)),
    Attempt("list the root folder", lambda _: list(Path("/").iterdir())),
    Attempt("see that a file of the host exists", lambda _: Path(_HOST_FILE).stat(), only_full=True),
    Attempt("see the machine's name", _see_machine_name, only_full=True),
    Attempt("open a file as a path only", opening(_HOST_FILE, os.O_PATH)),
    Attempt("open a library as a path only", opening(str(_LIBRARY), os.O_PATH)),
    Attempt("open with flags out of the filter's sight", _open_with_structure),
    Attempt("read the zygote's environment", opening(of_zygote("environ"), os.O_RDONLY)),
    Attempt("read the zygote's memory file", opening(of_zygote("mem"), os.O_RDONLY)),
    Attempt("see which program the zygote runs", lambda scene: Path(of_zygote("exe")(scene)).readlink()),
    Attempt("reach files through the zygote", opening(of_zygote("root/etc/passwd"), os.O_RDONLY)),
    Attempt("write its own memory file", opening("/proc/self/mem", os.O_RDWR)),
    Attempt("read its own memory file", opening("/proc/self/mem", os.O_RDONLY)),
    Attempt("read its own memory map", opening("/proc/self/maps", os.O_RDONLY)),
    Attempt("list its own descriptors", lambda _: list(Path("/proc/self/fd").iterdir())),
    Attempt("create a file in /tmp", opening("/tmp/calcmetric-attempt", os.O_CREAT | os.O_WRONLY)),  # noqa: S108
    Attempt("create a file in /dev/shm", opening("/dev/shm/calcmetric-attempt", os.O_CREAT | os.O_RDWR)),  # noqa: S108
    Attempt("create a file beside the libraries", opening(str(_NEW), os.O_CREAT | os.O_WRONLY)),
    Attempt("append to a library", opening(str(_LIBRARY), os.O_WRONLY | os.O_APPEND)),
    Attempt("empty a library", opening(str(_LIBRARY), os.O_RDONLY | os.O_TRUNC)),
    Attempt("create an unnamed file", opening("/", os.O_TMPFILE | os.O_RDWR)),
    Attempt("create a folder", lambda _: _NEW.mkdir()),
    Attempt("remove a library", lambda _: _LIBRARY.unlink()),
    Attempt("link to a file of the host", lambda _: _NEW.symlink_to(_HOST_FILE)),
    Attempt("rename a library", lambda _: _LIBRARY.rename(_NEW)),
    Attempt("change a library's permissions", lambda _: _LIBRARY.chmod(0o700)),
    Attempt("change a library's times", lambda _: os.utime(_LIBRARY)),
    Attempt("change the working folder", lambda _: os.chdir("/usr")),
    Attempt("lock a library", _lock_library),
    Attempt("lock a part of a library", _lock_part_of_library),
    Attempt("measure a file system", lambda _: os.statvfs(_LIBRARY)),
    Attempt("read extended attributes", call("getxattr", os.fsencode(_LIBRARY), b"user.x", bytes(8), 8)),
    Attempt("watch files", call("inotify_init1", 0)),
    Attempt("use a descriptor left open by the zygote", _find_other_descriptors),
    fatal("watch a file system", "fanotify_init", 0, 0),
    fatal("open a file by its handle", "open_by_handle_at", 0, 0, 0),
    fatal("ask for a file's handle", "name_to_handle_at", 0, b"/", 0, 0, 0),
    fatal("change quotas", "quotactl", 0, None, 0, None),
    fatal("log what processes do", "acct", None),
)
