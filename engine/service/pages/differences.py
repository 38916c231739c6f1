"""How two codes differ, line by line. Pure.

Comparing takes time that grows with the square of what differs: of much that differs, all counts as replaced.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

_COMPARED: Final = 400
_AROUND: Final = 3
Kind = Literal["same", "added", "removed", "skipped"]


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A line of a difference.

    Attributes:
        kind: whether it is in both codes, in one, or stands for lines that are left out.
        before: its number in the earlier code, or None.
        after: its number in the later code, or None.
        text: of the line.
    """

    kind: Kind
    before: int | None
    after: int | None
    text: str


def differences(earlier: str, later: str) -> list[DifferenceLine]:
    """The lines that differ between two codes, with some around them; none if they are the same."""
    lines = list(_compared(*(text.removesuffix("\n").split("\n") for text in (earlier, later))))
    return list(_shortened(lines)) if any(line.kind != "same" for line in lines) else []


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[DifferenceLine]:
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    for place in range(head):
        yield DifferenceLine("same", place + 1, place + 1, new[place])
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    for tag, low, high, start, end in _steps(inner_old, inner_new):
        if tag == "equal":
            for place in range(high - low):
                yield DifferenceLine(
                    "same", head + low + place + 1, head + start + place + 1, inner_new[start + place]
                )
            continue
        for place in range(low, high):
            yield DifferenceLine("removed", head + place + 1, None, inner_old[place])
        for place in range(start, end):
            yield DifferenceLine("added", None, head + place + 1, inner_new[place])
    for place in range(tail):
        yield DifferenceLine(
            "same", len(old) - tail + place + 1, len(new) - tail + place + 1, new[len(new) - tail + place]
        )


def _steps(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if len(old) + len(new) > _COMPARED:
        return [("replace", 0, len(old), 0, len(new))]
    return difflib.SequenceMatcher(None, old, new).get_opcodes()


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count


def _shortened(lines: Sequence[DifferenceLine]) -> Iterator[DifferenceLine]:
    """The lines near to what differs."""
    changed = [place for place, line in enumerate(lines) if line.kind != "same"]
    near = {
        place for one in changed for place in range(max(0, one - _AROUND), min(len(lines), one + _AROUND + 1))
    }
    skipping = False
    for place, line in enumerate(lines):
        if place in near:
            skipping = False
            yield line
        elif not skipping:
            skipping = True
            yield DifferenceLine("skipped", None, None, "")
