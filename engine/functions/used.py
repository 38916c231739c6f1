"""Which columns of a relation with functions of the author somebody above it names.

What functions see and what stands beside them travels through the engine; so what nobody uses stays below.
Names are found by how they are written, never by what they mean: one more than is used does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.functions.find import counts_rows
from engine.plans.trees import children, relations
from engine.sql.check import inspect_expression
from engine.sql.lexer import lex

# Names in small letters; None: any column may be meant.
Used: TypeAlias = frozenset[str] | None

_QUOTED: Final = re.compile("`((?:[^`]|``)+)`")
# Relations that make all of their columns of expressions.
_MAKING: Final = ("project", "aggregate")
# Those that give columns on by their names, and use none but those that they name.
_PASSING: Final = frozenset(
    {"filter", "with_columns", "sort", "limit", "offset", "tail", "hint", "repartition"}
    | {"repartition_by_expression", "subquery_alias", "drop", "join", "deduplicate"}
    | {"with_columns_renamed", "fill_na", "drop_na"}
)


def used_above(plan: pb.Relation, here: pb.Relation) -> Used:
    """The columns of a relation that what is above it names.

    Args:
        plan: the whole plan.
        here: a relation in it: the object itself.
    """
    above = {id(one): each for each in relations(plan) for one in _inputs(each)}
    found, at = frozenset[str](), here
    while id(at) in above:
        at = above[id(at)]
        names = _named_in(at)
        if names is None:
            return None
        found |= names
        if at.WhichOneof("rel_type") in _MAKING:
            return found
    return None


def is_used(name: str, used: Used) -> bool:
    """Whether a column may be meant; of letters beyond ASCII, languages differ about the capitals."""
    return used is None or not name.isascii() or name.lower() in used


def _inputs(relation: pb.Relation) -> Iterable[pb.Relation]:
    """The relations right below one."""
    work: list[Message] = list(children(relation))
    while work:
        here = work.pop()
        if isinstance(here, pb.Relation):
            yield here
        else:
            work += children(here)


def _named_in(relation: pb.Relation) -> Used:
    """The columns that a relation itself names."""
    kind = str(relation.WhichOneof("rel_type"))
    if kind not in _MAKING and kind not in _PASSING:
        return None
    found = set[str]()
    match kind:
        case "join":
            found.update(relation.join.using_columns)
        case "deduplicate":
            if relation.deduplicate.all_columns_as_keys:
                return None
            found.update(relation.deduplicate.column_names)
        case "with_columns_renamed":
            found.update(one.col_name for one in relation.with_columns_renamed.renames)
        case "drop_na":
            if not relation.drop_na.cols:
                return None
            found.update(relation.drop_na.cols)
    work = list(children(relation))
    while work:
        here = work.pop()
        if isinstance(here, pb.Expression):
            names = _named_by(here)
            if names is None:
                return None
            found.update(names)
            if counts_rows(here):
                continue
        if not isinstance(here, pb.Relation):
            work += children(here)
    return frozenset(map(str.lower, found))


def _named_by(expression: pb.Expression) -> Iterable[str] | None:
    """The names that are written in an expression, but for those inside it."""
    match expression.WhichOneof("expr_type"):
        case "unresolved_attribute":
            text = expression.unresolved_attribute.unparsed_identifier
            quoted = (one.replace("``", "`") for one in _QUOTED.findall(text))
            return [text, *quoted, *_QUOTED.sub("", text).split(".")]
        case "expression_string":
            text = expression.expression_string.expression
            if inspect_expression(text).stars:
                return None
            return [one.name for one in lex(text) if one.kind in ("word", "quoted")]
        case "unresolved_star" | "unresolved_regex" | "subquery_expression":
            return None
    return ()
