"""Columns that were left out of a dataset, where somebody names them all the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.errors import DataError
from engine.models.left_out import COLUMN_UNREADABLE, LeftOut
from engine.models.result import FrameError, Result
from engine.results.unreadable import name_unreadable


def explain_left_out(text: str, what: str, left_out: Mapping[str, LeftOut]) -> DataError | None:
    """What to raise where something that a caller asked for failed over such a column; None if it did not.

    Args:
        text: how it failed.
        what: was asked for.
        left_out: the columns, by name in lower case.
    """
    found = name_unreadable(FrameError("", text), left_out)
    return None if found is None else DataError(f"{what}: {found.message} [{COLUMN_UNREADABLE}]")


def with_reason(result: Result, left_out: Mapping[str, LeftOut]) -> Result:
    """A result as it is, or refused with the reason if calc_metric failed over such a column."""
    if result.status != "raised" or result.error is None:
        return result
    error = name_unreadable(result.error, left_out)
    return result if error is None else replace(result, status="refused", error=error)
