"""The rows of a CSV file as text, under its header's names."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pyarrow as pa

from engine.errors import DataError
from engine.models.text_options import TextOptions
from engine.sources.text.dialect import CsvDialect, find_dialect, parse_rows, quote_error, quote_of
from engine.sources.text.problems import text_error
from engine.sources.text.records import bad_quote, count_lines, last_break, odd_break, split_records
from engine.sources.text.stream import Block, TextFile, bad_bytes, read_blocks
from engine.wording import worded

_SAMPLE_BYTES: Final = 256 << 10
_TABS: Final = ".tsv"


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file whose dialect is known.

    Attributes:
        file: the file.
        dialect: how it is written.
        encoding: as the caller has it.
    """

    file: TextFile
    dialect: CsvDialect
    encoding: str | None


def open_csv(file: TextFile, options: TextOptions) -> CsvFile | None:
    """Find out how a CSV file is written; None if it has no line.

    Raises:
        DataError: it cannot be read, or it is not sure how it is written.
    """
    cut = partial(last_break, quote=quote_of(options))
    with closing(read_blocks(file, options.encoding, cut, _SAMPLE_BYTES)) as blocks:
        sample = next(blocks, Block(b"", 1)).data
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(file, sample, 1, error) from None
    dialect = find_dialect(sample, options, file.name, tabs=_TABS in [s.lower() for s in file.path.suffixes])
    return None if dialect is None else CsvFile(file, dialect, options.encoding)


def read_csv(opened: CsvFile) -> Generator[Any, None, None]:
    """The rows of a file in order, as tables of text with a column for each name, called by its place.

    Raises:
        DataError: it cannot be read, or a line has not one value for each name.
    """
    dialect, name = opened.dialect, opened.file.name
    skip, lines = dialect.skipped, dialect.lines
    for block in read_blocks(opened.file, opened.encoding, partial(last_break, quote=dialect.quote)):
        data, line = block.data, block.line
        if skip:
            data, line, skip = data[skip:], line + lines, 0
        place = bad_quote(data, dialect.separator, dialect.quote)
        if place is not None:
            raise quote_error(data, place, name, line)
        place = odd_break(data, dialect.quote)
        if place is not None:
            what = "a carriage return within a line, where lines end with line feeds"
            fix = "a value that holds a line break must be in quotes"
            raise text_error("csv-line-break", name, line + count_lines(data[:place]), what, fix)
        try:
            yield parse_rows(data, dialect.separator, dialect.quote, len(dialect.names))
        except pa.ArrowInvalid as error:
            raise _reason(opened, data, line, error) from None


def _reason(opened: CsvFile, data: bytes, line: int, error: Exception) -> DataError:
    """Why a block cannot be read."""
    dialect, file = opened.dialect, opened.file
    records = split_records(data, dialect.separator, dialect.quote)
    expected = len(dialect.names)
    ragged = (records.counts != expected).nonzero()[0]
    if len(ragged):
        first = int(ragged[0])
        line += count_lines(data[: int(records.starts[first])])
        found = int(records.counts[first])
        what = f"{found:,} values, where the header has {expected:,} ({', '.join(dialect.names)[:80]})"
        fix = "correct the line; a value that holds a separator must be in quotes"
        if expected == 1 or found == 1:
            fix = worded("correct the line; if the separator is a different one, set it: {set_separator}")
        return text_error("csv-ragged", file.name, line, what, fix)
    try:
        data.decode()
    except UnicodeDecodeError as broken:
        return _not_utf8(file, data, line, broken)
    return DataError(f"{file.name!r} cannot be read as CSV: {error}")


def _not_utf8(file: TextFile, data: bytes, line: int, error: UnicodeDecodeError) -> DataError:
    line += count_lines(data[: error.start])
    return bad_bytes(file.name, line, data[error.start : error.start + 1], "utf-8")
