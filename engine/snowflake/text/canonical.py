"""Queries in one form whatever names Snowpark made up, to compare those of several frames. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.snowflake.text.emit import Writer

if TYPE_CHECKING:
    from sqlglot import exp

# Joins put such a prefix before columns that both sides have; other objects get random letters.
_MADE: Final = re.compile(r"[lr]_[0-9a-z]{4,}_(?=.)|SNOWPARK_TEMP_[A-Z_]+_[0-9A-Z]{10}|SNOWPARK_TEMP_\w+")


def canonical(tree: exp.Expr) -> tuple[bytes, tuple[str, ...]]:
    """The form that is compared, and the names in it that Snowpark made up, by first appearance."""
    made: dict[str, str] = {}

    def rename(name: str) -> str:
        # "@" and the number are no name that a query can hold by itself in this place: "@" is doubled.
        parts, place = [], 0
        for match in _MADE.finditer(name):
            parts += [name[place : match.start()].replace("@", "@@")]
            parts += [made.setdefault(match[0], f"@{len(made)}_")]
            place = match.end()
        return "".join((*parts, name[place:].replace("@", "@@")))

    text = Writer(rename=rename).write(tree)
    return text.encode(), tuple(made)
