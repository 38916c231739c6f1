"""What tests call is typed: their helpers, stand-ins and strategies; tests and fixtures may go without.
Each stands once, where its tests find it.

mypy checks the bodies of all functions of `tests` (pyproject.toml says what it leaves open); it has no word
for "all but tests and fixtures, which pytest calls", so that this test does the rest.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Metrics and attacks are data; a cache of compiled files has none of ours.
DATA = ("corpus/metrics/", "corpus/refused/", "corpus/snowpark/metrics/", "escape/specimens/")
# Decorators of what pytest and hypothesis call with arguments of their own.
CALLED_BY_OTHERS = ("fixture", "given", "rule", "invariant", "initialize")
# Lines of a fixture or helper that stands once; a shorter one may stand twice.
LONG = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef


def helpers(node: ast.AST, in_class: bool = False) -> Iterator[tuple[Function, bool]]:
    """The functions that tests call themselves, and whether each is a method; none that lies in another."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            if not child.name.startswith("test_") and not is_called_by_others(child):
                yield child, in_class
        else:
            yield from helpers(child, isinstance(child, ast.ClassDef))


def is_called_by_others(function: Function) -> bool:
    decorators = " ".join(ast.unparse(one) for one in function.decorator_list)
    return any(name in decorators for name in CALLED_BY_OTHERS)


def lacks_types(function: Function, is_method: bool) -> bool:
    given = function.args
    named = [*given.posonlyargs, *given.args][is_method and not is_static(function) :]
    others = [one for one in (given.vararg, given.kwarg) if one is not None]
    untyped = [one.arg for one in (*named, *given.kwonlyargs, *others) if one.annotation is None]
    return bool(untyped) or function.returns is None


def is_static(function: Function) -> bool:
    return any(ast.unparse(one) == "staticmethod" for one in function.decorator_list)


@pytest.mark.slow  # it reads all of the code
def test_helpers_are_typed():
    found = [
        f"{path.relative_to(TESTS)}:{function.lineno} {function.name}"
        for path in sorted(TESTS.rglob("*.py"))
        if not path.relative_to(TESTS).as_posix().startswith(DATA)
        for function, is_method in helpers(ast.parse(path.read_text("utf-8")))
        if lacks_types(function, is_method)
    ]
    assert not found, found


def test_an_untyped_helper_is_found():
    text = "def test_x(a): ...\ndef f(a): ...\n@pytest.fixture\ndef g(b): ...\ndef h(a: int) -> int: ...\n"
    text += "class C:\n    def m(self) -> None: ...\n    def n(self, *a): ...\n"
    found = [one.name for one, is_method in helpers(ast.parse(text)) if lacks_types(one, is_method)]
    assert found == ["f", "n"]


def bodies(text: str) -> Iterator[tuple[str, str]]:
    """What fixtures and helpers of a module do, by their names; without those of a line or two."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function) and not node.name.startswith("test_"):
            body = ast.Module(node.body[ast.get_docstring(node) is not None :], [])
            if len(ast.unparse(body).splitlines()) >= LONG:
                yield node.name, ast.dump(body)


def equals(texts: dict[str, str]) -> list[list[str]]:
    """Fixtures and helpers that do the same in the same words, by the names of their modules."""
    places: dict[str, list[str]] = {}
    for module, text in texts.items():
        for name, body in bodies(text):
            places.setdefault(body, []).append(f"{module} {name}")
    return [found for found in places.values() if len(found) > 1]


@pytest.mark.slow  # it reads all of the code
def test_fixtures_and_helpers_stand_once():
    texts = {
        path.relative_to(TESTS).as_posix(): path.read_text("utf-8") for path in sorted(TESTS.rglob("*.py"))
    }
    assert equals({name: text for name, text in texts.items() if not name.startswith(DATA)}) == []


def test_helpers_that_do_the_same_are_found():
    one = 'def f(x):\n    """One."""\n    a = 1\n    b = a\n    return b\n'
    method = "class C:\n    async def g(self):\n        a = 1\n        b = a\n        return b\n"
    assert equals({"a": one, "b": method, "c": one.replace("b = a", "b = 2")}) == [["a f", "b g"]]


@pytest.mark.slow  # it reads all of the code
def test_helpers_are_not_taken_out_of_modules_of_tests():
    """Who wants one finds it in a module of its own, and a module of tests can be changed by itself."""
    found = [
        f"{path.relative_to(TESTS)}: {node.module}"
        for path in sorted(TESTS.rglob("*.py"))
        if not path.relative_to(TESTS).as_posix().startswith(DATA)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and ".test_" in f".{node.module}"
    ]
    assert not found, found
