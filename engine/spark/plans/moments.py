"""Trusted side: texts that Spark takes for the time now, such as 'today'. Pure.

Wherever Spark makes a date or a timestamp of a constant text, by a cast of the author's or one of its own as
in `day = 'today'`, four words mean moments of the server's clock. No setting turns that off. So such a text
passes only where nothing but text can be made of it: as a column of its own, beside text columns of the
frame, as an argument of functions of text. A text that is computed of constants is refused elsewhere if one
of the words can be made of its letters; what it says is for Spark to know. A column of its own is no such
place, even if the next step casts it: Spark looks for the words before it brings steps together, and reads
none later.

Tried and rejected: looking at explicit casts alone, which misses those that Spark adds for comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.spark.plans.relation_traits import traits_of
from engine.spark.plans.requests import RunSql
from engine.spark.plans.trees import Call, children, walk
from engine.spark.text.hidden import fold
from engine.spark.text.lexer import lex
from engine.spark.text.moments import (
    ANY,
    COMPARISONS,
    NO_TEXT,
    SPELLERS,
    check_text,
    could_say,
    decode,
    given_in_text,
    has_names,
    is_moment,
    letters_in,
    letters_of,
    refuse_moment,
)
from engine.spark.text.words import word_set
from sandbox.contract.settings import BASELINE, PLACEHOLDER

_NONE: Final[frozenset[str]] = frozenset()
# Functions that make a choice between values of one type: the first argument that is one of them.
_CHOICES: Final = {"coalesce": 0, "ifnull": 0, "nvl": 0, "nullif": 0, "greatest": 0, "least": 0, "if": 1}
_OF_TEXT: Final = word_set(
    """
    ascii btrim char_length character_length concat concat_ws contains endswith from_csv from_json
    get_json_object ilike initcap instr json_tuple lcase left length levenshtein like locate lower lpad ltrim
    md5 octet_length overlay parse_json position regexp regexp_count schema_of_csv schema_of_json
    regexp_extract regexp_extract_all regexp_instr regexp_like regexp_replace regexp_substr repeat replace
    reverse right rlike rpad rtrim sha sha1 sha2 soundex split split_part startswith substr substring
    substring_index translate trim ucase upper
    """
)
# What literals are written with as text, beside digits; of others anything.
_WRITTEN: Final = {
    **dict.fromkeys(("null", "byte", "short", "integer", "long", "decimal"), "null"),
    **dict.fromkeys(("date", "timestamp", "timestamp_ntz"), ""),
    **dict.fromkeys(("float", "double"), "NaN Infinity E"),
    "boolean": "true false",
}
# Types that are text, in their names, and of which text can be taken.
_TEXT_TYPES: Final = ("string", "char", "binary", "variant")
_TEXT_KINDS: Final = frozenset({None, "string", "binary", "char", "var_char", "variant", "unparsed", "udt"})
_COLUMNS: Final = (
    pb.Expression.UnresolvedAttribute,
    pb.Expression.UnresolvedStar,
    pb.Expression.UnresolvedRegex,
    pb.Expression.UnresolvedNamedLambdaVariable,
    pb.SubqueryExpression,
    pb.Relation,
    pb.Expression.Window,
)


def check_moments(relation: pb.Relation, texts: frozenset[str]) -> None:
    """See that no text of a plan can become a moment.

    Args:
        relation: the plan, already rebuilt.
        texts: the names of the frame's columns of text, in lower case.

    Raises:
        PlanRefused: a text could.
    """
    every = list(walk(relation))
    if not all(map(_keeps_columns, every)):
        texts = frozenset()
    texts -= frozenset(fold(name) for here in every for name in _given_names(here))
    known: dict[int, _Known] = {}
    for here in reversed(every):
        known[id(here)] = _know(here, known)
    work: list[tuple[Message, bool]] = [(relation, False)]
    while work:
        here, safe = work.pop()
        if isinstance(here, pb.Expression):
            _check(here, safe, known[id(here)])
            work += _parts(here, safe, texts)
        else:
            projects = isinstance(here, pb.Project | pb.WithColumns)
            safe = projects or (safe and isinstance(here, pb.Expression.Alias))
            work += [(part, safe) for part in children(here)]
        if isinstance(here, pb.SQL | pb.Expression.ExpressionString):
            check_text(_text_of(here), texts)


def check_query_moments(request: RunSql) -> None:
    """See that no text of a query, nor of its arguments and inputs, can become a moment.

    Raises:
        PlanRefused: a text could.
    """
    check_text(request.query, frozenset())
    for value in (*request.positional, *(value for _, value in request.named)):
        literals = (here for here in walk(value) if isinstance(here, pb.Expression.Literal))
        if any(is_moment(here.string) for here in literals):
            refuse_moment("an argument of a query")
    for _, relation in request.inputs:
        check_moments(relation, frozenset())


def _text_of(here: pb.SQL | pb.Expression.ExpressionString) -> str:
    return here.query if isinstance(here, pb.SQL) else here.expression


def _keeps_columns(here: Message) -> bool:
    """Whether names in a plan still mean the frame's columns above this, if no other is given them."""
    if isinstance(here, pb.Relation):
        return traits_of(here).says_names
    return not isinstance(here, pb.Read.NamedTable) or here.unparsed_identifier in (PLACEHOLDER, BASELINE)


@dataclass(frozen=True, slots=True)
class _Known:
    """Of a part of a plan: whether its value depends on no row, and the letters that it is made of."""

    constant: bool
    letters: frozenset[str]


def _know(here: Message, known: dict[int, _Known]) -> _Known:
    parts = [known[id(part)] for part in children(here)]
    constant = all(part.constant for part in parts) and not isinstance(here, _COLUMNS)
    if not constant:
        return _Known(False, _NONE)
    letters = _NONE.union(*(part.letters for part in parts))
    match here:
        case pb.Expression.Literal():
            letters |= _letters_of_literal(here)
        case pb.Expression.UnresolvedFunction() | pb.CallFunction():
            letters |= ANY if fold(here.function_name) in SPELLERS else _NONE
        case pb.Expression.Alias():
            letters |= _NONE.union(*map(letters_in, here.name))  # a field, perhaps, whose name becomes text
        case pb.Expression.Cast() if _makes_text(here) and not here.expr.HasField("literal"):
            letters = ANY  # an interval is written in words
        case pb.Expression.ExpressionString():
            lexemes = lex(here.expression)
            return _Known(not has_names(lexemes), letters_of(lexemes))
    return _Known(constant, letters)


def _check(here: pb.Expression, safe: bool, known: _Known) -> None:
    kind = here.WhichOneof("expr_type")
    if kind == "literal":
        for literal in walk(here.literal):
            if not isinstance(literal, pb.Expression.Literal):
                continue
            is_text = literal.WhichOneof("literal_type") == "string"
            if is_text and is_moment(literal.string) and not (safe and literal is here.literal):
                refuse_moment(f"the text {literal.string!r}")
    elif kind == "expression_string":
        lexemes = lex(here.expression_string.expression)
        if (
            not safe
            and len(lexemes) == 2
            and lexemes[0].kind == "string"
            and is_moment(decode(lexemes[0].text))
        ):
            refuse_moment(f"the text {lexemes[0].text}")
    elif not safe and known.constant and could_say(known.letters) and _may_be_text(here):
        refuse_moment("a text that is computed of constants")


def _may_be_text(here: pb.Expression) -> bool:
    match here.WhichOneof("expr_type"):
        case "unresolved_function":
            return fold(here.unresolved_function.function_name) not in NO_TEXT
        case "call_function":
            return fold(here.call_function.function_name) not in NO_TEXT
        case "cast":
            return _makes_text(here.cast)
        case "alias" | "sort_order":
            return False
    return True


def _makes_text(cast: pb.Expression.Cast) -> bool:
    """Whether something of the type, or within it, is text."""
    if cast.HasField("type_str"):
        return any(name in fold(cast.type_str) for name in _TEXT_TYPES)
    types = (here for here in walk(cast.type) if isinstance(here, pb.DataType))
    return any(here.WhichOneof("kind") in _TEXT_KINDS for here in types)


def _letters_of_literal(here: pb.Expression.Literal) -> frozenset[str]:
    kind = str(here.WhichOneof("literal_type"))
    if kind == "string":
        return letters_in(here.string)
    return letters_in(_WRITTEN[kind]) if kind in _WRITTEN else ANY


def _parts(here: pb.Expression, safe: bool, texts: frozenset[str]) -> Iterable[tuple[Message, bool]]:
    """The parts of an expression, and whether a text is safe there."""
    kind = here.WhichOneof("expr_type")
    if kind not in ("unresolved_function", "call_function"):
        return [(part, safe and kind == "alias") for part in children(here)]
    call: Call = getattr(here, kind)
    name, arguments = fold(call.function_name), list(call.arguments)
    values: Sequence[pb.Expression] = ()
    if name in _OF_TEXT:
        return [(argument, True) for argument in arguments]
    if name in COMPARISONS:
        values = arguments
    elif name in _CHOICES:
        values = arguments[_CHOICES[name] :]
    elif name == "when":
        values = [*arguments[1::2], *arguments[len(arguments) - len(arguments) % 2 :]]
    of_text = bool(values) and all(_is_text(value, texts) for value in values)
    chosen = {id(value) for value in values}
    return [(argument, of_text and id(argument) in chosen) for argument in arguments]


def _is_text(value: pb.Expression, texts: frozenset[str]) -> bool:
    match value.WhichOneof("expr_type"):
        case "literal":
            return bool(value.literal.WhichOneof("literal_type") == "string")
        case "unresolved_attribute":
            return fold(value.unresolved_attribute.unparsed_identifier.strip("`")) in texts
        case "unresolved_function":
            name = fold(value.unresolved_function.function_name)
            return name in ("lower", "upper", "trim", "concat", "concat_ws", "substring", "substr")
    return False


def _given_names(here: Message) -> Iterable[str]:
    """Names that a plan gives to columns, which may be those of the frame."""
    match here:
        case pb.Expression.Alias():
            return list(here.name)
        case pb.ToDF():
            return list(here.column_names)
        case pb.WithColumnsRenamed():
            return [*here.rename_columns_map.values(), *(rename.new_col_name for rename in here.renames)]
        case pb.Unpivot():
            return [here.variable_column_name, here.value_column_name]
        case pb.SQL() | pb.Expression.ExpressionString():
            return given_in_text(lex(_text_of(here)))
    return ()
