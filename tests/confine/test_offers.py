"""What places give, as docs/operations.md tells operators: its table against the code that decides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.models.isolation import CONFINED_ISOLATIONS, FILES_ONLY
from sandbox.confine.offers import Facts, Level, ServerLevel, server_level, worker_level
from sandbox.contract.control import LEVELS

OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
HEADER = "| place | Landlock ABI | namespaces | workers | local servers | with `files-only` |"


def rows() -> list[list[str]]:
    table = OPERATIONS.partition(HEADER)[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def name(level: ServerLevel | None) -> str:
    return "refused" if level is None else level.value


@pytest.mark.parametrize(("place", "abi", "namespaces", "workers", "servers", "files_only"), rows())
def test_the_table_for_operators_says_what_the_code_does(
    place, abi, namespaces, workers, servers, files_only
):
    permitted = {"yes": True, "no": False}[namespaces]
    facts = Facts(int(abi), namespaces=permitted, network=permitted)
    assert worker_level(facts).value == workers
    assert name(server_level(facts)) == servers
    assert name(server_level(facts, files_only=True)) == files_only


def test_the_table_names_the_places_that_people_ask_for():
    places = " ".join(row[0] for row in rows())
    assert all(place in places for place in ("root", "ordinary user", "Docker", "Kubernetes"))
    assert all(place in places for place in ("Debian 12", "Ubuntu 22.04", "RHEL 9", "Amazon Linux 2023"))


@pytest.mark.parametrize("abi", range(8))
@pytest.mark.parametrize("network", [True, False])
@pytest.mark.parametrize("namespaces", [True, False])
def test_nothing_is_confined_less_than_it_could_be(abi, network, namespaces):
    facts = Facts(abi, namespaces=namespaces, network=network)
    default, accepted = server_level(facts), server_level(facts, files_only=True)
    assert default is not ServerLevel.FILES
    assert accepted == (default or (ServerLevel.FILES if abi else None))
    assert (worker_level(facts) is Level.NONE) == (abi == 0)


@pytest.mark.parametrize("lacking", ["seccomp", "supported_machine"])
def test_without_a_wall_around_it_nothing_starts(lacking):
    facts = Facts(7, namespaces=True, network=True, **{lacking: False})
    assert worker_level(facts) is Level.NONE
    assert server_level(facts, files_only=True) is None


def test_the_levels_are_those_that_are_told_and_required():
    assert tuple(level.value for level in Level) == LEVELS
    assert (*CONFINED_ISOLATIONS, Level.NONE.value) == LEVELS


def test_the_choice_is_spelt_as_it_is_taken():
    assert FILES_ONLY in re.findall(r"`--server-isolation\s+([a-z-]+)`", OPERATIONS)
