"""Whether a question can be answered for many frames by one query, and how. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from engine.frames.not_fusable import NotFusable
from engine.snowflake.fusion.chain import Link, take_apart
from engine.snowflake.text import CheckedQuery

How = Literal["rows", "families", "frame"]


@dataclass(frozen=True, slots=True)
class Choice:
    """How to answer a question.

    Attributes:
        how: "rows": fetch once for all frames; "families": once for each family; "frame": for each frame.
        reason: why not shared; "" if it is.
        links: the question, taken apart; empty if it is not shared.
    """

    how: How
    reason: str
    links: tuple[Link, ...]

    def describe(self) -> str:
        """The question in a few words, from the frame upwards."""
        return ", ".join(link.kind for link in self.links) or "a query"


def choose(query: CheckedQuery) -> Choice:
    """Choose by the rules; unsure means per frame."""
    try:
        if query.made_names:
            raise NotFusable("names that differ between frames")
        links = take_apart(query.tree)
        _check_order_and_limits(links)
    except NotFusable as refusal:
        return Choice("frame", refusal.reason, ())
    return Choice("rows" if all(link.kind == "rows" for link in links) else "families", "", links)


def _check_order_and_limits(links: tuple[Link, ...]) -> None:
    """A limit means something else for many frames, unless each has one row."""
    one_row, summed = False, False
    for place, link in enumerate(links):
        if summed and link.select.args.get("where"):
            raise NotFusable("a filter over aggregates of all rows")
        summed = summed or link.kind == "total"
        one_row = link.kind == "total" or (
            one_row and link.kind == "rows" and not link.select.args.get("where")
        )
        if link.select.args.get("limit") and not (one_row and _count(link.select.args["limit"]) > 0):
            raise NotFusable("a limit")
        if link.select.args.get("order") and place + 1 < len(links):
            raise NotFusable("an order below something else")
        if link.kind == "total" and any(isinstance(one, exp.Star) for one in link.select.expressions):
            raise NotFusable("a star beside aggregates")
        if link.kind == "groups":
            _check_groups(link.select)


def _count(limit: exp.Expr) -> int:
    number = limit.args["expression"]
    if not isinstance(number, exp.Literal) or number.args.get("is_string") or not number.this.isdigit():
        raise NotFusable("a limit")
    return int(number.this)


def _check_groups(select: exp.Expr) -> None:
    """Numbers in GROUP BY mean places, and stars are of what is grouped by nobody knows."""
    if any(isinstance(one, exp.Literal) for one in select.args["group"].expressions):
        raise NotFusable("GROUP BY a place")
    if any(isinstance(one, exp.Star) for one in select.expressions):
        raise NotFusable("a star beside groups")
