"""Which of many cases are in the default run: a fixed part, spread over all. The slow run has the others."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import pytest


def one_in(every: int, cases: Iterable[Any]) -> list[Any]:
    """Each case whose place is a multiple of a number; the others are slow."""
    return [case if place % every == 0 else _slow(case) for place, case in enumerate(cases)]


def only(quick: Container[Any], cases: Iterable[Any]) -> list[Any]:
    """The cases that are named; the others are slow."""
    return [case if case in quick else _slow(case) for case in cases]


def _slow(case: Any) -> Any:
    return pytest.param(case, marks=pytest.mark.slow)
