"""Where records and values of CSV begin and end in bytes. Pure.

Whole blocks are looked at by numpy: which line breaks are within quotes follows from how many quotes stand
before them, as a doubled quote changes nothing about that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_LF = ord("\n")
_CR = ord("\r")
_Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a block; empty lines are none.

    Attributes:
        starts: where each begins.
        ends: where each ends, without its line break.
        counts: how many values each has.
    """

    starts: _Positions
    ends: _Positions
    counts: _Positions


def split_records(data: bytes, separator: str, quote: str) -> Records:
    """Find the records of a block that begins with one; the last may lack its line break."""
    view = np.frombuffer(data, np.uint8)
    quotes = _where(view, quote)
    breaks = _outside(_line_ends(view), quotes)
    separators = _outside(_where(view, separator), quotes)
    ends = np.append(breaks, len(view))
    starts = np.append(0, breaks + 1)
    # The first half of \r\n belongs to the line break.
    returns = (ends > starts) & (view[np.maximum(ends, 1) - 1] == _CR) if len(view) else ends > starts
    ends = ends - returns
    counts = np.searchsorted(separators, ends) - np.searchsorted(separators, starts) + 1
    full = ends > starts
    return Records(starts[full], ends[full], counts[full])


def last_break(data: bytes, quote: str) -> int:
    """Where the last whole record of a block ends, its line break included; 0 if none does.

    A carriage return at the very end may be half of a line break, and does not count.
    """
    if not quote or quote.encode() not in data:
        found = data.rfind(b"\n")
        return (found if found >= 0 else data.rfind(b"\r", 0, max(len(data) - 1, 0))) + 1
    view = np.frombuffer(data, np.uint8)
    quotes = _where(view, quote)
    for byte, stop in ((_LF, len(view)), (_CR, len(view) - 1)):
        breaks = _outside(np.flatnonzero(view[:stop] == byte), quotes)
        if len(breaks):
            return int(breaks[-1]) + 1
    return 0


def bad_quote(data: bytes, separator: str, quote: str) -> int | None:
    """Where a quote stands that neither opens nor closes a value nor is doubled within one; None if nowhere.

    Args:
        data: whole records.
        separator: between values.
        quote: around values; "" for none.
    """
    if not quote or quote.encode() not in data:
        return None
    view = np.frombuffer(data, np.uint8)
    quotes = _where(view, quote)
    opening, closing = quotes[::2], quotes[1::2]
    edges = np.zeros(256, bool)
    edges[[_LF, _CR, ord(separator), ord(quote)]] = True
    before = edges[view[np.maximum(opening, 1) - 1]] | (opening == 0)
    # A quote before an opening one is the one that closed just now; else it would have opened itself.
    after = edges[view[np.minimum(closing + 1, len(view) - 1)]] | (closing + 1 == len(view))
    bad = np.concatenate([opening[~before], closing[~after], opening[len(closing) :]])
    return int(bad.min()) if len(bad) else None


def odd_break(data: bytes, quote: str) -> int | None:
    """Where a lone carriage return stands outside quotes though lines end with line feeds; or None."""
    if b"\r" not in data or b"\n" not in data or data.count(b"\r") == data.count(b"\r\n"):
        return None
    view = np.frombuffer(data, np.uint8)
    ends = _outside(_line_ends(view), _where(view, quote))
    returns = view[ends] == _CR
    return int(ends[returns][0]) if returns.any() and not returns.all() else None


def count_lines(data: bytes) -> int:
    """How many line breaks of any kind a block has, within quotes or not."""
    returns = data.count(b"\r")
    return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)


def _where(view: npt.NDArray[np.uint8], character: str) -> _Positions:
    return np.flatnonzero(view == ord(character)) if character else np.zeros(0, np.intp)


def _line_ends(view: npt.NDArray[np.uint8]) -> _Positions:
    """Line feeds, and carriage returns without one behind them."""
    feeds = view == _LF
    returns = view == _CR
    if returns.any():
        returns[:-1] &= ~feeds[1:]
        feeds |= returns
    return np.flatnonzero(feeds)


def _outside(positions: _Positions, quotes: _Positions) -> _Positions:
    """Those positions before which the number of quotes is even."""
    if not len(quotes):
        return positions
    even: _Positions = positions[np.searchsorted(quotes, positions) % 2 == 0]
    return even
