"""Calls that DuckDB writes differently from case to case. Trusted side, pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sqlglot import exp

from engine.snowflake.text.duckdb_table import DATE_PARTS, DEFAULTS, EPOCHS, FORMAT_ELEMENTS, INTERVALS, TEXTS
from engine.snowflake.text.expression_writer import Parts, joined

Over = Callable[[], Parts]
# Gives the parts of a call, or None if there is no equal of it.
Handler: TypeAlias = "Callable[[exp.Expr, Over], Parts | None]"

_WHOLE: Final = "'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'"


def is_text(node: exp.Expr) -> bool:
    """Whether a value is surely text."""
    match node:
        case exp.Literal():
            return bool(node.args.get("is_string"))
        case exp.Cast() | exp.TryCast():
            return bool(node.args["to"].this.value == "VARCHAR")
        case exp.Anonymous():
            return node.this in TEXTS
    return isinstance(node, exp.DPipe)


def as_text(node: exp.Expr) -> Parts:
    """A value as text: whole doubles without a point, times with milliseconds."""
    if is_text(node):
        yield node
        return
    yield "CASE typeof("
    yield node
    yield ") WHEN 'DOUBLE' THEN regexp_replace(CAST("
    yield node
    yield " AS VARCHAR), '\\.0$', '') WHEN 'TIMESTAMP' THEN strftime(CAST(CAST("
    yield node
    yield " AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g') ELSE CAST("
    yield node
    yield " AS VARCHAR) END"


def as_boolean(node: exp.Expr) -> Parts:
    """A number as a truth value: rounded first."""
    yield "CAST(ROUND(CAST("
    yield node
    yield " AS DOUBLE)) AS BOOLEAN)"


def without_defaults(node: exp.Expr) -> list[exp.Expr]:
    """The arguments of a call, without those at its end that Snowpark writes out and that change nothing."""
    arguments = list(node.expressions)
    fewest, defaults = DEFAULTS.get(node.this, (len(arguments), ()))
    while len(arguments) > fewest and _constant(arguments[-1]) == defaults[len(arguments) - 1 - fewest]:
        arguments.pop()
    return arguments


def _constant(node: exp.Expr) -> str:
    """A constant as text, CAST(1 AS NUMBER) as well, which is how Snowpark writes them; "" for others."""
    while type(node) is exp.Cast:
        node = node.this
    return str(node.this) if isinstance(node, exp.Literal) else ""


def any_null(nodes: list[exp.Expr]) -> Parts:
    """Whether one of several values is null."""
    for index, node in enumerate(nodes):
        if index:
            yield " OR "
        yield node
        yield " IS NULL"


def translated_format(node: exp.Expr) -> str | None:
    """A format of dates in DuckDB's signs; None if something in it is not known."""
    if not isinstance(node, exp.Literal) or not node.args.get("is_string"):
        return None
    text, written, place = str(node.this), "", 0
    while place < len(text):
        for element, sign in FORMAT_ELEMENTS:
            if text[place : place + len(element)].upper() == element:
                written, place = written + sign, place + len(element)
                break
        else:
            if text[place].isalnum() or text[place] in "%\"'\\":
                return None
            written, place = written + text[place], place + 1
    return written


def _concat(node: exp.Expr, _over: Over) -> Parts:
    yield "("
    for index, argument in enumerate(node.expressions):
        if index:
            yield " || "
        yield from as_text(argument)
    yield ")"


def _decode(node: exp.Expr, _over: Over) -> Parts:
    subject, *rest = node.expressions
    yield "CASE"
    for place in range(0, len(rest) - 1, 2):
        yield " WHEN "
        yield subject
        yield " IS NOT DISTINCT FROM "
        yield rest[place]
        yield " THEN "
        yield rest[place + 1]
    if len(rest) % 2:
        yield " ELSE "
        yield rest[-1]
    yield " END"


def _count_several(node: exp.Expr, over: Over) -> Parts:
    """COUNT(a, b) and COUNT(DISTINCT a, b) leave out rows with a null in any of them."""
    first = node.expressions[0]
    distinct = isinstance(first, exp.Distinct)
    values = first.expressions if distinct else node.expressions
    yield "COUNT(DISTINCT CASE WHEN " if distinct else "COUNT(CASE WHEN "
    yield from any_null(values)
    yield " THEN NULL ELSE "
    if distinct:
        yield "ROW("
        yield from joined(values)
        yield ")"
    else:
        yield "1"
    yield " END)"
    yield from over()


def _date_add(node: exp.Expr, _over: Over) -> Parts | None:
    unit = INTERVALS.get(node.expressions[0].this)
    return None if unit is None else _add(node, unit)


def _add(node: exp.Expr, unit: str) -> Parts:
    yield "("
    yield node.expressions[2]
    yield " + CAST("
    yield node.expressions[1]
    yield f" AS BIGINT) * INTERVAL '{unit}')"


def _date_diff(node: exp.Expr, _over: Over) -> Parts | None:
    part, start, end = node.expressions
    if part.this in ("week", "weekiso"):  # how many Mondays lie between
        monday = ", date_trunc('week', "
        return iter(("CAST(date_diff('day'", monday, start, ")", monday, end, ")) / 7 AS BIGINT)"))
    return _part_call("date_diff", part.this, node) if part.this in INTERVALS else None


def _date_part(node: exp.Expr, _over: Over) -> Parts | None:
    part = node.expressions[0].this
    if part == "epoch_second":
        return iter(("CAST(floor(epoch(", node.expressions[1], ")) AS BIGINT)"))
    if part in EPOCHS:
        return iter((f"{EPOCHS[part]}(", node.expressions[1], ")"))
    known = DATE_PARTS.get(part)
    return _part_call("date_part", known, node) if known else None


def _date_trunc(node: exp.Expr, _over: Over) -> Parts | None:
    part = node.expressions[0].this
    return _part_call("date_trunc", part, node) if part in INTERVALS and len(node.expressions) == 2 else None


def _part_call(name: str, part: str, node: exp.Expr) -> Parts:
    yield f"{name}('{part}', "
    yield from joined(node.expressions[1:])
    yield ")"


def _to_text(node: exp.Expr, _over: Over) -> Parts | None:
    if len(node.expressions) == 1:
        return as_text(node.expressions[0])
    signs = translated_format(node.expressions[1])
    return None if signs is None else iter(("strftime(", node.expressions[0], f", '{signs}')"))


def _parse_date(node: exp.Expr, _over: Over) -> Parts | None:
    signs = translated_format(node.expressions[1]) if len(node.expressions) == 2 else None
    if signs is None:
        return None
    name, target = node.this, "DATE" if node.this.endswith("DATE") else "TIMESTAMP"
    call = "try_strptime" if name.startswith("TRY_") else "strptime"
    return iter((f"CAST({call}(", node.expressions[0], f", '{signs}') AS {target})"))


def _timestamp(node: exp.Expr, over: Over) -> Parts | None:
    """A time of a text, a date, a time, or a whole number of seconds."""
    if len(node.expressions) == 2:
        return _parse_date(node, over)
    value = node.expressions[0]
    return iter(
        (
            "CASE WHEN typeof(", value, f") IN ({_WHOLE}) THEN make_timestamp(1000000 * TRY_CAST("
            "CAST(", value, " AS VARCHAR) AS BIGINT)) WHEN typeof(", value, ") IN ('DOUBLE', 'FLOAT') OR "
            "typeof(", value, ") LIKE 'DECIMAL%' THEN error('TO_TIMESTAMP takes whole numbers here') ELSE "
            "CAST(CAST(", value, " AS VARCHAR) AS TIMESTAMP) END",
        )
    )  # fmt: skip


def _to_number(node: exp.Expr, _over: Over) -> Parts | None:
    value, *numbers = node.expressions
    if len(numbers) > 2 or any(
        not isinstance(one, exp.Literal) or one.args.get("is_string") for one in numbers
    ):
        return None
    precision, scale = ([str(one.this) for one in numbers] + ["38", "0"][len(numbers) :])[:2]
    cast = "TRY_CAST" if node.this.startswith("TRY_") else "CAST"
    if (precision, scale) == ("38", "0"):
        return iter((f"CAST({cast}(", value, " AS DECIMAL(38, 0)) AS BIGINT)"))
    return iter((f"{cast}(", value, f" AS DECIMAL({precision}, {scale}))"))


def _regexp_substr(node: exp.Expr, _over: Over) -> Parts | None:
    """REGEXP_SUBSTR(text, pattern, 1, 1, 'e', group), as Snowpark's regexp_extract writes it."""
    text, pattern, *rest = node.expressions
    told = [_constant(one) for one in rest]
    if (
        told[:2] != ["1", "1"]
        or told[2:3] not in ([], ["c"], ["e"])
        or (told[3:] and not told[3].isdecimal())
    ):
        return None
    group = told[3] if told[3:] else "1" if told[2:] == ["e"] else "0"
    return iter(
        (
            "CASE WHEN regexp_matches(",
            text,
            ", ",
            pattern,
            ") THEN regexp_extract(",
            text,
            ", ",
            pattern,
            f", {group}) END",
        )
    )


HANDLERS: Final[dict[str, Handler]] = {
    "CONCAT": _concat,
    "COUNT": _count_several,
    "DATEADD": _date_add,
    "DATEDIFF": _date_diff,
    "DATE_PART": _date_part,
    "DATE_TRUNC": _date_trunc,
    "DECODE": _decode,
    "REGEXP_SUBSTR": _regexp_substr,
    "TIMEADD": _date_add,
    "TIMEDIFF": _date_diff,
    "TIMESTAMPADD": _date_add,
    "TIMESTAMPDIFF": _date_diff,
    "TO_CHAR": _to_text,
    "TO_DATE": _parse_date,
    "TO_DECIMAL": _to_number,
    "TO_NUMBER": _to_number,
    "TO_NUMERIC": _to_number,
    "TO_TIMESTAMP": _timestamp,
    "TO_TIMESTAMP_NTZ": _timestamp,
    "TO_VARCHAR": _to_text,
    "TRY_TO_DATE": _parse_date,
    "TRY_TO_DECIMAL": _to_number,
    "TRY_TO_NUMBER": _to_number,
    "TRY_TO_NUMERIC": _to_number,
}
