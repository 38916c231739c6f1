"""The default answer to everything: it is not proven that DuckDB gives what Spark gives."""

from __future__ import annotations

from typing import Final

_MOST_CHARS: Final = 200


class Unproven(Exception):
    """A plan, or a part of it, is Spark's to answer.

    Attributes:
        reason: why, in a few words for authors; names of theirs may stand in it.
    """

    def __init__(self, reason: str) -> None:
        # What a terminal would obey is nothing to show.
        shown = "".join(char if char.isprintable() else "?" for char in reason[:_MOST_CHARS])
        super().__init__(shown)
        self.reason = shown
