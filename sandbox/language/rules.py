"""Untrusted side. The shape of the permission tables, and what a name means under them.

A table says for a module which of its public names a metric may use, and for a class which of its
attributes. Unknown means refused: a name that a new release of a library adds is refused until someone
lists it, and a test names it. The tables are data in `tables/`; this module holds no names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FunctionArgument:
    """Where a call takes functions by name: the position (without self) and the keyword."""

    position: int
    keyword: str


@dataclass(frozen=True, slots=True)
class ModuleRule:
    """What a metric may use of one module.

    Attributes:
        allowed: public names whose values only compute.
        modules: names of submodules that are reachable, with their real module names.
        refused: names with the reason and what to use instead; for the message only.
        dispatch: allowed functions that take other functions by name, which is checked at each call.
        guarded: allowed names of which a metric gets a guarded form; see `standard`.
    """

    allowed: frozenset[str]
    modules: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    dispatch: Mapping[str, FunctionArgument] = field(default_factory=dict)
    guarded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClassRule:
    """What a metric may use of the instances of one class, and of the class itself.

    Attributes:
        allowed: attributes of the class that only compute.
        refused: attributes with the reason and what to use instead; for the message only.
        dispatch: allowed methods that take other functions by name, which is checked at each call.
        templates: allowed methods whose first argument is a format template, checked at each call.
        checked: allowed methods whose arguments are checked at each call; see `pandas_text`.
        columns: whether attributes that the class does not define are data (columns, fields).
        writable: attributes that a metric may assign; with `columns`, data attributes as well.
        sealed: whether `type(x)` is refused, because calling the class would make a new one.
    """

    allowed: frozenset[str]
    refused: Mapping[str, str] = field(default_factory=dict)
    dispatch: Mapping[str, FunctionArgument] = field(default_factory=dict)
    templates: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()
    columns: bool = False
    writable: frozenset[str] = frozenset()
    sealed: bool = False


def words(text: str) -> frozenset[str]:
    """The names in a block of text."""
    return frozenset(text.split())


def refusals(*lines: tuple[str, str]) -> dict[str, str]:
    """Names and the hint that they share, one line per reason: ("load save", "use ...")."""
    return {name: hint for names, hint in lines for name in names.split()}
