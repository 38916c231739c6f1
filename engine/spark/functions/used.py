"""Which columns of a relation with functions of the author somebody above it names.

What functions see and what stands beside them travels through the engine; so what nobody uses stays below.
Names are found by how they are written, never by what they mean: one more than is used does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.spark.plans.relation_traits import ColumnTrait, traits_of
from engine.spark.plans.trees import CALLS, Parents, children, counts_rows
from engine.spark.text.lexer import Lexeme, lex
from engine.spark.text.words import word_set

# Names in small letters; None: any column may be meant.
Used: TypeAlias = frozenset[str] | None

# Words of SQL for what all columns of a table take part in.
_OF_ALL_COLUMNS: Final = word_set("natural table pivot unpivot columns")
_BEFORE_STARS: Final = word_set("SELECT DISTINCT ALL")
_PART: Final = re.compile("`((?:[^`]|``)+)`|([^.`]+)")
# Those that give columns on by their names, and use none but those that they name. Not a trait: these are the
# kinds of which `named_in` knows where they say names.
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
    found, made = frozenset[str](), False
    for at in Parents(plan).above(here):
        traits, is_query = traits_of(at), at.HasField("with_relations")
        if made and not traits.looks_below:
            continue
        names = _named_in_query(at) if is_query else named_in(at)
        if names is None:
            return None
        found |= names
        made |= traits.columns is ColumnTrait.COMPUTED or is_query
    return found if made else None


def is_used(name: str, used: Used) -> bool:
    """Whether a column may be meant; of letters beyond ASCII, languages differ about the capitals."""
    return used is None or not name.isascii() or name.lower() in used


def name_parts(identifier: str) -> list[str]:
    """The names between the dots of the identifier of a column, without their back-ticks."""
    found = _PART.findall(identifier)
    return [quoted.replace("``", "`") or plain for quoted, plain in found]


def named_in(relation: pb.Relation) -> Used:
    """The columns that a relation itself names."""
    kind = str(relation.WhichOneof("rel_type"))
    if traits_of(relation).columns is not ColumnTrait.COMPUTED and kind not in _PASSING:
        return None
    listed: Iterable[str] = ()
    match kind:
        case "join":
            listed = relation.join.using_columns
        case "deduplicate":
            if relation.deduplicate.all_columns_as_keys:
                return None
            listed = relation.deduplicate.column_names
        case "with_columns_renamed":
            listed = [one.col_name for one in relation.with_columns_renamed.renames]
        case "fill_na":
            listed = relation.fill_na.cols
        case "drop_na":
            if not relation.drop_na.cols:
                return None
            listed = relation.drop_na.cols
    found = {part for name in listed for part in (name, *name_parts(name))}
    work = list(children(relation))
    while work:
        here = work.pop()
        if isinstance(here, pb.Expression):
            names = _named_by(here)
            if names is None:
                return None
            found.update(names)
        if not isinstance(here, pb.Relation) and not (isinstance(here, CALLS) and counts_rows(here)):
            work += children(here)
    return frozenset(map(str.lower, found))


def _named_in_query(relation: pb.Relation) -> Used:
    """The names in SQL text over views; whatever they mean there."""
    root = relation.with_relations.root
    if not root.HasField("sql"):
        return None
    found = lex(root.sql.query)
    words = frozenset(one.name.lower() for one in found if one.kind in ("word", "quoted"))
    return None if _has_star(found) or not words.isdisjoint(_OF_ALL_COLUMNS) else words


def _has_star(text: Sequence[Lexeme]) -> bool:
    """Whether text says "all columns" somewhere, but for `count(*)`."""
    for place, one in enumerate(text):
        before = text[place - 1] if place else one
        if one.text != "*" or one.kind != "op" or before.kind in ("quoted", "number", "string"):
            continue
        if before.kind == "word" and before.upper not in _BEFORE_STARS:
            continue
        if before.text == ")":
            continue
        counted = place > 1 and text[place - 2].upper == "COUNT" and text[place + 1].text == ")"
        if not counted or before.text != "(":
            return True
    return False


def _named_by(expression: pb.Expression) -> Iterable[str] | None:
    """The names that are written in an expression, but for those inside it."""
    match expression.WhichOneof("expr_type"):
        case "unresolved_attribute":
            text = expression.unresolved_attribute.unparsed_identifier
            return [text, *name_parts(text)]
        case "expression_string":
            text = expression.expression_string.expression
            words = lex(text)
            return None if _has_star(words) else [one.name for one in words if one.kind in ("word", "quoted")]
        case "unresolved_star" | "unresolved_regex" | "subquery_expression":
            return None
    return ()
