"""Which regular expressions mean the same to Java and to DuckDB. Pure.

Of the many ways to write one only the plain ones are known: signs, classes of ASCII signs, digits, groups
that are not repeated, greedy repetition of one sign or class. They match the same text at the same place;
none of them matches nothing, about which replacing and splitting differ.
"""

from __future__ import annotations

import re
from typing import Final

from engine.spark.native.unproven import Unproven

_MOST_CHARS: Final = 200
_SIGN: Final = r"[A-Za-z0-9 _,;:@#%&=<>!~'\"/-]"
_ESCAPED: Final = r"\\[.\-/()\[\]+*?^$|{}\\]"
_RANGE: Final = r"(?:[A-Z]-[A-Z]|[a-z]-[a-z]|[0-9]-[0-9])"
_IN_CLASS: Final = rf"(?:{_RANGE}|[A-Za-z0-9 _,;:@#%=<>!/.]|\\[.\-/()\[\]+*?\\]|\\d)"
_ATOM: Final = rf"(?:{_SIGN}|{_ESCAPED}|\\d|\[\^?{_IN_CLASS}+\])"
_PIECE: Final = re.compile(rf"(?P<open>\()|(?P<close>\))|(?P<atom>{_ATOM})(?P<often>[+*?])?")


def check_pattern(pattern: str) -> int:
    """How many groups a regular expression has.

    Raises:
        Unproven: it is not surely the same to both.
    """
    if len(pattern) > _MOST_CHARS:
        raise Unproven("a long regular expression")
    place, depth, groups, matches = (1 if pattern.startswith("^") else 0), 0, 0, False
    while place < len(pattern):
        found = _PIECE.match(pattern, place)
        if found is None:
            raise Unproven(f"the regular expression {pattern!r}")
        place = found.end()
        if found["open"]:
            depth, groups = depth + 1, groups + 1
        elif found["close"]:
            depth -= 1
            if depth < 0 or pattern[place : place + 1] in ("+", "*", "?", "{"):
                raise Unproven(f"the regular expression {pattern!r}")
        else:
            matches |= found["often"] not in ("*", "?")
            if pattern[place : place + 1] in ("+", "*", "?", "{"):
                raise Unproven(f"the regular expression {pattern!r}")
    if depth or not matches or groups > 9:
        raise Unproven(f"the regular expression {pattern!r}")
    return groups


def check_replacement(text: str) -> None:
    """See that what matches are replaced by is a plain text.

    Raises:
        Unproven: it names groups, or may.
    """
    if "$" in text or "\\" in text:
        raise Unproven("a replacement that names groups")
