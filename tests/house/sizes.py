"""`python -m tests.house.sizes [CHECKOUT]`: how large the house is, and what in it is largest."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.documents import ROOT

# What says what there is, line by line, and does nothing: tables, settings, bodies of requests, migrations.
DECLARED = ("sandbox/language/tables/", "engine/service/store/migrations/versions/")


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """How large something is."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """What was measured, from the largest on: lines of modules, classes and functions, attributes of classes.

    Lines of a class are those of its code: the documentation of a public one may be as long as it likes. An
    attribute is what a method sets on `self`; fields that a class declares are its record, not its state.
    """

    modules: list[Size]
    classes: list[Size]
    functions: list[Size]
    attributes: list[Size]


def measure(root: Path) -> Sizes:
    """Measure `engine` and `sandbox` of a checkout."""
    paths = [path for folder in ("engine", "sandbox") for path in sorted((root / folder).rglob("*.py"))]
    modules, classes, functions, attributes = [], [], [], []
    for path in paths:
        name, text = path.relative_to(root).as_posix(), path.read_text()
        modules.append(Size(text.count("\n"), name))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append(Size(lines_of(node), f"{name}: {node.name}"))
            elif isinstance(node, ast.ClassDef):
                classes.append(Size(code_of(node, text), f"{name}: {node.name}"))
                attributes.append(Size(len(set(set_on_self(node))), f"{name}: {node.name}"))
    return Sizes(*(sorted(one, reverse=True) for one in (modules, classes, functions, attributes)))


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body, without its docstring, which is the manual's business."""
    told = ast.get_docstring(function, clean=False) is not None
    body = function.body[1:] if told else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def code_of(node: ast.ClassDef, text: str) -> int:
    """The lines of a class in the text of its module, without docstrings, comments and what is empty."""
    told = set[int]()
    for one in ast.walk(node):
        if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(one):
            told.update(range(one.body[0].lineno, (one.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines()[node.lineno - 1 : node.end_lineno], node.lineno)
    return sum(number not in told and line.strip()[:1] not in ("", "#") for number, line in lines)


def set_on_self(node: ast.ClassDef) -> Iterator[str]:
    """The attributes that a class's methods set on `self`."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
            owner = one.value
            yield from [one.attr] if isinstance(owner, ast.Name) and owner.id == "self" else ()


def main(arguments: list[str]) -> None:
    """Print it."""
    sizes = measure(Path(arguments[0]) if arguments else ROOT)
    print(f"{len(sizes.modules):>6} files")
    print(f"{sum(one.number for one in sizes.modules):>6} lines")
    for title, largest in (
        ("longest modules", sizes.modules),
        ("longest classes", sizes.classes),
        ("longest functions", sizes.functions),
        ("most attributes", sizes.attributes),
    ):
        print(title)
        for one in largest[:3]:
            print(f"{one.number:>6} {one.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
