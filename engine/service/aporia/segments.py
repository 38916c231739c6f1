"""Segment groups as Aporia's clients spell them: a field with values or edges, or named conditions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from engine.errors import UsageError

# Of these types a field's values are edges, so that its segments are ranges.
_RANGES: Final = ("numeric", "datetime")


def definition_of_field(field: str, values: Sequence[Any], kind: str | None) -> dict[str, Any]:
    """Our definition of a field's segments.

    Args:
        field: a column.
        values: the values, or the edges of ranges.
        kind: of which type the field is, if a client said it; else ascending numbers are edges.
    """
    ascending = kind is None and len(values) > 1 and all(map(_is_number, values))
    ascending = ascending and all(low < high for low, high in pairwise(values))
    if kind in _RANGES or ascending:
        return {"by": field, "buckets": list(values)}
    return {"by": field, "values": list(values)}


def definition_of_terms(terms: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Our definition of named conditions, each an expression and its name.

    Raises:
        UsageError: two have the same name.
    """
    named = {name: expression for expression, name in terms}
    if len(named) < len(terms):
        raise UsageError("terms_values: two terms have the same name")
    return {"terms": named}


def name_of(definition: Mapping[str, Any]) -> str:
    """What a segment group is called to which no client gave a name."""
    if "by" in definition:
        return str(definition["by"])
    return " | ".join(name for _, name in terms_of(definition) or ())


def field_of(definition: Mapping[str, Any]) -> str | None:
    """The field of a group that has one."""
    return definition.get("by")


def terms_of(definition: Mapping[str, Any]) -> list[list[str]] | None:
    """The conditions of a group that consists of some: expressions with their names."""
    if "where" in definition:
        return [[definition["where"], definition["label"]]]
    if "terms" in definition:
        return [[expression, name] for name, expression in definition["terms"].items()]
    return None


def values_of(definition: Mapping[str, Any]) -> list[Any]:
    """The values, edges or names of a group; none of one whose values are the most frequent ones."""
    terms = terms_of(definition)
    if terms is not None:
        return [name for _, name in terms]
    return list(definition.get("buckets") or definition.get("values") or ())


def kind_of_field(definition: Mapping[str, Any], said: str | None) -> str:
    """Of which type a group's field is to a client, which takes the values of a numeric one for edges."""
    if "buckets" in definition:
        return "datetime" if all(isinstance(edge, str) for edge in definition["buckets"]) else "numeric"
    return "categorical" if said is None or said in _RANGES else said


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
