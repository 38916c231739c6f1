"""From SQL text to the expression that it means, in the words of a plan. Pure, but for what it keeps.

The text has been accepted by the two readers of `engine.spark.text`, which agree on what it is; here the tree
of the second is taken, node by node, and whatever is not known is Spark's. So there is one way from
expressions to typed ones, and one table of functions.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

import pyspark.sql.connect.proto as pb
from sqlglot import ErrorLevel, errors, exp
from sqlglot.tokenizer_core import Token

from engine.errors import CalcmetricError
from engine.spark.native.nodes import check_parts
from engine.spark.native.unproven import Unproven
from engine.spark.text import check_expression

_MOST_CHARS: Final = 4_000
_KEPT: Final = 512
_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_POINT: Final = re.compile(r"[0-9]{1,15}\.[0-9]{1,15}")
_EXPONENT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?[eE][+-]?[0-9]{1,2}")
_MOST_INT: Final = 2**31 - 1
# What begins or escapes texts in ways that readers may differ in.
_UNUSUAL: Final = ("\\", '"', "''", "--", "/*", "{", "$")

Literal = pb.Expression.Literal
_NodeReader = Callable[[exp.Expr], pb.Expression]


@lru_cache(maxsize=_KEPT)
def read_sql(text: str) -> pb.Expression:
    """The expression of a text.

    Raises:
        Unproven: something of it is not known.
    """
    check_text(text)
    try:
        checked = check_expression(text)
    except CalcmetricError as error:
        raise Unproven(f"SQL text that cannot be read ({type(error).__name__})") from None
    return read_node(parse(checked, expression=True), {})


def check_text(text: str) -> None:
    """See that readers agree on where texts and comments begin and end.

    Raises:
        Unproven: readers may take it differently.
    """
    if len(text) > _MOST_CHARS or any(sign in text for sign in _UNUSUAL):
        raise Unproven("SQL text that is long, or has unusual signs")


def parse(text: str, *, expression: bool = False) -> exp.Expr:
    """The tree of a text that has been checked.

    Raises:
        Unproven: it cannot be read.
    """
    from engine.spark.text.spark_dialect import StrictSpark  # slow to import; many metrics have no SQL text

    try:
        dialect = StrictSpark()
        parser = dialect.parser(error_level=ErrorLevel.RAISE)
        tokens = dialect.tokenize(text)
        _refuse_signs(tokens)
        _refuse_mixed([token.token_type.name for token in tokens])
        trees = parser.parse_into(exp.Expr, tokens, text) if expression else parser.parse(tokens, text)
    except (errors.SqlglotError, RecursionError) as error:
        raise Unproven(f"SQL text that cannot be read ({type(error).__name__})") from None
    if len(trees) != 1 or trees[0] is None:
        raise Unproven("SQL text that is not a single expression")
    return trees[0]


def _refuse_signs(tokens: Sequence[Token]) -> None:
    """Refuse a plus before a number, which the tree does not have: to Spark the number is no literal then."""
    for before, token in zip((None, *tokens), tokens, strict=False):
        ends = before is not None and before.token_type.name in _OPERAND_ENDS
        if token.token_type.name == "PLUS" and not ends:
            raise Unproven("a unary plus in SQL text")


def _refuse_mixed(kinds: Sequence[str]) -> None:
    """Refuse conditions one of which is a side of another without parentheses.

    Spark cannot read some of them, and the tree may have them in another order, or between parentheses that
    are not written.
    """
    counts, between, before = [0], [False], ""
    for kind in kinds:
        if kind in _OPENING:
            counts.append(0)
            between.append(False)
        elif kind in _CLOSING:
            if len(counts) > 1:
                counts.pop()
                between.pop()
        elif kind == "AND" and between[-1]:
            between[-1] = False
        elif kind in _PARTS and before != "DISTINCT":  # IS DISTINCT FROM is one condition
            counts[-1], between[-1] = 0, False
        elif kind in _COMPARING:
            counts[-1] += 1
            between[-1] = kind == "BETWEEN"
            if counts[-1] > 1:
                raise Unproven("conditions in SQL text beside each other without parentheses")
        before = kind


_OPENING: Final = frozenset({"L_PAREN", "L_BRACKET", "CASE"})
_CLOSING: Final = frozenset({"R_PAREN", "R_BRACKET", "END"})
_COMPARING: Final = frozenset(
    {
        *("EQ", "NEQ", "NULLSAFE_EQ", "LT", "LTE", "GT", "GTE"),
        *("IS", "ISNULL", "NOTNULL", "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "SIMILAR_TO", "GLOB"),
    }
)
# What begins another condition. Of clauses that are not here a text is refused that has two.
_PARTS: Final = frozenset(
    {
        *("AND", "OR", "XOR", "COMMA", "WHEN", "THEN", "ELSE", "ARROW", "SELECT", "FROM", "JOIN", "ON"),
        *("WHERE", "GROUP_BY", "HAVING", "ORDER_BY", "LIMIT", "UNION", "FILTER"),
    }
)
_OPERAND_ENDS: Final = frozenset(
    {"R_PAREN", "R_BRACKET", "VAR", "IDENTIFIER", "NUMBER", "STRING", "END", "NULL", "TRUE", "FALSE"}
)


def read_node(node: exp.Expr, values: Mapping[str, pb.Expression]) -> pb.Expression:
    """The expression of a tree.

    Args:
        node: the root of the tree.
        values: constants that stand for names in it (`:low`).

    Raises:
        Unproven: something of it is not known.
    """
    token = _VALUES.set(values)
    try:
        return _read(node)
    finally:
        _VALUES.reset(token)


_VALUES: Final[ContextVar[Mapping[str, pb.Expression]]] = ContextVar("values")


def _placeholder(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this")
    found = _VALUES.get().get(str(node.this))
    if found is None:
        raise Unproven("an argument of SQL text that is not given")
    return found


def _filter(node: exp.Expr) -> pb.Expression:
    """An aggregate of some rows: of a value that the others do not have."""
    check_parts(node, "this", "expression")
    call = _read(node.this)
    function = call.unresolved_function
    if not call.HasField("unresolved_function") or len(function.arguments) != 1 or function.is_distinct:
        raise Unproven("FILTER in SQL text of an unusual aggregate")
    if function.function_name.lower() not in _FILTERED:
        raise Unproven("FILTER in SQL text of an unusual aggregate")
    value = function.arguments[0]
    if value.WhichOneof("expr_type") == "unresolved_star":
        value = pb.Expression(literal=Literal(integer=1))
    # In capital letters it has no automatic name that is known.
    return _call(function.function_name.upper(), _call("when", _read(node.expression.this), value))


_FILTERED: Final = frozenset({"count", "sum", "avg", "mean", "min", "max"})


def _bracket(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expressions")
    if len(node.expressions) != 1:
        raise Unproven("a part of a nested value in SQL text")
    child, at = _read(node.this), _read(node.expressions[0])
    extract = pb.Expression.UnresolvedExtractValue(child=child, extraction=at)
    return pb.Expression(unresolved_extract_value=extract)


def _read(node: exp.Expr) -> pb.Expression:
    kind = type(node)
    reader = _NODES.get(kind)
    if reader is None:
        raise Unproven(f"{kind.__name__} in SQL text")
    if kind in _TIGHT and any(type(node.args.get(part)) in _LOOSE for part in _SIDES_OF):
        raise Unproven("a condition in SQL text beside an operator without parentheses")
    return reader(node)


def _call(name: str, *arguments: pb.Expression, distinct: bool = False) -> pb.Expression:
    function = pb.Expression.UnresolvedFunction(function_name=name, arguments=arguments, is_distinct=distinct)
    return pb.Expression(unresolved_function=function)


def _binary(name: str) -> _NodeReader:
    def read(node: exp.Expr) -> pb.Expression:
        check_parts(node, "this", "expression", "typed", "safe")
        return _call(name, _read(node.this), _read(node.expression))

    return read


def _unary(name: str) -> _NodeReader:
    def read(node: exp.Expr) -> pb.Expression:
        check_parts(node, "this")
        return _call(name, _read(node.this))

    return read


def _alone(name: str) -> _NodeReader:
    """An operator whose rank the readers differ in: its sides must be no operators themselves."""

    def read(node: exp.Expr) -> pb.Expression:
        check_parts(node, "this", "expression", "safe")
        sides = [node.this] if node.args.get("expression") is None else [node.this, node.expression]
        # The same one again, to the left, is of the same rank to all.
        kind, parent = type(node), node.parent
        mixed = any(_is_operator(side) for side in sides if side is not node.this or type(side) is not kind)
        chained = parent is not None and type(parent) is kind and parent.this is node
        if mixed or (_is_operator(parent) and not chained):
            raise Unproven("operators in SQL text beside each other without parentheses")
        return _call(name, *map(_read, sides))

    return read


def _is_operator(node: exp.Expr | None) -> bool:
    """Whether it is an operator of numbers or texts, of which each reader has its own order."""
    return type(node) in _ALONE or type(node) in _RANKED


# Conditions, which Spark takes as a side of an operator only between parentheses, or in another order.
_CONDITIONS: Final[frozenset[type[exp.Expr]]] = frozenset(
    {
        *(exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
        *(exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.RegexpLike),
    }
)
_LOOSE: Final[frozenset[type[exp.Expr]]] = frozenset({exp.And, exp.Or, exp.Not, *_CONDITIONS})
_SIDES_OF: Final = ("this", "expression", "low", "high")
_ALONE: Final[Mapping[type[exp.Expr], str]] = {
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
    exp.DPipe: "concat",
}
_RANKED: Final[frozenset[type[exp.Expr]]] = frozenset(
    {
        *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg),
        *(exp.BitwiseNot, exp.BitwiseLeftShift, exp.BitwiseRightShift),
    }
)
_TIGHT: Final[frozenset[type[exp.Expr]]] = frozenset({*_CONDITIONS, *_ALONE, *_RANKED})


def _negative(node: exp.Expr) -> pb.Expression:
    """A sign before digits is a part of the number."""
    check_parts(node, "this")
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return _literal(node.this, "-")
    # In capital letters it has no automatic name that is known.
    return _call("NEGATIVE", _read(node.this))


def _extract(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expression")
    part = pb.Expression(literal=Literal(string=str(node.this.name)))
    return _call("DATE_PART", part, _read(node.expression))


def _substring(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "start", "length")
    parts = [node.args[name] for name in ("this", "start", "length") if node.args.get(name) is not None]
    return _call("substring", *map(_read, parts))


def _trim(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expression", "position")
    name = _SIDES.get(str(node.args.get("position") or ""))
    if name is None:
        raise Unproven("TRIM in SQL text")
    signs = [] if node.args.get("expression") is None else [_read(node.expression)]
    # In capital letters, as the author may have written it in other ways that are called otherwise.
    return _call(name.upper() if signs or name != "trim" else name, *signs, _read(node.this))


_SIDES: Final[Mapping[str, str]] = {"": "trim", "BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}


def _position(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "substr")
    return _call("POSITION", _read(node.args["substr"]), _read(node.this))


def _overlay(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expression", "from_", "for_")
    length = node.args.get("for_")
    last = pb.Expression(literal=Literal(integer=-1)) if length is None else _read(length)
    return _call("OVERLAY", _read(node.this), _read(node.expression), _read(node.args["from_"]), last)


def _lambda(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expressions")
    # Spark does not tell small from capital letters in names; the reader of the text does.
    names = {one.name.lower() for one in node.expressions}
    if any(part.name.lower() in names for part in node.this.walk() if isinstance(part, exp.Column)):
        raise Unproven("a lambda function with a column of the name of its variable")
    made = pb.Expression()
    made.lambda_function.function.CopyFrom(_read(node.this))
    for one in node.expressions:
        made.lambda_function.arguments.add(name_parts=[one.name])
    return made


def _variable(node: exp.Expr) -> pb.Expression:
    """A bare name is one of a lambda function; columns are nodes of their own."""
    made = pb.Expression()
    made.unresolved_named_lambda_variable.name_parts.append(node.name)
    return made


def _column(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "table")
    parts = [part for part in (node.args.get("table"), node.this) if part is not None]
    if any(not isinstance(part, exp.Identifier) for part in parts):
        raise Unproven("a star in SQL text")
    quoted = ".".join("`" + part.name.replace("`", "``") + "`" for part in parts)
    return pb.Expression(unresolved_attribute=pb.Expression.UnresolvedAttribute(unparsed_identifier=quoted))


def _literal(node: exp.Expr, sign: str = "") -> pb.Expression:
    text = str(node.this)
    if node.is_string:
        return pb.Expression(literal=Literal(string=text))
    if _WHOLE.fullmatch(text):
        number = int(sign + text)
        small = -_MOST_INT - 1 <= number <= _MOST_INT
        return pb.Expression(literal=Literal(integer=number) if small else Literal(long=number))
    if _POINT.fullmatch(text):
        whole, fraction = text.split(".")
        digits = len((whole + fraction).lstrip("0")) or 1
        decimal = Literal.Decimal(
            value=sign + text, precision=max(digits, len(fraction)), scale=len(fraction)
        )
        return pb.Expression(literal=Literal(decimal=decimal))
    if _EXPONENT.fullmatch(text):
        return pb.Expression(literal=Literal(double=float(sign + text)))
    raise Unproven("a number in SQL text, written in an unusual form")


def _null(node: exp.Expr) -> pb.Expression:
    check_parts(node)
    return pb.Expression(literal=Literal(null=pb.DataType(null=pb.DataType.NULL())))


def _boolean(node: exp.Expr) -> pb.Expression:
    return pb.Expression(literal=Literal(boolean=bool(node.this)))


def _paren(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this")
    return _read(node.this)


def _is(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expression")
    if not isinstance(node.expression, exp.Null):
        raise Unproven("IS in SQL text")
    return _call("isnull", _read(node.this))


def _not(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this")
    if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        return _call("isnotnull", _read(node.this.this))
    return _call("not", _read(node.this))


def _in(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expressions")
    return _call("in", _read(node.this), *map(_read, node.expressions))


def _between(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "low", "high")
    value = _read(node.this)
    # In capital letters it has no automatic name that is known; it is called otherwise than two comparisons.
    return _call(
        "AND", _call(">=", value, _read(node.args["low"])), _call("<=", value, _read(node.args["high"]))
    )


def _case(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "ifs", "default")
    parts = list[pb.Expression]()
    for one in node.args["ifs"]:
        condition = _read(one.this)
        if node.args.get("this") is not None:
            condition = _call("==", _read(node.this), condition)
        parts += [condition, _read(one.args["true"])]
    default = node.args.get("default")
    return _call("when", *parts, *([] if default is None else [_read(default)]))


def _cast(node: exp.Expr) -> pb.Expression:
    # The dialect calls every cast a try; `safe` is what the author wrote.
    check_parts(node, "this", "to")
    wanted = node.args["to"].sql(dialect="spark").lower()
    return pb.Expression(cast=pb.Expression.Cast(expr=_read(node.this), type_str=wanted))


def _typed(node: exp.Expr) -> pb.Expression:
    """A constant with its type in front (DATE '2020-01-01'), where that is as plain as can be."""
    check_parts(node, "this", "to")
    kind = str(node.args["to"].this.name)
    if not isinstance(node.this, exp.Literal) or not node.this.is_string or kind not in _TIMED:
        return _cast(node)
    pattern, epoch = _TIMED[kind], dt.datetime(1970, 1, 1)
    if not pattern.fullmatch(str(node.this.this)):
        raise Unproven("a date or timestamp in SQL text, written in an unusual form")
    try:
        span = dt.datetime.fromisoformat(str(node.this.this)) - epoch
    except ValueError:
        raise Unproven("an invalid date or timestamp in SQL text") from None
    if kind == "DATE":
        return pb.Expression(literal=Literal(date=span.days))
    return pb.Expression(literal=Literal(timestamp=span // dt.timedelta(microseconds=1)))


_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIMED: Final[Mapping[str, re.Pattern[str]]] = {
    "DATE": re.compile(_DAY),
    "TIMESTAMPTZ": re.compile(_DAY + r"([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?"),
}


def _anonymous(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "expressions")
    arguments, distinct = list(node.expressions), False
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        check_parts(arguments[0], "expressions")
        arguments, distinct = list(arguments[0].expressions), True
    if len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        check_parts(arguments[0])
        star = pb.Expression(unresolved_star=pb.Expression.UnresolvedStar())
        return _call(str(node.this), star, distinct=distinct)
    return _call(str(node.this), *map(_read, arguments), distinct=distinct)


def _alias(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "alias")
    if not isinstance(node.args["alias"], exp.Identifier):
        raise Unproven("an alias with several names in SQL text")
    return pb.Expression(alias=pb.Expression.Alias(expr=_read(node.this), name=[node.args["alias"].name]))


def _star(node: exp.Expr) -> pb.Expression:
    check_parts(node)
    return pb.Expression(unresolved_star=pb.Expression.UnresolvedStar())


def _window(node: exp.Expr) -> pb.Expression:
    check_parts(node, "this", "partition_by", "order", "spec", "over")
    if str(node.args.get("over")) != "OVER":
        raise Unproven("a window in SQL text of another kind")
    window = pb.Expression.Window(window_function=_read(node.this))
    window.partition_spec.extend(map(_read, node.args.get("partition_by") or ()))
    if (order := node.args.get("order")) is not None:
        check_parts(order, "expressions")
        window.order_spec.extend(map(_ordered, order.expressions))
    if (spec := node.args.get("spec")) is not None:
        check_parts(spec, "kind", "start", "start_side", "end", "end_side")
        if str(spec.args["kind"]).lower() != "rows":
            raise Unproven("a window of values in SQL text")
        window.frame_spec.frame_type = pb.Expression.Window.WindowFrame.FRAME_TYPE_ROW
        for side, bound in (("start", window.frame_spec.lower), ("end", window.frame_spec.upper)):
            _set_bound(bound, spec.args.get(side), str(spec.args.get(f"{side}_side") or "").lower())
    return pb.Expression(window=window)


def read_order(node: exp.Expr) -> pb.Expression.SortOrder:
    """An item of ORDER BY.

    Raises:
        Unproven: something of it is not known.
    """
    token = _VALUES.set({})
    try:
        return _ordered(node)
    finally:
        _VALUES.reset(token)


def _ordered(node: exp.Expr) -> pb.Expression.SortOrder:
    check_parts(node, "this", "desc", "nulls_first")
    way = pb.Expression.SortOrder
    return way(
        child=_read(node.this),
        direction=way.SORT_DIRECTION_DESCENDING if node.args.get("desc") else way.SORT_DIRECTION_ASCENDING,
        null_ordering=way.SORT_NULLS_FIRST if node.args.get("nulls_first") else way.SORT_NULLS_LAST,
    )


def _set_bound(
    bound: pb.Expression.Window.WindowFrame.FrameBoundary, end: exp.Expr | str | None, side: str
) -> None:
    if end == "CURRENT ROW":
        bound.current_row = True
    elif end == "UNBOUNDED":
        bound.unbounded = True
    elif isinstance(end, exp.Expr) and side in ("preceding", "following") and _WHOLE.fullmatch(end.name):
        rows = int(end.name)
        if rows > _MOST_INT:
            raise Unproven("a window of very many rows")
        bound.value.literal.integer = -rows if side == "preceding" else rows
    else:
        raise Unproven("a window whose ends are not constants")


_NODES: Final[Mapping[type[exp.Expr], _NodeReader]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Null: _null,
    exp.Boolean: _boolean,
    exp.Paren: _paren,
    exp.Is: _is,
    exp.Not: _not,
    exp.In: _in,
    exp.Between: _between,
    exp.Case: _case,
    exp.Cast: _typed,
    exp.TryCast: _cast,
    exp.Anonymous: _anonymous,
    exp.Alias: _alias,
    exp.Bracket: _bracket,
    exp.Filter: _filter,
    exp.Placeholder: _placeholder,
    exp.Star: _star,
    exp.Window: _window,
    exp.Neg: _negative,
    exp.BitwiseNot: _unary("~"),
    exp.IntDiv: _binary("div"),
    exp.ILike: _binary("ilike"),
    exp.RegexpLike: _binary("rlike"),
    exp.Extract: _extract,
    exp.Substring: _substring,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Overlay: _overlay,
    exp.Lambda: _lambda,
    exp.Identifier: _variable,
    **{kind: _alone(sign) for kind, sign in _ALONE.items()},
    exp.And: _binary("and"),
    exp.Or: _binary("or"),
    exp.Like: _binary("like"),
    exp.EQ: _binary("=="),
    exp.NEQ: lambda node: _call("not", _binary("==")(node)),
    exp.NullSafeEQ: _binary("<=>"),
    exp.LT: _binary("<"),
    exp.LTE: _binary("<="),
    exp.GT: _binary(">"),
    exp.GTE: _binary(">="),
    exp.Add: _binary("+"),
    exp.Sub: _binary("-"),
    exp.Mul: _binary("*"),
    exp.Div: _binary("/"),
    exp.Mod: _binary("%"),
}
