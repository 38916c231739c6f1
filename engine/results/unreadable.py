"""Errors of metrics that name a column that was left out of their frames. Pure.

Such a column is unknown to every backend and client, each of which says so in words of its own; what the
author needs to hear is why it cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from engine.models.left_out import COLUMN_UNREADABLE, LeftOut
from engine.models.result import FrameError

# How backends and clients say that they do not know a column; the group is a name, in quotes or not.
_UNKNOWN: Final = (
    re.compile(r"there is no column (`[^`]+`(?:\.`[^`]+`)*|'[^']+'|[^\s;,]+)"),
    re.compile(r"names ('[^']+'), which is not a column"),
    re.compile(r"with name ((?:`[^`]+`\.?)+) cannot be resolved"),
    re.compile(r"Cannot resolve (?:dataframe column|column name) (\"[^\"]+\")"),
    re.compile(r"USING column (`[^`]+`) cannot be resolved"),
    re.compile(r"PySparkValueError: (\w+)$"),
    re.compile(r"(?:Attribute|Key) (`[^`]+`) (?:is not supported|is not exist|does not exist)"),
    re.compile(r"does not contain the column named (\S+?)\.?(?=\s|$)"),
    re.compile(r"Referenced column (\"[^\"]+\") not found"),
    re.compile(r"does not have a column named (\"[^\"]+\")"),
    re.compile(r"invalid identifier (\S+)"),
    re.compile(r"object has no attribute ('[^']+'|\w+)"),
    re.compile(r"Column (\"[^\"]+\") referenced that exists"),
    re.compile(r"Unable to rename column (\"[^\"]+\") because"),
    re.compile(r"No StructField named (\w+)"),
    re.compile(r"^(?:\w*KeyError: )?('[^']+'|\"[^\"]+\")$"),
)
_QUOTES: Final = "`'\""
_READ_CHARS: Final = 2_000


def name_unreadable(error: FrameError, left_out: Mapping[str, LeftOut]) -> FrameError | None:
    """What to say in place of an exception of a metric, if it is about a column that was left out.

    Args:
        error: the exception.
        left_out: the columns, by name in lower case.
    """
    if not left_out:
        return None
    text = error.message[:_READ_CHARS].partition("\n")[0]  # the rest is where it was
    for pattern in _UNKNOWN:
        match = pattern.search(text)
        column = None if match is None else _find(match[1], left_out)
        if column is not None:
            return FrameError(COLUMN_UNREADABLE, column.message, error.line, "leave it out of the metric")
    return None


def _find(name: str, left_out: Mapping[str, LeftOut]) -> LeftOut | None:
    """The column that a name means, which may be qualified or lead to a field within."""
    whole = name.strip(_QUOTES).lower()
    if whole in left_out:
        return left_out[whole]
    parts = [part.strip(_QUOTES + "' ").lower() for part in name.split(".")]
    return next((left_out[part] for part in parts if part in left_out), None)
