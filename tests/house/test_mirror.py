"""Tests are where the name of what they judge says: `tests` has the folders of `engine` and `sandbox`."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
TESTS: Final = ROOT / "tests"
# Folders whose own folders have theirs in `tests` as well.
DEEP: Final = ("engine/backends", "engine/queries", "engine/snowflake", "engine/spark")
# Folders whose tests are elsewhere, and why.
ELSEWHERE: Final = {
    "engine/backends/native": (
        "spark/native",
        "a session that answers natively is judged on the hostile tables, and beside the stand-ins, of the "
        "answers themselves",
    ),
}
# Folders of tests that are named after no folder, and what they judge.
TOPICS: Final = {
    "baselines": "metrics of two frames, through all folders",
    "cluster": "a real cluster of Spark",
    "corpus": "metrics as authors write them, on every backend",
    "engine": "the library as a whole, and the modules that lie beside its folders",
    "escape": "attempts to get through the wall",
    "fuzz": "readers of hostile bytes",
    "hostile": "the gateway, as if the worker were hostile",
    "house": "the code itself",
    "stores": "data and results in object stores: reading, appending, the service",
    "verbatim": "what authors type: in the sandbox as outside",
}


def folders_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if (path / "__init__.py").is_file())


def judged() -> Iterator[str]:
    """The folders whose tests are looked for."""
    for side in ("engine", "sandbox"):
        for folder in folders_in(ROOT / side):
            name = folder.relative_to(ROOT).as_posix()
            yield name
            if name in DEEP:
                yield from (f"{name}/{inner.name}" for inner in folders_in(folder))


def place_of(folder: str) -> str:
    """Where in `tests` the tests of a folder are."""
    return ELSEWHERE[folder][0] if folder in ELSEWHERE else folder.partition("/")[2]


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
    nodes = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)
    ]
    return frozenset(f"{node.module}.{alias.name}" for node in nodes for alias in node.names)


@pytest.mark.parametrize("folder", [*judged()])
def test_the_tests_of_a_folder_are_in_the_folder_of_its_name(folder: str) -> None:
    module = folder.replace("/", ".") + "."
    judges = [
        path
        for path in (TESTS / place_of(folder)).rglob("*.py")
        if any(name.startswith(module) for name in imports_of(path))
    ]
    assert judges, f"no test in tests/{place_of(folder)} imports {module[:-1]}"


@pytest.mark.parametrize("folder", [*ELSEWHERE])
def test_an_exception_is_still_needed(folder: str) -> None:
    assert folder in judged() and not (TESTS / folder.partition("/")[2]).exists()


def test_other_folders_of_tests_have_a_topic() -> None:
    mirrors = {place_of(folder).partition("/")[0] for folder in judged()}
    found = {folder.name for folder in folders_in(TESTS)}
    assert found - mirrors == TOPICS.keys()
