"""What a backend is, its port says: nobody outside looks at the class or the name of one."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
from engine.backends.names import make_backend
from engine.errors import UsageError
from engine.models.backends import capabilities_of

ENGINE = Path(engine.__file__).parent
KINDS = "models/backends.py"
# Where backends are, and where they are put together.
AT_HOME = ("backends/", "api.py")
# The port, and what both query languages have of their own for what frames share.
PORT = {"Backend", "BackendSession", "StartsWhole"}
LANGUAGES = {"Sharing", "SqlSharing"}
# What a class of them offers, whatever it inherits from.
OFFERS = {"open_session", "refuse_settings"}


@functools.cache
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ENGINE).as_posix(): ast.parse(path.read_text()) for path in ENGINE.rglob("*.py")}


def classes() -> Iterator[ast.ClassDef]:
    for name, tree in trees().items():
        if name.startswith(("backends/", "runs/admitted")):
            yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


@functools.cache
def of_the_port() -> frozenset[str]:
    """The names of all classes of backends and sessions."""
    found = PORT | {
        one.name
        for one in classes()
        if OFFERS & {part.name for part in one.body if isinstance(part, ast.FunctionDef)}
    }
    while (
        more := {one.name for one in classes() if found & {ast.unparse(base) for base in one.bases}} - found
    ):
        found |= more
    return frozenset(found)


def asked_classes(tree: ast.Module) -> Iterator[str]:
    """The classes that code asks objects for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            yield from (part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name))


def test_the_classes_of_backends_and_sessions_are_found():
    known = {"NativeSpark", "Unowned", "CallerSession", "LocalDuckDb", "Snowflake", "LocalSpark"}
    known |= {"DirectSqlSession", "ConnectSession", "NativeSession", "AdmittedSqlSession"}
    assert known <= of_the_port()
    assert list(asked_classes(ast.parse("isinstance(a, B) or isinstance(c, (D, E))"))) == ["B", "D", "E"]


def test_nobody_asks_of_which_class_a_backend_or_a_session_is():
    wrong = {
        (name, asked)
        for name, tree in trees().items()
        if not name.startswith(AT_HOME)
        for asked in asked_classes(tree)
        if asked in of_the_port() | LANGUAGES
    }
    assert not wrong


def test_only_one_module_tells_backends_apart_by_their_names():
    wrong = {
        (name, node.value)
        for name, tree in trees().items()
        if name != KINDS
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in ("sc://", "snowflake://")
    }
    assert not wrong


@pytest.mark.parametrize("name", ["spark", "sc://host", "duckdb", "snowflake://NAME"])
def test_a_backend_is_what_its_name_says(name: str, tmp_path: Path):
    backend = make_backend(name, roots=(), spool=tmp_path)
    assert backend.capabilities == capabilities_of(name)
    assert bool(backend.address) == backend.capabilities.remote
    backend.close()


def test_what_there_is_of_backends_is_told_for_a_name_of_none():
    with pytest.raises(UsageError, match="'duckdb' and 'snowflake://CONNECTION'"):
        capabilities_of("spork")
