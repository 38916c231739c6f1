"""How results are written as CSV, where a word may mean a number or a formula to whoever reads it. Pure."""

from __future__ import annotations

import re
from typing import Final

# Readers of CSV, pandas among them, take the text "nan" for a number that is missing.
_STATUSES: Final = {"nan": "not_a_number"}
# What makes a text a formula to a spreadsheet, in narrow and in wide letters; it may pass over blanks first.
_OPENS_FORMULA: Final = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


def status_in_csv(status: str) -> str:
    """What a status is called in CSV."""
    return _STATUSES.get(status, status)


def csv_cell(value: object) -> object:
    """A value that is only shown: a text that a spreadsheet would compute begins with an apostrophe.

    Guests choose what is printed and what messages say, and data what segments are called. Numbers stay.
    """
    if not isinstance(value, str) or _OPENS_FORMULA.match(value) is None or _NUMBER.fullmatch(value):
        return value
    return "'" + value
