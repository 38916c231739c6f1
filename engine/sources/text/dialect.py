"""Which dialect a CSV file is written in: as the caller says, or surely so, or refused as unsure. Pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.csv as pacsv

from engine.models.text_options import TextOptions
from engine.sources.text.kinds import TEXT, classify
from engine.sources.text.problems import text_error
from engine.sources.text.records import bad_quote, count_lines, split_records
from engine.wording import worded

SEPARATORS: Final = (",", ";", "\t", "|")
_SHOWN: Final = {"\t": "tab", ",": "','", ";": "';'", "|": "'|'"}
_QUOTE: Final = '"'
_MOST_COLUMNS: Final = 20_480  # as Spark has it
_SIDE_BY_SIDE: Final = 1 << 20
_OTHER_QUOTES: Final = ("'", "`")
# What Excel writes, and reads, as the first line of a file.
_EXCEL: Final = re.compile(rb"sep=([,;\t|:])\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written.

    Attributes:
        separator: the character between values.
        quote: the character around values; "" for none.
        names: of the columns, as they stand in the header, or as they are called if there is none.
        skipped: how many bytes at the beginning are no rows.
        lines: how many line breaks are among them.
    """

    separator: str
    quote: str
    names: tuple[str, ...]
    skipped: int
    lines: int


def quote_of(options: TextOptions) -> str:
    """The quote that a file is read with."""
    return _QUOTE if options.quote is None else options.quote


def find_dialect(sample: bytes, options: TextOptions, name: str, *, tabs: bool) -> CsvDialect | None:
    """The dialect of a file; None if it has no line.

    Args:
        sample: whole records from the beginning of the file.
        options: what the caller says.
        name: what the caller calls the file.
        tabs: whether the file's name says that tabs separate.

    Raises:
        DataError: it is not sure, or two columns have one name.
    """
    quote = quote_of(options)
    excel = _EXCEL.match(sample)
    start = excel.end() if excel else 0
    body = sample[start:]
    if not split_records(body, ",", quote).counts.size:
        return None
    bad = bad_quote(body, options.separator or ",", quote) if options.separator else None
    separator = options.separator or (excel[1].decode("latin-1") if excel else None)
    if separator is None:
        separator = _find_separator(body, quote, name, tabs=tabs)
    if bad is None:
        bad = bad_quote(body, separator, quote)
    records = split_records(body, separator, quote)
    first, last = int(records.starts[0]), int(records.ends[0])
    if bad is not None and bad < last:
        raise quote_error(body, bad, name, 1 + int(excel is not None))
    if int(records.counts[0]) > _MOST_COLUMNS:
        what = f"its first line has {int(records.counts[0]):,} values; at most {_MOST_COLUMNS:,}"
        raise text_error("text-too-long", name, None, what)
    cells = parse_rows(body[first:last], separator, quote, int(records.counts[0]))
    header = [column[0].as_py() or "" for column in cells.columns]
    if options.header is None:
        _check_header(header, name, 1 + count_lines(sample[: start + first]))
    if options.header is False:
        return CsvDialect(
            separator, quote, tuple(f"_c{i}" for i in range(len(header))), start, int(start > 0)
        )
    if options.quote is None:
        _check_quote(header, name, 1 + count_lines(sample[: start + first]))
    skipped = start + last
    names = tuple(text or f"_c{number}" for number, text in enumerate(header))
    _check_names(names, name, 1 + count_lines(sample[: start + first]))
    return CsvDialect(separator, quote, names, skipped, count_lines(sample[:skipped]))


def parse_rows(data: bytes, separator: str, quote: str, columns: int) -> pa.Table:
    """The values of whole records as text, null where there is nothing, in columns named by their places.

    Raises:
        pa.ArrowInvalid: a record has more or fewer values, or is no UTF-8.
    """
    names = [str(number) for number in range(columns)]
    if not data.strip(b"\r\n"):
        return pa.table({name: pa.array([], pa.string()) for name in names})
    if data.startswith(codecs.BOM_UTF8):
        data = (
            b"\n" + data
        )  # that of the file is gone; one within it belongs to a value, which Arrow would cut
    breaks = bool(quote) and quote.encode() in data
    # One block where line breaks may be within quotes; else small ones, which are read side by side.
    try:
        return _parse(data, separator, quote, names, len(data) + 1 if breaks else _SIDE_BY_SIDE)
    except pa.ArrowInvalid:
        if breaks or len(data) < _SIDE_BY_SIDE:
            raise
        return _parse(data, separator, quote, names, len(data) + 1)  # a line may be longer than a block


def _parse(data: bytes, separator: str, quote: str, names: list[str], block: int) -> pa.Table:
    return pacsv.read_csv(
        pa.py_buffer(data),
        pacsv.ReadOptions(column_names=names, block_size=block),
        pacsv.ParseOptions(
            delimiter=separator, quote_char=quote or False, newlines_in_values=block > len(data)
        ),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    )


def quote_error(data: bytes, place: int, name: str, line: int) -> Exception:
    """The error for a quote that `bad_quote` found."""
    backslash = data[:place].endswith(b"\\") or data[max(place - 2, 0) : place] == b'\\"'
    written = "with backslashes before quotes" if backslash else "with quotes as plain text"
    fix = (
        "write the file with doubled quotes, as in RFC 4180 (pandas: doublequote=True; Spark: escape='\"')"
        if backslash
        else worded("if quotes are plain text in this file, set this: {set_no_quote}")
    )
    what = (
        f"a quote inside an unquoted value, or text after a closing quote; it seems to be written {written}"
    )
    return text_error("csv-quote", name, line + count_lines(data[:place]), what, fix)


def _find_separator(sample: bytes, quote: str, name: str, *, tabs: bool) -> str:
    """The separator that gives all lines the same number of values, if it is the only one that can be meant.

    Raises:
        DataError: it is not.
    """
    counts = {one: split_records(sample, one, quote).counts for one in SEPARATORS}
    in_header = [one for one in SEPARATORS if counts[one][0] > 1]
    even = [one for one in in_header if (counts[one] == counts[one][0]).all()]
    expected = "\t" if tabs else ","
    if not in_header:
        return expected
    if even == [expected] or (expected in in_header and not even) or (tabs and expected in even):
        return expected
    if len(even) == 1 and in_header == even and not tabs:
        return even[0]
    seen = " and ".join(_SHOWN[one] for one in in_header)
    found = f"{seen} in its first line" + ("" if even else ", and no other line has as many")
    raise text_error(
        "csv-separator-unsure",
        name,
        None,
        f"its separator is ambiguous: {found}",
        worded("set it: {set_separator}"),
    )


def _check_header(header: list[str], name: str, line: int) -> None:
    """Refuse a first line that may be no header: with a number, a date or a Boolean among its values."""
    for text in header:
        if text and classify(pa.array([text])) != TEXT:
            what = f"the first line has the value {text[:40]!r}, which looks like data, not like a name"
            raise text_error("csv-header-unsure", name, line, what, worded("set it: {set_header}"))


def _check_quote(header: list[str], name: str, line: int) -> None:
    for quote in _OTHER_QUOTES:
        if all(len(text) > 1 and text[0] == text[-1] == quote for text in header):
            what = f"the names are quoted with {quote}"
            fix = worded("set this quote with {set_quote}")
            raise text_error("csv-quote-unsure", name, line, what, fix)


def _check_names(names: tuple[str, ...], name: str, line: int) -> None:
    """Refuse two columns with the same name; Spark and Snowflake tell names apart by no capital letters."""
    places: dict[str, int] = {}
    for place, text in enumerate(names, start=1):
        before = places.setdefault(text.lower(), place)
        if before != place:
            alike = f"{names[before - 1][:60]!r} and {text[:60]!r}"
            what = f"columns {before} and {place} have the same name, {alike}"
            raise text_error("csv-duplicate", name, line, what, "rename one of them in the file")
