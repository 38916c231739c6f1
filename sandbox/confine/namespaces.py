"""The namespace jail: a process that sees no host file, process, network or interface but what it is given.

Untrusted side, standard library only. It is entered once by the zygote while it is single-threaded,
before it imports anything large. Landlock and seccomp hold without it; what it adds is that host paths
and process ids do not even exist, and that the end of its first process ends everything inside.

Whether a host permits it shows only in the attempt (kernel settings, containers and AppArmor each
refuse at another step), so a throw-away child makes the whole attempt first. There is no /proc inside,
except the one file of the zygote that tells how much memory a worker inherits.
"""

from __future__ import annotations

import os
import select
import signal
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from sandbox.confine.libc import PR_SET_PDEATHSIG, ConfinementError, must_call

_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_ALL_BUT_USER: Final = _NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWNET

_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 1 << 14, 1 << 18
_AT_FDCWD, _AT_RECURSIVE, _MOVE_EMPTY_PATH = -100, 0x8000, 4
_OPEN_TREE_CLONE, _DETACH = 1, 2
_ATTRIBUTE_READ_ONLY, _ATTRIBUTE_NOSUID = 1, 2

HOST_NAME: Final = "worker"  # of the machine, as the jail sees it
STATUS_FILE: Final = "/proc/self/status"
_DEVICES: Final = ("/dev/null", "/dev/urandom")
_MOUNT_POINT: Final = "/proc"  # the one folder that every host has, and that nothing inside needs


def permitted_flags(readable: Sequence[str]) -> tuple[int | None, str]:
    """Which namespaces this process may enter, None if not enough of them, and then why.

    Root needs no user namespace, and without one it can still give up its user id later; in a container
    without privileges root is tried with one, like any other user.
    """
    candidates = (
        (_ALL_BUT_USER, _ALL_BUT_USER | _NEWUSER) if os.geteuid() == 0 else (_ALL_BUT_USER | _NEWUSER,)
    )
    reason = ""
    for flags in candidates:
        reason = _attempt(flags, readable)
        if not reason:
            return flags, ""
    return None, reason


def enter_namespaces(flags: int, readable: Sequence[str]) -> None:
    """Enter the jail, for good. Returns in a new process, the first of the jail; the old one waits for it.

    Args:
        flags: from `permitted_flags`.
        readable: the absolute paths that exist inside, read-only.

    Raises:
        ConfinementError: a step failed.
    """
    _unshare(flags)
    reader, writer = os.pipe2(os.O_CLOEXEC)
    inner = os.fork()
    if inner:
        _wait_for(inner, writer)
    os.close(writer)
    must_call("parent-death signal", "prctl", PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if select.select([reader], [], [], 0)[0]:
        os._exit(1)  # the outer process has ended already; getppid() cannot tell across the namespace
    os.close(reader)
    _change_root(readable)


def _attempt(flags: int, readable: Sequence[str]) -> str:
    """Make the jail in a child that ends at once; return why it failed, or nothing."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        reason = "unexpected failure"
        try:
            _unshare(flags)
            _change_root(readable)
            reason = ""
        except (ConfinementError, OSError) as error:
            reason = str(error)
        finally:
            os.write(writer, reason.encode()[:4096])
            os._exit(1 if reason else 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        reason = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return reason or ("" if status == 0 else "the attempt was killed")


def _unshare(flags: int) -> None:
    user, group = os.geteuid(), os.getegid()
    must_call("namespaces", "unshare", flags)
    must_call("host name", "sethostname", HOST_NAME.encode(), len(HOST_NAME))
    if flags & _NEWUSER:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _wait_for(inner: int, lifeline: int) -> NoReturn:
    """In the outer process: hold nothing but the lifeline, and pass on how the jail ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.closerange(3, lifeline)
    os.closerange(lifeline + 1, 1 << 20)
    code = os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def _change_root(readable: Sequence[str]) -> None:
    """Replace the root by an empty one that holds only `readable`, the devices and the status file."""
    must_call("private mounts", "mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    sources = [*readable, *_DEVICES, STATUS_FILE]
    # Clones first: the new root may cover their old names.
    clones = [(path, _clone_mount(path), Path(path).is_dir()) for path in sources]
    options = b"size=256k,mode=0755"
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    must_call("new root", "mount", b"tmpfs", _MOUNT_POINT.encode(), b"tmpfs", flags, options)
    for path, clone, is_folder in clones:
        target = Path(_MOUNT_POINT + path)
        (target if is_folder else target.parent).mkdir(mode=0o755, parents=True, exist_ok=True)
        if not is_folder:
            target.touch()
        step = f"mount of {path}"
        must_call(step, "move_mount", clone, b"", _AT_FDCWD, str(target).encode(), _MOVE_EMPTY_PATH)
        os.close(clone)
        _make_read_only(str(target))
    os.chdir(_MOUNT_POINT)
    must_call("change of root", "pivot_root", b".", b".")
    must_call("release of the old root", "umount2", b".", _DETACH)
    os.chdir("/")
    _make_read_only("/")


def _clone_mount(path: str) -> int:
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return must_call(f"clone of {path}", "open_tree", _AT_FDCWD, path.encode(), flags)


def _make_read_only(path: str) -> None:
    attributes = struct.pack("<4Q", _ATTRIBUTE_READ_ONLY | _ATTRIBUTE_NOSUID, 0, 0, 0)
    must_call(
        f"read-only {path}",
        "mount_setattr",
        _AT_FDCWD,
        path.encode(),
        _AT_RECURSIVE,
        attributes,
        len(attributes),
    )
