"""How results are written as CSV, where a word may mean a number or a formula to whoever reads it. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

# Readers of CSV, pandas among them, take the text "nan" for a number that is missing.
_STATUSES: Final = {"nan": "not_a_number"}
# What makes a text a formula to a spreadsheet, in narrow and in wide letters; it may pass over blanks first.
_OPENS_FORMULA: Final = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


class _Line:
    """What a writer of CSV writes to: it gives each line back."""

    def write(self, line: str) -> str:
        return line


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, header: bool = True) -> str:
    """Rows of results as lines of CSV.

    Args:
        columns: which of a row's columns, in order.
        rows: None is an empty cell.
        header: whether the first line names the columns.
    """
    writer = csv.writer(_Line(), lineterminator="\n")
    lines = [writer.writerow(columns)] if header else []
    lines += [writer.writerow([_cell(column, row[column]) for column in columns]) for row in rows]
    return "".join(lines)


def _cell(column: str, value: object) -> object:
    if column == "status" and isinstance(value, str):
        return _STATUSES.get(value, value)
    return "" if value is None else csv_cell(value)


def csv_cell(value: object) -> object:
    """A value that is only shown: a text that a spreadsheet would compute begins with an apostrophe.

    Guests choose what is printed and what messages say, and data what segments are called. Numbers stay.
    """
    if not isinstance(value, str) or _OPENS_FORMULA.match(value) is None or _NUMBER.fullmatch(value):
        return value
    return "'" + value
