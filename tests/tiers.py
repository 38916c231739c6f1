"""Which of many cases are in which run: a fixed part, spread over all.

The default run has some, the slow run of CI more, and what is left is deep: for before a release.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any, Final

import pytest

SLOW: Final = pytest.mark.slow
DEEP: Final = (pytest.mark.slow, pytest.mark.deep)


def one_in(every: int, cases: Iterable[Any]) -> list[Any]:
    """Each case whose place is a multiple of a number; the others are slow."""
    return [
        case if place % every == 0 else pytest.param(case, marks=SLOW) for place, case in enumerate(cases)
    ]


def only(quick: Container[Any], cases: Iterable[Any]) -> list[Any]:
    """The cases that are named; the others are slow."""
    return [case if case in quick else pytest.param(case, marks=SLOW) for case in cases]


def all_but(slow: Container[Any], cases: Iterable[Any]) -> list[Any]:
    """All cases; those that are named are slow."""
    return [pytest.param(case, marks=SLOW) if case in slow else case for case in cases]


def slow_one_in(every: int, cases: Iterable[Any], *, quick: Container[Any] = ()) -> list[Any]:
    """Cases of which none but those that are named are quick.

    Args:
        every: of how many cases one is slow; the others are deep.
        cases: all of them.
        quick: those of the default run.
    """
    return [
        case if case in quick else pytest.param(case, marks=SLOW if place % every == 0 else DEEP)
        for place, case in enumerate(cases)
    ]
