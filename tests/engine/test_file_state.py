"""What counts as a change of a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.file_state import look_at_file, state_of


def link(path: Path) -> None:
    path.with_name("linked").hardlink_to(path)


def replace(path: Path) -> None:
    before, other = path.stat(), path.with_name("other")
    other.write_text(path.read_text())
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize(
    ("change", "same_content"),
    [
        (link, True),
        (lambda path: path.chmod(0o400), True),
        (lambda path: path.write_text("longer"), False),
        (os.utime, False),
        (replace, False),
    ],
)
def test_a_link_and_permissions_change_a_file_but_not_its_content(
    tmp_path: Path, change: Callable[[Path], object], same_content: bool
) -> None:
    path = tmp_path / "a"
    path.write_text("text")
    before = look_at_file(path)
    change(path)
    after = state_of(path)
    assert after is not None and after != before and after.has_content_of(before) == same_content


def test_what_is_not_there_has_no_state(tmp_path: Path) -> None:
    assert state_of(tmp_path / "a") is None
    with pytest.raises(FileNotFoundError):
        look_at_file(tmp_path / "a")
