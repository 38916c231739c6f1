"""Values of the command line's options: buckets, conditions, crosses, parameters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from engine.errors import UsageError
from engine.models.parameters import Written
from engine.models.segments import SegmentGroup


def parse_buckets(text: str) -> SegmentGroup:
    """A bucket group from "COL=18,25,40"; the edges are numbers or dates.

    Raises:
        UsageError: it is no such text.
    """
    field, separator, edges = text.partition("=")
    if not separator or not field or not edges:
        raise UsageError(f"invalid --buckets {text!r}; write it as COLUMN=18,25,40")
    return SegmentGroup.by_buckets(
        field.strip(), [_parse_edge(edge.strip(), text) for edge in edges.split(",")]
    )


def parse_where(text: str) -> SegmentGroup:
    """A condition group from "LABEL=EXPR"; the label ends at the first equals sign.

    Raises:
        UsageError: it is no such text.
    """
    label, separator, expression = text.partition("=")
    if not separator or not label.strip() or not expression.strip():
        raise UsageError(f"invalid --where {text!r}; write it as LABEL=EXPRESSION, such as young=age < 25")
    return SegmentGroup.where(label.strip(), expression.strip())


def parse_cross(text: str, groups: dict[str, SegmentGroup], top: int) -> SegmentGroup:
    """The product of two groups from "A,B": names of groups given before, or else columns.

    Raises:
        UsageError: it is no such text.
    """
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):
        raise UsageError(f"invalid --cross {text!r}; write it as A,B")
    first, second = (groups.get(name) or SegmentGroup.by_value(name, top=top) for name in names)
    return SegmentGroup.cross(first, second)


def parse_params(texts: Sequence[str], *, shared: bool) -> dict[str, Written]:
    """Parameters of calc_metric from "NAME=VALUE"; the values are read by the types that it declares.

    Args:
        texts: what was given.
        shared: whether it is for several metrics, of which some may have no such parameter.

    Raises:
        UsageError: some are no such text, or name one parameter twice; all of them are told.
    """
    found: dict[str, Written] = {}
    wrong: list[str] = []
    for text in texts:
        name, separator, value = text.partition("=")
        name = name.strip()
        if not separator or not name:
            wrong.append(f"invalid --param {text!r}; write it as NAME=VALUE, such as threshold=0.7")
        elif name in found:
            wrong.append(f"--param {text!r}: {name} is given twice; give it once")
        found[name] = Written(value, shared)
    if wrong:
        raise UsageError("; ".join(wrong))
    return found


def _parse_edge(edge: str, text: str) -> int | float | date:
    try:
        return int(edge)
    except ValueError:
        pass
    try:
        return (
            date.fromisoformat(edge) if "-" in edge[1:] and "e" not in edge.lower() else float(Decimal(edge))
        )
    except (ValueError, InvalidOperation):
        raise UsageError(f"--buckets {text!r}: {edge!r} is neither a number nor a date") from None
