"""Functions of the author that are called by a name (`spark.udf.register`), also in SQL text.

Before a plan is read, such calls become what `F.udf` makes. In text they become columns below the relation
whose text it is, by names that stand nowhere else, and go again above it; so what text means is still Spark's
to say, and every text is still read by the two readers, who know no such function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, TypeAlias

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.errors import PlanRefused
from engine.spark.functions.find import (
    OPEN_RELATIONS,
    drop_columns,
    input_of,
    is_deterministic,
    named,
    own,
    refused,
    roots,
)
from engine.spark.functions.local import local_relation
from engine.spark.functions.text_calls import closing, has_calls, is_call, outside, parts, take_keyword
from engine.spark.functions.text_names import column_name
from engine.spark.plans.caps import MAX_NODES, MAX_SQL_BYTES
from engine.spark.plans.expressions import AGGREGATE_KINDS
from engine.spark.plans.trees import CALLS, copy, count, relations, walk
from engine.spark.text.functions import known_functions
from engine.spark.text.lexer import Lexeme, lex, render
from engine.spark.text.words import RESERVED, word_set

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_MOST: Final = 1_000
# In one text, where each is looked for in the arguments of all others.
_MOST_CALLS: Final = 100
_MOST_LAYERS: Final = 10
# After a call: it is one of another kind then. Before its first argument: likewise.
_AFTER: Final = frozenset({"OVER", "FILTER", "WITHIN", "IGNORE", "RESPECT"})
_BEFORE: Final = frozenset({"DISTINCT", "ALL", "*"})
_IN_ARGUMENTS: Final = frozenset({"=>", "AS", "?", ":"})
# In queries whose columns are of one table there is none of these. What is sorted or chosen after groups has
# names of its own, which go before the table's.
_ONE_TABLE_LACKS: Final = word_set(
    "JOIN LATERAL PIVOT UNPIVOT UNION INTERSECT EXCEPT MINUS WITH TABLESAMPLE VALUES WINDOW QUALIFY"
)
_BEFORE_STARS: Final = frozenset({"SELECT", "DISTINCT", "ALL", ",", "."})
_AFTER_GROUPS: Final = word_set("HAVING ORDER SORT CLUSTER DISTRIBUTE LIMIT OFFSET")
_NO_ALIAS: Final = RESERVED | _AFTER_GROUPS | _ONE_TABLE_LACKS
# The view of a query without a table, of which nobody writes.
_NO_TABLE: Final = "result_of_registered_nowhere"
_AFTER_COLUMNS: Final = _AFTER_GROUPS | word_set("FROM WHERE GROUP ;")
_TEXT: Final = (
    "call the function as it is in Python, such as twice(F.col('k')), or make a column of it before"
)


# Columns with their names, by what they are made of.
_Layer: TypeAlias = dict[bytes, tuple[str, pb.Expression]]


class Registered:
    """What a call of calc_metric has registered; views that were made with a function keep it."""

    def __init__(self) -> None:
        self._functions: dict[str, pb.CommonInlineUserDefinedFunction] = {}
        self._in_queries = set[str]()

    def __bool__(self) -> bool:
        return bool(self._functions)

    def define(self, function: pb.CommonInlineUserDefinedFunction) -> None:
        """Register one, perhaps in place of another.

        Raises:
            PlanRefused: it has the name of a function of Spark, or no plain one.
        """
        name = function.function_name
        if _NAME.fullmatch(name) is None or name.lower() in known_functions():
            raise PlanRefused(
                "udf-refused",
                f"a function by the name {name[:60]!r} is refused: it is one of Spark's, or no plain name",
                "choose another name, of letters, digits and underscores",
            )
        if name.lower() in self._in_queries:  # Spark would look at the name again
            raise refused(
                "in place of another, after spark.sql has called one", "register it by another name"
            )
        if len(self._functions) >= _MOST:
            raise PlanRefused("plan-too-large", f"more than {_MOST} functions are registered", "")
        self._functions[name.lower()] = copy(function)

    def in_plan(self, plan: Message) -> None:
        """Put functions in place of their names in a plan, or what holds one, that was not read yet.

        Raises:
            PlanRefused: one is called where it is not taken.
        """
        if count(plan) > MAX_NODES:
            raise PlanRefused("plan-too-large", f"the plan has more than {MAX_NODES:,} parts", "")
        texts = (one.expression for one in walk(plan) if isinstance(one, pb.Expression.ExpressionString))
        if sum(map(len, texts)) > MAX_SQL_BYTES:
            raise PlanRefused(
                "plan-too-large", f"the plan has more than {MAX_SQL_BYTES >> 10} KiB of text", ""
            )
        free = _FreeNames(plan.SerializeToString())
        for relation in reversed(list(relations(plan))):
            for here in reversed(list(own(relation))):
                if isinstance(here, pb.Expression):
                    self._put(here)
            self._in_texts(relation, free)

    def in_query(self, query: str, views: Mapping[str, pb.Relation]) -> tuple[str, dict[str, pb.Relation]]:
        """A query without calls of functions, and the views with columns in their place.

        Args:
            query: the text.
            views: by their names, folded.

        Raises:
            PlanRefused: one is called where it is not taken.
        """
        lexemes = list(lex(query)[:-1])
        if not has_calls(lexemes, self._functions):
            return query, dict(views)
        calls = (one for at, one in enumerate(lexemes) if is_call(lexemes, at, self._functions))
        self._in_queries |= {one.name.lower() for one in calls}
        if not any(one.upper in _AFTER_COLUMNS for one in lexemes):
            views = {**views, _NO_TABLE: _one_row()}
            lexemes += [Lexeme("word", "FROM", True), Lexeme("word", _NO_TABLE, True)]
        qualifier = _take_alias(lexemes)
        place = _table_of(lexemes)
        table = lexemes[place].name
        if qualifier and qualifier.lower() != table.lower() and _qualifies(lexemes, table):
            raise refused(
                "beside a column that is named with its table", "use the name that the query gives it"
            )
        _take_qualifiers(lexemes, qualifier or table)
        place = _table_of(lexemes)
        name = next((one for one in views if one == lexemes[place].name.lower()), None)
        if name is None:
            raise refused("in a query that reads no view of the metric", _TEXT)
        ends = [at for at, one in enumerate(lexemes) if one.upper in _AFTER_GROUPS and at > place]
        if ends and has_calls(lexemes[ends[0] :], self._functions):
            raise refused("in HAVING or ORDER BY of a query", _TEXT)
        for start, end in reversed(_items(lexemes, place)):
            if has_calls(lexemes[start:end], self._functions) and not _has_alias(lexemes[start:end]):
                alias = column_name(lexemes[start:end], self._functions)
                lexemes[end:end] = [Lexeme("word", "AS", True), _quoted(alias)]
        free = _FreeNames(query.encode() + views[name].SerializeToString())
        layers: list[_Layer] = []
        self._hoist(lexemes, free, layers)
        return render(tuple(lexemes)), {**views, name: _wider(views[name], layers)}

    def _put(self, expression: pb.Expression) -> None:
        """Make a function of a call of its name."""
        call = getattr(expression, str(expression.WhichOneof("expr_type")), None)
        if not isinstance(call, CALLS) or (found := self._functions.get(call.function_name.lower())) is None:
            return
        made = copy(found)
        for one in call.arguments:
            made.arguments.add().CopyFrom(one)
        expression.Clear()
        expression.common_inline_user_defined_function.CopyFrom(made)

    def _in_texts(self, relation: pb.Relation, free: _FreeNames) -> None:
        if not any(map(self._is_meant, own(relation))):
            return
        if relation.WhichOneof("rel_type") not in OPEN_RELATIONS:
            raise refused(f"in the text of a {relation.WhichOneof('rel_type')}", _TEXT)
        names_columns = bool(named(relation))
        layers: list[_Layer] = []
        for root in roots(relation):
            inner = root.alias.expr if root.WhichOneof("expr_type") == "alias" else root
            for here in list(walk(root)):
                if self._is_meant(here):
                    assert isinstance(here, pb.Expression)
                    wants_name = names_columns and inner is root
                    self._in_text(here, layers, free, outer=here is inner, wants_name=wants_name)
        if not layers:
            return
        input_of(relation).CopyFrom(_wider(input_of(relation), layers))
        if relation.WhichOneof("rel_type") != "aggregate":
            drop_columns(relation, [name for layer in layers for name, _ in layer.values()])

    def _is_meant(self, message: Message) -> bool:
        """Whether it is text that calls one."""
        if not isinstance(message, pb.Expression) or message.WhichOneof("expr_type") != "expression_string":
            return False
        return has_calls(lex(message.expression_string.expression), self._functions)

    def _in_text(
        self,
        expression: pb.Expression,
        layers: list[_Layer],
        free: _FreeNames,
        *,
        outer: bool,
        wants_name: bool,
    ) -> None:
        """Take the calls out of one text.

        Args:
            expression: the text.
            layers: gets the columns that are made.
            free: gives their names.
            outer: whether it is all of an expression.
            wants_name: whether that makes a column which is called by what it is made of.
        """
        lexemes = list(lex(expression.expression_string.expression)[:-1])
        whole = self._whole(lexemes)
        if whole is not None and (not outer or _aggregates(whole)):
            alias = _alias_of(lexemes)
            expression.Clear()
            target = expression
            if alias:
                expression.alias.name.append(alias)
                target = expression.alias.expr
            target.CopyFrom(whole)
            return
        if wants_name and not (outer and _has_alias(lexemes)):
            if not outer:
                raise refused("in the text of a column without a name", "name the column with .alias(...)")
            lexemes += [Lexeme("word", "AS", True), _quoted(column_name(lexemes, self._functions))]
        self._hoist(lexemes, free, layers)
        expression.expression_string.expression = render(tuple(lexemes))

    def _hoist(self, lexemes: list[Lexeme], free: _FreeNames, layers: list[_Layer]) -> None:
        """Put names of columns in place of calls.

        Args:
            lexemes: the text.
            free: gives the names.
            layers: gets the columns; those of one are made of those of the layers before it.
        """
        if any(one.upper in ("->", "SELECT") for one in lexemes[1:]):
            raise refused("beside a lambda function or a subquery in text", _TEXT)
        if sum(is_call(lexemes, at, self._functions) for at in range(len(lexemes))) > _MOST_CALLS:
            raise refused(f"in text with more than {_MOST_CALLS} calls", _TEXT)
        depth = 0
        while has_calls(lexemes, self._functions):
            if depth == _MOST_LAYERS:
                raise refused(f"in {_MOST_LAYERS} others", _TEXT)
            if depth == len(layers):
                layers.append({})
            place = 0
            while place < len(lexemes):
                found = self._call(lexemes, place) if is_call(lexemes, place, self._functions) else None
                if found is not None:
                    call, end = found
                    if _aggregates(call):
                        raise refused("that aggregates, inside of text", _TEXT)
                    key = call.SerializeToString(deterministic=True)
                    if not is_deterministic(call) or key not in layers[depth]:
                        name = free.take()
                        key += b"" if is_deterministic(call) else name.encode()
                        layers[depth][key] = (name, call)
                    lexemes[place:end] = [_quoted(layers[depth][key][0])]
                place += 1
            depth += 1

    def _whole(self, lexemes: list[Lexeme]) -> pb.Expression | None:
        """The call that is all of a text, its alias aside."""
        if not is_call(lexemes, 0, self._functions) or (found := self._call(lexemes, 0)) is None:
            return None
        rest = lexemes[found[1] :]
        return found[0] if not rest or (_alias_of(lexemes) and len(rest) <= 2) else None

    def _call(self, lexemes: Sequence[Lexeme], place: int) -> tuple[pb.Expression, int] | None:
        """The call at a place, and where it ends; None if its arguments hold calls that are not all of one.

        Raises:
            PlanRefused: it is no plain call.
        """
        end = closing(lexemes, place + 1)
        if end < len(lexemes) - 1 and lexemes[end + 1].upper in _AFTER:
            raise refused("over a window, or with a filter or an order, in text", _TEXT)
        made = pb.Expression()
        made.common_inline_user_defined_function.CopyFrom(self._functions[lexemes[place].name.lower()])
        for start, stop in parts(lexemes, place + 2, end):
            keyword, argument = take_keyword(lexemes[start:stop])
            words = {one.upper for one in outside(argument)}
            if not argument or argument[0].upper in _BEFORE or words & _IN_ARGUMENTS:
                raise refused("with DISTINCT, a star or another's named argument in text", _TEXT)
            target = made.common_inline_user_defined_function.arguments.add()
            if keyword:
                target.named_argument_expression.key = keyword
                target = target.named_argument_expression.value
            if is_call(argument, 0, self._functions) and closing(argument, 1) == len(argument) - 1:
                inner = self._call(argument, 0)
                if inner is None:
                    return None
                target.CopyFrom(inner[0])
            elif has_calls(argument, self._functions):
                return None
            else:
                target.expression_string.expression = render(tuple(argument))
        return made, end + 1


def _aggregates(call: pb.Expression) -> bool:
    return call.common_inline_user_defined_function.python_udf.eval_type in AGGREGATE_KINDS


class _FreeNames:
    """Names of columns that stand nowhere in something."""

    def __init__(self, data: bytes) -> None:
        self._prefix = "result_of_registered_"
        while self._prefix.encode() in data.lower():
            self._prefix += "_"
        self._count = 0

    def take(self) -> str:
        """Another name."""
        self._count += 1
        return f"{self._prefix}{self._count}"


def _wider(relation: pb.Relation, layers: Sequence[_Layer]) -> pb.Relation:
    """A relation with columns beside its own."""
    made = copy(relation)
    for layer in layers:
        below, made = made, pb.Relation()
        made.with_columns.input.CopyFrom(below)
        for name, call in layer.values():
            made.with_columns.aliases.add(name=[name]).expr.CopyFrom(call)
    return made


def _one_row() -> pb.Relation:
    """What a query without a table is asked of: a row whose column nothing in it can name."""
    return local_relation([f"{_NO_TABLE}_row"], [pa.chunked_array([[True]])], [pa.field("", pa.bool_())])


def _alias_of(lexemes: Sequence[Lexeme]) -> str:
    """The name at the end of `... AS name`, `...) name` or `... END name`; "" if there is none."""
    if len(lexemes) < 3 or lexemes[-1].kind not in ("word", "quoted") or lexemes[-1].upper == "END":
        return ""
    return lexemes[-1].name if lexemes[-2].upper in ("AS", ")", "END") else ""


def _has_alias(lexemes: Sequence[Lexeme]) -> bool:
    return bool(_alias_of(lexemes))


def _quoted(name: str) -> Lexeme:
    return Lexeme("quoted", "`" + name.replace("`", "``") + "`", True)


def _take_alias(lexemes: list[Lexeme]) -> str:
    """Take away the name that a query gives to its one table, and return it; "" if it gives none."""
    words = [one.upper for one in lexemes]
    if words.count("FROM") != 1 or (at := words.index("FROM") + 2) >= len(lexemes):
        return ""
    end = at + 1 if words[at] == "AS" else at
    if end >= len(lexemes) or lexemes[end].kind not in ("word", "quoted") or words[end] in _NO_ALIAS:
        return ""
    alias = lexemes[end].name
    del lexemes[at : end + 1]
    return alias


def _qualifies(lexemes: Sequence[Lexeme], name: str) -> bool:
    """Whether a name stands before a dot."""
    return any(one.name.lower() == name.lower() and after.upper == "." for one, after in pairwise(lexemes))


def _take_qualifiers(lexemes: list[Lexeme], name: str) -> None:
    """Take away the name of the one table before names of its columns."""
    for at in range(len(lexemes) - 2, -1, -1):
        qualifies = lexemes[at].kind in ("word", "quoted") and lexemes[at + 1].upper == "."
        of_another = at and lexemes[at - 1].upper == "."
        if qualifies and not of_another and lexemes[at].name.lower() == name.lower():
            rest = lexemes[at + 2 : at + 3]
            lexemes[at : at + 3] = [replace(one, spaced=lexemes[at].spaced) for one in rest]


def _table_of(lexemes: Sequence[Lexeme]) -> int:
    """The place of the one table of a query in which all names are its columns before they are anything else.

    Raises:
        PlanRefused: it is no such query.
    """
    words = [one.upper for one in lexemes]
    froms = [place for place, word in enumerate(words) if word == "FROM"]
    if words[0] != "SELECT" or words.count("SELECT") != 1 or len(froms) != 1 or _ONE_TABLE_LACKS & set(words):
        raise refused("in a query of more than one select, or of several tables", _TEXT)
    place = froms[0] + 1
    after = words[place + 1] if place + 1 < len(words) else ""
    if after not in ("", "WHERE", "GROUP", ";", *_AFTER_GROUPS):
        raise refused("in a query whose table has another name, or is not alone", _TEXT)
    if any(word == "*" and words[at - 1] in _BEFORE_STARS for at, word in enumerate(words[: froms[0]])):
        raise refused("beside a star in a query", "name the columns")
    return place


def _items(lexemes: Sequence[Lexeme], table: int) -> list[tuple[int, int]]:
    """The columns of a query."""
    start = 2 if lexemes[1].upper in ("DISTINCT", "ALL") else 1
    return parts(lexemes, start, table - 1)
