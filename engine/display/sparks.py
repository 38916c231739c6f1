"""Bars and sparklines of block characters, for the terminal's table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.display.sheets import share

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_GAP: Final = " "


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Numbers over time, a character each, on a scale of their own; a blank where there is none.

    Args:
        values: in order; None where there is no number.
        width: the most characters; of more values the newest are shown.
    """
    shown = values[-width:]
    numbers = [value for value in shown if value is not None]
    if not numbers:
        return _GAP * len(shown)
    span = (min(numbers), max(numbers))
    top = len(_LEVELS) - 1
    return "".join(_GAP if value is None else _LEVELS[round(share(value, span) * top)] for value in shown)


def bar(value: float | None, longest: float, width: int) -> str:
    """The magnitude of a number as a bar; empty if there is none.

    Args:
        value: the number, or None.
        longest: the largest magnitude of all that are compared.
        width: of the longest bar, in characters.
    """
    if value is None or not longest:
        return ""
    eighths = round(abs(value) / longest * width * 8)
    full, part = divmod(eighths, 8)
    return "█" * full + _EIGHTHS[part].strip()
