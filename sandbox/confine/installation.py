"""Which paths a Python process needs to read after it has started: its installation and nothing else.

Untrusted side, standard library only. Listed narrowly (library folders, not prefixes), because a system
Python's prefix is /usr. Of other folders that Python searches, only those count that packages were
installed into. A checkout, the folder of the started program and the working directory do not, even where
Python imports from them: they may hold the very data that is to be hidden, or a version control's password.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Final

import sandbox

# What libraries read beside the installation, with the reason; those that are missing are left out.
_SYSTEM: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",  # shared libraries that load late
    "/etc/ld.so.cache",  # where those are
    "/usr/share/zoneinfo", "/etc/localtime",  # time zones
)  # fmt: skip


def installation_paths() -> tuple[str, ...]:
    """Absolute, existing paths, none inside another; symbolic links appear by both names."""
    entries = sys.path if sys.flags.safe_path else sys.path[1:]
    named = [
        *_SYSTEM,
        *(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(PurePath(sys.prefix, "lib")),
        str(PurePath(sys.base_prefix, "lib")),
        *(entry for entry in entries if entry.startswith("/") and _was_installed_into(entry)),
        *sandbox.__path__,
    ]
    existing = [path for path in named if Path(path).exists()]
    return outermost([*existing, *map(os.path.realpath, existing)])


def _was_installed_into(folder: str) -> bool:
    """Whether it is a folder of installed packages (or an archive of Python's own), and no checkout."""
    return Path(folder).is_file() or next(Path(folder).glob("*.dist-info"), None) is not None


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that lie in no other of them, sorted."""
    kept: list[str] = []
    for path in sorted(set(map(os.path.normpath, paths)), key=PurePath):
        if not any(PurePath(path).is_relative_to(other) for other in kept):
            kept.append(path)
    return tuple(kept)
