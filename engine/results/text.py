"""Text that came from a guest or a backend, made fit to show. Pure; trusted side.

Removed: terminal escape sequences, control and formatting characters (which colour, move, hide or
reverse what a terminal shows), lone surrogates (which cannot be encoded), and host paths, of
which only the last part stays. Work is bounded by the cap, whatever the text:
it is cut first, and every pattern is linear.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MESSAGE_CAP: Final = 2_000
_CUT: Final = " ... (cut)"
_ESCAPES: Final = re.compile(
    r"\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)"  # set a title, link, or clipboard
    r"|(?:\x1b\[|\x9b)[0-9;:?<=>]{0,40}[ -/]{0,4}[@-~]"  # colours and movement
    r"|\x1b[@-_]"  # all other two-character sequences
)
# Line ends and tabs are layout, and all other members of these categories are hidden powers.
_LAYOUT: Final = frozenset("\n\t")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Two or more parts: a bare "/x" is more often a ratio or a unit than a file.
_LIBRARIES: Final = re.compile(
    r"(?<![\w/.+@\-])/(?:[\w.+@\-]{1,255}/)*?(?:site-packages|dist-packages|python3\.\d{1,2})/"
)
_PATH: Final = re.compile(r"(?<![\w/.\-])(?:file:/{0,3})?/(?:[\w.+@\-]{1,255}/)+(?=[\w.+@\-])")


def clean_text(text: str, cap: int = MESSAGE_CAP) -> str:
    """A text without hidden characters and host paths.

    Args:
        text: a text of any origin, such as a guest's message.
        cap: the most characters of the result; a longer text is cut and marked.
    """
    cut = len(text) > cap
    shown = _PATH.sub("", visible_text(text[:cap]))
    return shown[: max(0, cap - len(_CUT))] + _CUT if cut else shown


def printed_text(text: str) -> str:
    """What a guest printed, without hidden characters and without the place of the host's libraries.

    Other paths stay: they are the guest's own words, and data may hold such texts. Linear in its length.
    """
    return _LIBRARIES.sub("", visible_text(text))


def visible_text(text: str) -> str:
    """A text without hidden characters, for a terminal; linear in its length."""
    shown = _ESCAPES.sub("", text)
    return "".join(c for c in shown if c in _LAYOUT or unicodedata.category(c) not in _HIDDEN)


class TextBudget:
    """What several texts may have together: those that no longer fit are cut, and marked."""

    def __init__(self, most: int, mark: str) -> None:
        """Nothing is used.

        Args:
            most: characters of all texts.
            mark: stands where something is cut; does not count.
        """
        self._left = most
        self._mark = mark

    def fit(self, text: str) -> str:
        """As much of a text as there still is room for."""
        if len(text) > self._left:
            text, self._left = text[: self._left] + self._mark, 0
        else:
            self._left -= len(text)
        return text
