"""From typed expressions to DuckDB's SQL, and to the conditions under which they are not proven. Pure.

The SQL holds no names of authors: columns are c0, c1, ... and every constant is cast to its type.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from engine.spark.native.functions.lines import normal
from engine.spark.native.tree import (
    Call,
    CaseWhen,
    Coalesce,
    Column,
    Expr,
    FieldAccess,
    In,
    Line,
    Ref,
    Value,
    WindowFunction,
    aggregates,
    children,
)
from engine.spark.native.types import FLOATS, SparkType, duckdb_name
from engine.spark.native.unproven import Unproven

# More would take DuckDB's parser long; guards repeat what they guard.
MOST_CHARS: Final = 200_000


def write(expression: Expr) -> str:
    """An expression in SQL.

    Raises:
        Unproven: it would be too long.
    """
    match expression:
        case Ref(column):
            return column_name(column)
        case Value():
            return constant(expression)
        case Call(line, arguments):
            return _filled(line.sql, [write(one) for one in arguments])
        case CaseWhen(branches, otherwise, kind):
            written = [(write(condition), write(value)) for condition, value in branches]
            return _case(written, None if otherwise is None else write(otherwise), kind)
        case Coalesce(arguments, _):
            return _short(f"coalesce({', '.join(map(write, arguments))})")
        case FieldAccess(struct, name, kind):
            return f"CAST(struct_extract({write(struct)}, {quoted(name)}) AS {duckdb_name(kind)})"
        case WindowFunction():
            return _filled(
                expression.line.sql, [write(one) for one in expression.arguments], _over(expression)
            )
        case In(value, options):
            return _short(f"({write(value)} IN ({', '.join(map(write, options))}))")


def guard(expression: Expr) -> str | None:
    """A condition that holds where Spark raises, or where an expression is not proven; None: nowhere.

    Of the branches of CASE the one counts that is taken. Aggregate functions have guards of their own.
    """
    match expression:
        case Ref() | Value():
            return None
        case FieldAccess(struct):
            return guard(struct)
        case Call(line, arguments):
            if line.aggregate:
                return None
            return any_of([*(guard(one) for one in arguments), *_own_guard(line, arguments)])
        case CaseWhen(branches, otherwise, _):
            first = guard(branches[0][0])
            rest = _guard_of_branches(branches, otherwise)
            return any_of([first, rest])
        case Coalesce(arguments, _):
            return any_of([guard(one) for one in arguments])
        case In(value, options):
            return any_of([guard(one) for one in (value, *options)])
        case WindowFunction():
            below = [guard(one) for one in children(expression)]
            own = _own_guard(expression.line, expression.arguments, _over(expression))
            return any_of([*below, *own, *([_ties(expression)] if expression.unique else [])])


def any_of(conditions: Sequence[str | None]) -> str | None:
    """One of the conditions, null meaning no; None if there is none."""
    known = [one for one in conditions if one is not None]
    if not known:
        return None
    return _short("(" + " OR ".join(f"coalesce({one}, false)" for one in known) + ")")


def column_name(column: Column) -> str:
    """What a column is called in the SQL."""
    return f"c{column.number}"


def constant(value: Value) -> str:
    """A constant in SQL, cast to its type."""
    name = duckdb_name(value.type)
    if name is None:
        raise Unproven("a constant of a nested type")
    return f"CAST({_bare(value)} AS {name})"


def quoted(text: str) -> str:
    """A text as a literal of DuckDB's SQL; raises `Unproven` for unusual characters."""
    if "\0" in text:
        raise Unproven("a text with unusual characters")
    return "'" + text.replace("'", "''") + "'"


def aggregate_guard(expression: Expr) -> str | None:
    """The same of the aggregate functions in an expression, which Spark computes whatever becomes of them.

    It is an aggregate itself, over the rows that they are computed of.
    """
    found = []
    for call in aggregates(expression):
        found += _own_guard(call.line, call.arguments)
        rows = any_of([guard(one) for one in call.arguments])
        found += [] if rows is None else [f"bool_or({rows})"]
    return any_of(found)


def _own_guard(line: Line, arguments: Sequence[Expr], over: str = "") -> list[str]:
    return [_filled(line.raises, [write(one) for one in arguments], over)] if line.raises else []


def _guard_of_branches(branches: Sequence[tuple[Expr, Expr]], otherwise: Expr | None) -> str | None:
    """Whether the branch that is taken is guarded, or a condition on the way to it."""
    condition, value = branches[0]
    here, later = guard(value), _later(branches[1:], otherwise)
    if here is None and later is None:
        return None
    return _short(f"(CASE WHEN {write(condition)} THEN {here or 'false'} ELSE {later or 'false'} END)")


def _later(branches: Sequence[tuple[Expr, Expr]], otherwise: Expr | None) -> str | None:
    if not branches:
        return None if otherwise is None else guard(otherwise)
    return any_of([guard(branches[0][0]), _guard_of_branches(branches, otherwise)])


def _case(branches: Sequence[tuple[str, str]], otherwise: str | None, kind: SparkType) -> str:
    del kind  # every value has it already
    parts = [f"WHEN {condition} THEN {value}" for condition, value in branches]
    last = "" if otherwise is None else f" ELSE {otherwise}"
    return _short(f"(CASE {' '.join(parts)}{last} END)")


def _over(window: WindowFunction, *, peers: bool = False) -> str:
    """What stands behind OVER; the rows that are equal in the order to each one if `peers`."""
    parts = []
    if window.partition:
        keys = [normal(key.type, write(key)) for key in window.partition]
        parts.append(f"PARTITION BY {', '.join(keys)}")
    if window.order:
        keys = [f"{normal(key.type, write(key))} {way}" for key, way in window.order]
        parts.append(f"ORDER BY {', '.join(keys)}")
    # GROUPS of the current row alone are its peers.
    parts += ["GROUPS BETWEEN CURRENT ROW AND CURRENT ROW" if peers else window.frame]
    return f"({' '.join(part for part in parts if part)})"


def _ties(window: WindowFunction) -> str:
    """Whether a row has others that are equal in the order, and not in all that there is."""
    over = _over(window, peers=True)
    several = f"(count(*) OVER {over}) > 1"
    if not window.rows:
        return several
    parts = list[str]()
    for column in window.rows:
        name = column_name(column)
        parts.append(name)
        parts += [f"signbit({name})"] if column.type in FLOATS else []  # zeros of either sign are equal
    whole = f"ROW({', '.join(parts)})"
    return f"({several} AND {whole} IS DISTINCT FROM (first_value({whole}) OVER {over}))"


def _filled(template: str, arguments: Sequence[str], over: str = "") -> str:
    values: Mapping[str, str] = {str(place): text for place, text in enumerate(arguments)} | {"over": over}
    filled = template
    parts = []
    while filled:
        before, brace, rest = filled.partition("{")
        parts.append(before)
        if brace:
            place, _, filled = rest.partition("}")
            parts.append(values[place])
        else:
            filled = ""
    return _short(f"({''.join(parts)})")


def _short(text: str) -> str:
    if len(text) > MOST_CHARS:
        raise Unproven("an expression that is too long")
    return text


def _bare(value: Value) -> str:
    match value.value:
        case None:
            return "NULL"
        case bool(truth):
            return "true" if truth else "false"
        case float(number):
            return f"'{number!r}'"
        case dt.datetime() as instant:
            return f"'{instant.isoformat(sep=' ', timespec='microseconds')}'"
        case dt.date() as day:
            return f"'{day.isoformat()}'"
        case str(text):
            return quoted(text)
        case number:
            return f"'{number}'"
