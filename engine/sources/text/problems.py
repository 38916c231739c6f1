"""What can be wrong with files of text: codes with their meanings, and errors with file, line and fix."""

from __future__ import annotations

from typing import Final

from engine.errors import DataError
from engine.wording import worded

# Documented in docs/reading.md.
TEXT_CODES: Final = {
    "text-encoding": "bytes that are not text in the file's encoding",
    "text-compression": "a file that is cut off, damaged, or compressed in an unsupported way",
    "text-too-long": "a record that is too long",
    "text-changed": "a file that changed while it was read",
    "text-empty": "a file without lines, which has no columns",
    "csv-separator-unsure": "an ambiguous separator: several are possible, or none",
    "csv-header-unsure": "a first line that looks like values",
    "csv-quote-unsure": "names in quotes of another kind",
    "csv-quote": "a quote inside an unquoted value, or text after a closing quote",
    "csv-line-break": "a line with a different line ending",
    "csv-ragged": "a line with more or fewer values than the header",
    "csv-duplicate": "two columns with the same name",
    "json-broken": "a line that is not JSON",
    "json-not-objects": "a value that is not an object where a row is expected",
    "json-duplicate": "an object with the same name twice",
    "json-too-deep": "a value that nests too deeply, or too many different names",
}


def text_error(code: str, file: str, line: int | None, what: str, fix: str = "") -> DataError:
    """The error for a place in a file.

    Args:
        code: of `TEXT_CODES`.
        file: what the caller calls the file.
        line: its line, from 1; None for the file as a whole.
        what: is wrong there.
        fix: what to do, in the words of each door if it is a worded text.
    """
    assert code in TEXT_CODES, code
    place = f"{file!r}" if line is None else f"{file!r}, line {line:,}"
    told = worded("{place}: {what}; {fix}" if fix else "{place}: {what}", place=place, what=what, fix=fix)
    return DataError(told, code=code)
