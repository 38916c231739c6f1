"""Bare names that Spark reads as questions about its server when no column has them. Trusted side, pure.

Java compares names letter by letter, without regard to case, and folds letters that `str.lower` keeps: the
long s of `ſession_user`, the dotless i, the Kelvin sign. So every comparison here is of what `fold` makes,
which folds at least as far. What it folds further is refused for nothing, which no honest name notices.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from engine.spark.text.hidden import fold
from engine.spark.text.words import SERVER_NAMES, USER

_ALL: Final = SERVER_NAMES | {USER}


def asks_server(name: str, columns: Collection[str] = ()) -> bool:
    """Whether a bare name asks about the server.

    Args:
        name: without back-ticks.
        columns: the names that are known to be columns, folded.
    """
    folded = fold(name)
    return folded in _ALL and folded not in columns
