"""Untrusted side. Which names of a source stand for which library module, found before any rewriting.

A name that is bound by imports of one module and by nothing else, in the whole source, stands for that
module everywhere. What is read from it can then be checked when the source is compiled, with its line,
and needs no guard while it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.language.imports import MODULES, find_child, is_importable, is_opened, real_name, star_names
from sandbox.language.private_names import is_private


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known of a source's names.

    Attributes:
        bound: every name that the source binds anywhere.
        modules: names that always stand for one module, with its real name.
        private: names with one leading underscore that it gives to attributes of its own objects.
    """

    bound: frozenset[str]
    modules: dict[str, str]
    private: frozenset[str] = frozenset()

    def resolve(self, node: ast.expr) -> str | None:
        """The real name of the module that an expression such as `np.linalg` always is, if so."""
        if isinstance(node, ast.Name):
            return self.modules.get(node.id)
        if isinstance(node, ast.Attribute):
            parent = self.resolve(node.value)
            return find_child(parent, node.attr) if parent else None
        return None


def find_scope(tree: ast.Module, extra: tuple[str, ...]) -> Scope:
    """Read all bindings of a source."""
    imported: dict[str, set[str | None]] = {}
    other: set[str] = set()
    private = frozenset(_private_attributes(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, module in _imported_names(node, extra):
                imported.setdefault(name, set()).add(module)
        else:
            other.update(_bound_names(node))
    if any(
        isinstance(node, ast.ImportFrom) and is_opened(node.module or "", extra) and _has_star(node)
        for node in ast.walk(tree)
    ):
        return Scope(frozenset(other | imported.keys()), {}, private)  # it may bind any name
    modules = {
        name: module
        for name, targets in imported.items()
        if len(targets) == 1 and name not in other and (module := next(iter(targets))) in MODULES
    }
    known = {name: module for name, module in modules.items() if module is not None}
    return Scope(frozenset(other | imported.keys()), known, private)


def _private_attributes(tree: ast.Module) -> Iterator[str]:
    """The private names that a source assigns as attributes, or binds in the body of a class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and is_private(node.attr):
            yield node.attr
        elif isinstance(node, ast.ClassDef):
            names = (name for part in node.body for inner in ast.walk(part) for name in _bound_names(inner))
            yield from filter(is_private, names)


def _imported_names(
    node: ast.Import | ast.ImportFrom, extra: tuple[str, ...]
) -> Iterator[tuple[str, str | None]]:
    """Names that an import binds, with the module that they stand for, None for anything else."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            root = alias.name.partition(".")[0]
            yield alias.asname or root, real_name(alias.name if alias.asname else root)
        elif alias.name == "*":
            yield from ((name, None) for name in star_names(node.module or "", ()))
        else:
            module = node.module or ""
            child = find_child(real_name(module), alias.name)
            if child is None and is_importable(f"{module}.{alias.name}", extra):
                child = real_name(f"{module}.{alias.name}")
            yield alias.asname or alias.name, child


def _has_star(node: ast.ImportFrom) -> bool:
    return any(alias.name == "*" for alias in node.names)


def _bound_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
