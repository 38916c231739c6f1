"""The headers of the specimens, and the rules that hold for all of them. Nothing is run here."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.escape.specimen import CLASSES, FOLDER, GOALS, GUARDED_TWICE, LAYERS, Specimen, load, load_all
from tests.escape.table import write_table

SPECIMENS = load_all()
KINDS = dict.fromkeys(CLASSES, 30)


def test_there_are_enough_of_each_class():
    counts = Counter(specimen.kind for specimen in SPECIMENS)
    assert sum(counts.values()) >= 300
    assert {kind: counts[kind] for kind in KINDS if counts[kind] < KINDS[kind]} == {}


def test_no_file_is_overlooked():
    assert {path.parent.name for path in FOLDER.rglob("*.py")} == set(CLASSES)
    assert len(list(FOLDER.rglob("*.py"))) == len(SPECIMENS)


def test_every_goal_is_sought():
    assert {specimen.goal for specimen in SPECIMENS} == set(GOALS)


def test_no_two_specimens_are_the_same():
    codes = Counter(specimen.source.partition("\n\n")[2] for specimen in SPECIMENS)
    assert [code for code, count in codes.items() if count > 1] == []
    assert "" not in codes


def test_rules():
    for specimen in SPECIMENS:
        check(specimen)


def check(specimen: Specimen) -> None:
    assert specimen.attempt
    layers = specimen.stopped_by & set(LAYERS)
    if specimen.known_hole or specimen.stopped_always:
        assert not layers and not specimen.one_layer_because
    elif len(layers) == 1:
        assert specimen.one_layer_because, f"say why one layer has to do, or find another: {specimen.name}"
    else:
        assert len(layers) > 1 and not specimen.one_layer_because
    assert not layers & specimen.not_under, f"what is claimed must be seen: {specimen.name}"
    assert "def calc_metric(" in specimen.source or "class calc_metric" in specimen.source


@pytest.mark.parametrize("goal", sorted(GUARDED_TWICE))
def test_what_must_be_guarded_twice_is(goal):
    """But for what only the gateway can tell: another tenant's data within the roots, named in SQL."""
    once = [
        one for one in SPECIMENS if one.goal == goal and len(one.stopped_by) == 1 and not one.stopped_always
    ]
    assert {one.name for one in once if goal != "tenant"} == set()
    assert all(one.stopped_by == {"gateway"} and one.kind == "spark" for one in once)


HEADER = "# attempt: a\n# goal: file\n# stopped by: language, worker\n"
BROKEN = {
    "no goal": "# attempt: a\n# stopped by: language\n",
    "unknown goal": HEADER.replace("file", "fame"),
    "unknown layer": HEADER.replace("worker", "luck"),
    "key twice": HEADER + "# goal: file\n",
    "empty": HEADER.replace(": a", ": "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_header_is_an_error(name, tmp_path):
    path = tmp_path / "language" / "x.py"
    path.parent.mkdir()
    path.write_text(BROKEN[name] + "\ndef calc_metric(df): ...\n")
    with pytest.raises(ValueError, match="language/x"):
        load(path)


def test_a_header_may_go_on_in_the_next_line(tmp_path):
    path = tmp_path / "x.py"
    path.write_text(
        HEADER.replace("a\n", "a\n#   b\n") + "\ndef calc_metric(df):\n    return CANARY_A, CANARY_B\n"
    )
    specimen = load(path)
    assert (specimen.attempt, specimen.placeholders) == ("a b", frozenset({"CANARY_A", "CANARY_B"}))
    assert specimen.fill({"CANARY_A": "x'", "CANARY_B": 1}).endswith('return "x\'", 1\n')


def test_the_table_counts_what_headers_claim():
    made = [
        Specimen("language/a", "", "", "file", frozenset({"language", "worker"})),
        Specimen("language/b", "", "", "time", frozenset({"engine"})),
        Specimen("spark/c", "", "", "tenant", frozenset({"gateway"}), "sql"),
    ]
    lines = write_table(made).splitlines()
    assert lines[2:] == [
        "| language escapes | 2 | 1 | 1 | 0 | 1 | 0 | 2 | 2 |",
        "| PySpark plans | 1 | 0 | 0 | 1 | 0 | 0 | 0 | 1 |",
        "| all | 3 | 1 | 1 | 1 | 1 | 0 | 2 | 3 |",
    ]


def test_the_command_prints_the_table():
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.escape"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == write_table(SPECIMENS) + "\n"


def test_the_pages_tell_the_table_and_the_number_of_attempts():
    root = Path(__file__).parents[2]
    assert write_table(SPECIMENS) in (root / "docs/security.md").read_text()
    assert f"{len(SPECIMENS)} attempts to break out" in (root / "README.md").read_text()
