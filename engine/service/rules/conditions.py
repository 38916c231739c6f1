"""Rules on results: what the newest windows of a series say of one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.models.result import GOOD, Status

State = Literal["ok", "crossed", "no_data", "error"]
# What each state means, for the documents.
STATES: Final[dict[State, str]] = {
    "ok": "the newest window is within the rule, or has not been beyond it for long enough",
    "crossed": "so many windows in a row are beyond it",
    "no_data": "the newest window has no number to look at, or too few rows",
    "error": "the newest window could not be calculated",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule is crossed; exactly one of the first three is set.

    Attributes:
        above: if the number is greater.
        below: if it is smaller.
        changed_by: if it differs from that of the window before by as much or more.
        windows: for so many windows in a row.
        minimum_rows: windows with fewer rows say nothing.
    """

    above: float | None = None
    below: float | None = None
    changed_by: float | None = None
    windows: int = 1
    minimum_rows: int = 0


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """What a rule sees of a window."""

    status: Status
    value: float | None
    rows: int | None


def condition_of(definition: dict[str, Any]) -> Condition:
    """A rule from its JSON form."""
    names = ("above", "below", "changed_by", "minimum_rows")
    given = {name: definition[name] for name in names if definition.get(name) is not None}
    return Condition(**given, windows=definition.get("for", 1))


def state_of(condition: Condition, seen: Sequence[SeenWindow], *, told: bool) -> State:
    """The state of a rule.

    Args:
        condition: when it is crossed.
        seen: windows of one series, oldest first, at least one; one more than `condition.windows` are enough.
        told: whether a crossing was told, and no return since; it lasts as long as windows are beyond it.
    """
    said = [_verdict(condition, seen, place) for place in range(len(seen))]
    if said[-1] != "crossed":
        return said[-1]
    newest = said[-condition.windows :]
    enough = len(newest) == condition.windows and all(one == "crossed" for one in newest)
    return "crossed" if enough or told else "ok"


def _verdict(condition: Condition, seen: Sequence[SeenWindow], place: int) -> State:
    """What one window says by itself, however many in a row the rule wants."""
    own = seen[place]
    if own.status not in GOOD:
        return "error"
    if own.value is None or (own.rows or 0) < condition.minimum_rows:
        return "no_data"
    if condition.above is not None:
        return "crossed" if own.value > condition.above else "ok"
    if condition.below is not None:
        return "crossed" if own.value < condition.below else "ok"
    before = seen[place - 1] if place else None
    if before is None or before.value is None or (before.rows or 0) < condition.minimum_rows:
        return "no_data"
    assert condition.changed_by is not None
    # Halved first: the difference of two numbers may be beyond any float.
    return "crossed" if abs(own.value / 2 - before.value / 2) >= condition.changed_by / 2 else "ok"
