"""What the command line prints, letter by letter: whoever changes it sees the change in a diff."""

import pytest

from tests.cli.snapshots import FOLDER, SNAPSHOTS


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_output_is_the_one_that_was_agreed_on(name):
    assert SNAPSHOTS[name]() == (FOLDER / name).read_text("utf-8"), "run: python -m tests.cli.snapshots"


def test_no_snapshot_is_left_over():
    assert {path.name for path in FOLDER.iterdir()} == set(SNAPSHOTS)
