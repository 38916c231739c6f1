"""Untrusted side. What a source names, functions of PySpark and columns: what it needs can be told early."""

from __future__ import annotations

import ast
import re
from typing import Final

from sandbox.contract.signature import MOST_FUNCTIONS, MOST_WORDS, NAME_CHARS

_MODULES: Final = ("pyspark.sql.functions", "pyspark.sql.connect.functions")


def named_functions(tree: ast.Module) -> tuple[str, ...]:
    """The names of functions of `pyspark.sql.functions`, sorted; the first of very many."""
    aliases, found = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {one.asname for one in node.names if one.name in _MODULES and one.asname}
        elif isinstance(node, ast.ImportFrom):
            inside = node.module in _MODULES
            for one in node.names:
                if inside:
                    found.add(one.name)
                elif f"{node.module}.{one.name}" in _MODULES:
                    aliases.add(one.asname or one.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            found.add(node.attr)
    fit = sorted(name for name in found if name.isidentifier() and len(name) <= NAME_CHARS)
    return tuple(fit[:MOST_FUNCTIONS])


def named_words(tree: ast.Module) -> tuple[str, ...]:
    """What may name a column: names of attributes, texts, and words in texts; the first of very many, sorted.

    Texts that stand by themselves are for readers.
    """
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in comments:
            found.add(node.value)
            found.update(re.findall(r"\w+", node.value))
    fit = sorted(word for word in found if word and len(word) <= NAME_CHARS)
    return tuple(fit[:MOST_WORDS])
