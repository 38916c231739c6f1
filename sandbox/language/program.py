"""Untrusted side. A compiled source: its problems, and its code when there is no error among them."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Final

from sandbox.contract.messages import Problem
from sandbox.contract.signature import NOTHING_DECLARED, Signature

# The file name in the guest's code, by which tracebacks tell the author's own lines. It is also the
# `__module__` of the classes that a metric defines.
FILENAME: Final = "<metric>"


@dataclass(frozen=True, slots=True)
class Program:
    """What compiling a source gave.

    Attributes:
        problems: all problems, sorted by line and column.
        code: the module's code; None if any problem is an error.
        restricted: False if the language layer was switched off for a test of the other layers.
        extra_imports: module names that the site allows beside the built-in list.
        signature: what calc_metric declares.
    """

    problems: tuple[Problem, ...]
    code: types.CodeType | None
    restricted: bool = True
    extra_imports: tuple[str, ...] = ()
    signature: Signature = NOTHING_DECLARED
