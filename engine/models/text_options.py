"""How files of text are written, as far as the caller says so. A value, checked."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, fields
from typing import Final

from engine.errors import UsageError

# Text codecs of Python that are no encodings of files.
_NO_ENCODINGS: Final = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_NAMED: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


@dataclass(frozen=True, slots=True)
class TextOptions:
    """What the caller says of CSV and JSON files; what is None is found out, or refused as unsure.

    Attributes:
        header: whether the first line of a CSV file names its columns.
        separator: the character between the values of a CSV line; "tab" and "\\t" mean a tab.
        encoding: of the file, by a name that Python knows.
        quote: the character around values that hold a separator, a line break or itself doubled; "" for none.

    Raises:
        UsageError: one of them makes no sense.
    """

    header: bool | None = None
    separator: str | None = None
    encoding: str | None = None
    quote: str | None = None

    def __post_init__(self) -> None:
        if self.header is not None and not isinstance(self.header, bool):
            raise UsageError(f"header must be True or False, not {self.header!r}")
        if self.separator is not None:
            separator = _NAMED.get(self.separator, self.separator)
            object.__setattr__(self, "separator", _character("separator", separator))
        if self.quote is not None and self.quote != "":
            _character("quote", self.quote)
        if self.quote and self.quote == self.separator:
            raise UsageError(f"separator and quote cannot both be {self.quote!r}")
        if self.encoding is not None:
            object.__setattr__(self, "encoding", _encoding(self.encoding))

    def given(self) -> dict[str, bool | str]:
        """What was said, by the names of the attributes."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


def _character(what: str, text: str) -> str:
    if (
        not isinstance(text, str)
        or len(text) != 1
        or not text.isascii()
        or text.isalnum()
        or text in "\r\n\0.-+"
    ):
        raise UsageError(
            f"{what} must be one character such as ';' and neither a letter nor a digit, not {text!r}"
        )
    return text


def _encoding(name: str) -> str:
    try:
        codec = codecs.lookup(name)
    except (LookupError, TypeError, ValueError):
        codec = None
    if codec is None or not codec._is_text_encoding or codec.name in _NO_ENCODINGS:
        raise UsageError(f"encoding {name!r} is unknown; use a name such as utf-8, cp1252, latin-1 or utf-16")
    return codec.name
