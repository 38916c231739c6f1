"""How much memory there is for this program: the machine's, or what its container may have. Looks at both."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_MINE: Final = Path("/proc/self/cgroup")


def there_is(mine: Path = _MINE, groups: Path = _GROUPS) -> int:
    """Bytes of memory that this program can have at most.

    Args:
        mine: the file that names the control group of this program.
        groups: where the groups are (version 2).
    """
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min((machine, *_limits(mine, groups)))


def _limits(mine: Path, groups: Path) -> list[int]:
    """The limits of the program's group, and of those around it."""
    try:
        lines = mine.read_text().splitlines()
    except OSError:
        return []
    found = list[int]()
    for name in (line.removeprefix("0::/") for line in lines if line.startswith("0::/")):
        folder = groups / name
        around = (folder, *folder.parents)
        found += [_limit_of(group) for group in around if group.is_relative_to(groups)]
    return [one for one in found if one]


def _limit_of(group: Path) -> int:
    """The limit of one group; 0 if it has none."""
    try:
        return int((group / "memory.max").read_text())
    except (OSError, ValueError):  # there is no such file, or it says "max"
        return 0
