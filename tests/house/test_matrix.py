"""The command that runs the tests elsewhere: which environments it knows."""

import tomllib

import pytest

from tests import matrix

PROJECT = tomllib.loads((matrix.ROOT / "pyproject.toml").read_text())["project"]


def test_it_knows_every_supported_python_and_the_oldest_dependencies():
    assert f">={matrix.PYTHONS[0]}" == PROJECT["requires-python"]
    assert [*matrix.CELLS] == [*matrix.PYTHONS, "oldest"]
    assert matrix.CELLS["oldest"].python == matrix.PYTHONS[0]


@pytest.mark.parametrize("part", [("tests", 1), ("tests", 0)])
def test_it_fails_if_a_cell_fails(part, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(matrix, "run_cell", lambda cell, pytest: asked.append((cell.name, pytest)) or [part])
    assert matrix.main(["3.13", "oldest", "--", "-n", "0"]) == part[1]
    assert asked == [("3.13", ["-n", "0"]), ("oldest", ["-n", "0"])]
    assert capsys.readouterr().out.count("FAILED") == 2 * part[1]


def test_a_cell_that_there_is_not_is_refused(capsys):
    assert matrix.main(["2.7"]) == 2 and "3.13" in capsys.readouterr().err
