"""What README and the manual say of the code, against the code: commands, statuses, limits, files, links."""

import dataclasses
import re
from pathlib import Path

import pytest

from docs.tools import errors
from engine.cli import exits
from engine.models.result import STATUSES
from sandbox.contract.limits import Limits
from tests.documents import PAGES, README, ROOT, blocks

MANUAL = "\n".join(page.read_text() for page in PAGES)
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
MOST_LINES = 200
# Each a heading of the page on architecture; what a newcomer may want to add.
CHANGES = (
    "Spark function",
    "kind of relation of Spark",
    "Snowflake function",
    "limit",
    "status",
    "option of a command",
    "page, or something on one",
    "HTTP field",
    "parameter of an HTTP query",
    "error code",
    "kind of rule on results",
    "backend",
    "query language",
    "file format",
    "table format",
    "module that metrics may import",
    "segment kind",
    "object store",
    "form of saved results",
    "command",
    "number for operators",
    "message between engine and worker",
    "step of the confinement",
)


def test_ci_runs_the_readmes_first_commands():
    asked_for = re.findall(r"""\(readme_command (?:'(.*)'|"(.*)")\)""", (ROOT / ".ci/run").read_text())
    first, tests = ("".join(one) for one in asked_for)
    lines = [line for block in blocks(README) if block.language == "bash" for line in block.text.splitlines()]
    [command] = [line for line in lines if first in line]
    assert command == lines[0]
    [command] = [line for line in lines if tests in line]
    assert command.endswith("-m pytest")


def test_the_readme_is_a_face_and_not_the_manual():
    assert len(README.read_text().splitlines()) <= MOST_LINES


def test_every_limit_and_status_is_documented():
    for name in [*STATUSES, *(field.name for field in dataclasses.fields(Limits))]:
        assert f"`{name}`" in MANUAL, name


def test_the_exit_codes_that_are_documented_are_those_that_there_are():
    [sentence] = re.findall(r"^Exit status: (.*?)\.$", MANUAL, re.DOTALL | re.MULTILINE)
    documented = [int(part.split()[0]) for part in sentence.split("; ")]
    assert documented == [value for name, value in vars(exits).items() if name.isupper()]


def test_the_error_catalogue_is_current():
    assert errors.PAGE.read_text() == errors.catalogue(), "run: python -m docs.tools.errors"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_what_there_is(page: Path):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target, part in LINK.findall(text):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        if part:
            assert part in anchors(there), (target, part)


def anchors(page: Path) -> set[str]:
    """The parts of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_files_that_the_architecture_names_exist():
    named = set(re.findall(r"`((?:engine|sandbox|tests|docs)/[\w./]*)`", ARCHITECTURE))
    assert len(named) > 50
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("what", CHANGES)
def test_the_architecture_says_where_to_change_what(what):
    [section] = re.findall(rf"^### A new {what}\n(.*?)(?=^##)", ARCHITECTURE, re.DOTALL | re.MULTILINE)
    assert re.findall(r"`((?:engine|sandbox)/[\w./]+\.py)`", section)
