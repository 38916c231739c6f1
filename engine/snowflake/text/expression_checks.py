"""Checks of the nodes that expressions are made of. Trusted side, pure."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text.caps import MAX_DIGITS, MAX_STRING
from engine.snowflake.text.date_parts import settle_parts
from engine.snowflake.text.functions import check_call
from engine.snowflake.text.refusals import refused

_NUMBER: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_UNITS: Final = frozenset({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"})
_PLURALS: Final = {f"{unit}S": unit for unit in _UNITS}
_STEP: Final = re.compile(r"-?\d{1,9}")
_MOST_STEPS: Final = 8
_BOUNDS: Final = frozenset({"UNBOUNDED", "CURRENT ROW"})
_SIDES: Final = frozenset({"PRECEDING", "FOLLOWING"})
_AFTER_CALLS: Final = (exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)


def admit_column(node: exp.Expr) -> None:
    """A name of a column, or all of them."""
    if not isinstance(node.this, exp.Identifier | exp.Star):
        raise PlanRefused(
            "sql-refused", "numbers of columns ($1) and variables are refused", "name the column"
        )


def admit_call(node: exp.Expr) -> None:
    """A call: its name is looked up before anything in it."""
    name = node.this
    if not isinstance(name, str) or not name.isascii():
        raise PlanRefused(
            "function-refused",
            f"the function {str(getattr(name, 'name', name))[:60]!r} is refused: "
            "its name is not a plain word",
            "write the names of functions without quotes",
        )
    arguments = node.expressions
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        arguments = arguments[0].expressions
    check_call(name.upper(), len(arguments))
    node.set("this", name.upper())


def call(node: exp.Expr) -> None:
    """A call, with its arguments and what is around it."""
    name, arguments = node.this, node.expressions
    rule = check_call(name, 0 if not arguments else max(len(arguments), _distinct_count(arguments)))
    kinds = [type(argument) for argument in arguments]
    if exp.Distinct in kinds and (rule.kind != "aggregate" or len(kinds) > 1):
        raise PlanRefused("function-refused", f"{name} does not take DISTINCT here", "put DISTINCT first")
    stars = [
        one for one in arguments if isinstance(one, exp.Star) or isinstance(one.args.get("this"), exp.Star)
    ]
    if stars and (name != "COUNT" or kinds != [exp.Star]):
        raise PlanRefused("function-refused", f"{name} does not take *", "name the columns")
    settle_parts(node)
    around = node.parent
    while isinstance(around, _AFTER_CALLS):
        around = around.parent
    if around is not None and isinstance(around, exp.Window) and _called(around) is node:
        if rule.kind not in ("aggregate", "window"):
            raise PlanRefused("function-refused", f"{name} is not computed over a window", "leave OVER out")
    elif rule.kind == "window":
        raise PlanRefused("function-refused", f"{name} needs a window", "add .over(Window...)")
    elif around is not node.parent and rule.kind != "aggregate":
        raise PlanRefused(
            "function-refused", f"{name} is not an aggregate", "leave WITHIN GROUP and NULLS out"
        )


def _distinct_count(arguments: list[exp.Expr]) -> int:
    return len(arguments[0].expressions) if isinstance(arguments[0], exp.Distinct) else 0


def _called(window: exp.Expr) -> exp.Expr:
    inner: exp.Expr = window.this
    while isinstance(inner, _AFTER_CALLS):
        inner = inner.this
    return inner


def star(node: exp.Expr) -> None:
    """All columns, without some or with other names for some."""
    above = node.parent.parent if node.parent is not None else None
    if node.args and any(isinstance(one, exp.Anonymous) for one in (node.parent, above)):
        raise refused("* has parts that are not allowed there")
    for part, wanted in (("except_", exp.Column), ("rename", exp.Alias)):
        for one in node.args.get(part, ()):
            named = one.this if isinstance(one, exp.Alias) else one
            if type(one) is not wanted or not isinstance(named, exp.Column) or set(named.args) != {"this"}:
                raise refused("EXCLUDE and RENAME name columns")


def distinct(node: exp.Expr) -> None:
    """DISTINCT of a SELECT, without columns, or of a call, with arguments."""
    if bool(node.expressions) != isinstance(node.parent, exp.Anonymous):
        raise refused("DISTINCT stands where it is not understood")


def alias(node: exp.Expr) -> None:
    """A value with a name."""
    if not isinstance(node.args.get("alias"), exp.Identifier):
        raise refused("a name after AS is missing")


def literal(node: exp.Expr) -> None:
    """A text or a number."""
    if not node.args.get("is_string"):
        if not _NUMBER.fullmatch(node.this) or len(node.this) > MAX_DIGITS:
            raise refused(f"{node.this[:40]!r} is not read as a number")
        node.set("this", node.this.upper())
        return
    if len(node.this) > MAX_STRING:
        raise PlanRefused(
            "plan-too-large",
            f"a text of {len(node.this):,} characters is too long",
            f"{MAX_STRING:,} are allowed",
        )
    for letter in node.this:
        code = ord(letter)
        if (code < 32 and letter not in "\t\n\r") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
            raise PlanRefused(
                "sql-character",
                f"a text holds the character U+{code:04X}, which has no place in a query",
                "leave it out",
            )


def hexadecimal(node: exp.Expr) -> None:
    """Bytes as X'00ff'."""
    if not _HEX.fullmatch(str(node.this)):
        raise refused("X'...' holds pairs of hexadecimal digits")


def tuple_(node: exp.Expr) -> None:
    """Values in parentheses."""
    if not node.expressions and not isinstance(node.parent, exp.GroupingSets):
        raise refused("() holds nothing")


def case(node: exp.Expr) -> None:
    """CASE."""
    if not node.args.get("ifs"):
        raise refused("CASE has no WHEN")


def is_(node: exp.Expr) -> None:
    """IS."""
    if not isinstance(node.args.get("expression"), exp.Null | exp.Boolean):
        raise refused("IS stands before NULL, TRUE or FALSE")


def escape(node: exp.Expr) -> None:
    """LIKE with ESCAPE."""
    mark = node.args.get("expression")
    if not isinstance(node.this, exp.Like | exp.ILike):
        raise refused("ESCAPE belongs to LIKE")
    if (
        mark is None
        or not isinstance(mark, exp.Literal)
        or not mark.args.get("is_string")
        or len(mark.this) != 1
    ):
        raise refused("ESCAPE stands before one character")


def bracket(node: exp.Expr) -> None:
    """An item of an array or an object."""
    if len(node.expressions) != 1 or isinstance(
        node.expressions[0], exp.Slice | exp.Alias | exp.Tuple | exp.Star
    ):
        raise refused("one number or key stands in [ ]", "use GET")
    if node.this is None:
        raise refused("[ ] makes an array", "use ARRAY_CONSTRUCT")


def interval(node: exp.Expr) -> None:
    """INTERVAL '2 days'."""
    value, unit = node.this, node.args.get("unit")
    if not isinstance(value, exp.Literal):
        raise refused("this interval is not understood", "write INTERVAL '2 days', or use dateadd")
    text = f"{value.this} {getattr(unit, 'name', '') or ''}".strip().upper()
    steps = list[str]()
    for step in text.split(","):
        number, _, name = step.strip().partition(" ")
        name = _PLURALS.get(name, name)
        if not _STEP.fullmatch(number) or name not in _UNITS or len(steps) == _MOST_STEPS:
            raise refused("this interval is not understood", "write INTERVAL '2 days', or use dateadd")
        steps.append(f"{number} {name}")
    value.set("this", ", ".join(steps))
    value.set("is_string", True)
    node.args.pop("unit", None)


def after_call(node: exp.Expr) -> None:
    """IGNORE NULLS, RESPECT NULLS."""
    if not isinstance(node.this, exp.Anonymous | exp.WithinGroup):
        raise refused("IGNORE NULLS follows a call")


def within_group(node: exp.Expr) -> None:
    """WITHIN GROUP (ORDER BY ...)."""
    if not isinstance(node.this, exp.Anonymous) or not isinstance(node.args.get("expression"), exp.Order):
        raise refused("WITHIN GROUP (ORDER BY ...) follows a call")


def window(node: exp.Expr) -> None:
    """A call over a window."""
    if not isinstance(_called(node), exp.Anonymous) or str(node.args.get("over") or "OVER").upper() != "OVER":
        raise refused("OVER follows a call")
    node.args.pop("over", None)


def window_rows(node: exp.Expr) -> None:
    """Which rows of a window count."""
    kind = str(node.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE"):
        raise refused("a window's rows are given by ROWS or RANGE")
    node.set("kind", kind)
    if node.args.get("end") is None:
        node.set("end", "CURRENT ROW")
    for end in ("start", "end"):
        bound, side = node.args.get(end), str(node.args.get(f"{end}_side") or "").upper()
        word = bound.upper() if isinstance(bound, str) else ""
        if isinstance(bound, str) and word not in _BOUNDS:
            raise refused("the bounds of a window are not understood")
        if type(bound) not in (str, exp.Literal, exp.Interval, exp.Cast):
            raise refused("the bounds of a window are constants")
        if (side not in _SIDES) != (word == "CURRENT ROW"):
            raise refused("the bounds of a window are not understood")
        if word:
            node.set(end, word)
        if side:
            node.set(f"{end}_side", side)
