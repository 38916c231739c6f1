"""From the expressions of a plan, and SQL text, to typed ones. Pure."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.spark.native import coercion
from engine.spark.native.functions.combined import COMBINED
from engine.spark.native.functions.formats import DEFAULT, format_of
from engine.spark.native.functions.nested import SPLIT, array_of, bag_of, collect_set, each, elements
from engine.spark.native.functions.patterns import check_pattern, check_replacement
from engine.spark.native.functions.table import (
    LINES,
    MOST_DIGITS,
    PARTS,
    SYNONYMS,
    UNITS,
    find,
)
from engine.spark.native.functions.times import DAYS, NAMES_OF_DAYS
from engine.spark.native.functions.windows import read_window
from engine.spark.native.literals import literal
from engine.spark.native.names import find_column, parts_of
from engine.spark.native.read_sql import read_sql
from engine.spark.native.tree import Call, Column, Expr, FieldAccess, Line, Ref, Value
from engine.spark.native.types import (
    BOOLEAN,
    BYTE,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    NUMBERS,
    SHORT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Struct,
    from_proto,
)
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import column_name, guard

_MOST_DEPTH: Final = 60
Arguments: TypeAlias = tuple[pb.Expression, ...]


@dataclass(frozen=True, slots=True)
class NameScope:
    """What references mean.

    Attributes:
        columns: of the relation below.
        ids: columns of relations of the plan, by their plan ids.
        aggregates: whether aggregate functions may stand here.
        windows: whether window functions may.
        aliases: names of relations of the plan, in small letters.
        grouping: SQL for which keys a row is not grouped by; empty where that means nothing.
        variables: of the lambda functions around, by name: each element in its turn.
    """

    columns: tuple[Column, ...]
    ids: Mapping[int, tuple[Column, ...]] = field(default_factory=dict)
    aggregates: bool = False
    windows: bool = False
    aliases: frozenset[str] = frozenset()
    grouping: str = ""
    variables: Mapping[str, Column] = field(default_factory=dict)


def read(expression: pb.Expression, scope: NameScope, depth: int = 0) -> Expr:
    """The typed expression; aliases say nothing of it.

    Raises:
        Unproven: something of it is not known.
    """
    if depth > _MOST_DEPTH:
        raise Unproven("an expression that nests deeply")
    reader = _READERS.get(expression.WhichOneof("expr_type") or "")
    if reader is None:
        raise Unproven(f"an expression of the kind {expression.WhichOneof('expr_type')}")
    return reader(expression, scope, depth + 1)


def _attribute(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    del depth
    attribute = expression.unresolved_attribute
    if attribute.is_metadata_column:
        raise Unproven("a hidden column")
    name, *inner = parts_of(attribute.unparsed_identifier)
    found: Expr
    if inner and name.lower() in scope.aliases:
        found, inner = _aliased(attribute, name, inner[0], scope), inner[1:]
    else:
        found = _column(attribute, name, scope)
    for part in inner:
        found = _field(found, part)
    return found


def _aliased(attribute: pb.Expression.UnresolvedAttribute, alias: str, name: str, scope: NameScope) -> Ref:
    """The column of a relation that has been given a name."""
    ours = tuple(one for one in scope.columns if one.alias == alias.lower())
    if attribute.HasField("plan_id") or not alias.isascii() or not ours:
        raise Unproven(f"the reference {attribute.unparsed_identifier!r} by the name of a DataFrame")
    return Ref(find_column(ours, name))


def _column(attribute: pb.Expression.UnresolvedAttribute, name: str, scope: NameScope) -> Ref:
    if not attribute.HasField("plan_id"):
        return Ref(find_column(scope.columns, name))
    known = scope.ids.get(attribute.plan_id)
    if known is None:
        raise Unproven("a column of another DataFrame")
    column = find_column(known, name)
    for here in scope.columns:
        if (here.number, here.name) == (column.number, column.name):
            return Ref(here)
    raise Unproven(f"the column {name!r} of an earlier DataFrame, which is not there any more")


_TAKEN: Final = frozenset({BOOLEAN, *NUMBERS, STRING})


def _field(struct: Expr, name: str) -> Expr:
    """A field of a struct; of types for which nothing has to be known of their values."""
    if not isinstance(struct.type, Struct):
        raise Unproven(f"the field {name!r} of a value that is not a struct")
    found = [one for one in struct.type.fields if one[0].lower() == name.lower()]
    if len(found) != 1 or found[0][0] != name or found[0][1] not in _TAKEN:
        raise Unproven(f"the field {name!r}, which is not there or of an unusual type")
    return FieldAccess(struct, *found[0])


def _extract(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    """A field of a struct, or what stands in a map or an array at a constant."""
    step = expression.unresolved_extract_value
    child = read(step.child, scope, depth)
    if not step.extraction.HasField("literal"):
        raise Unproven("a part of a nested value, at a place that is not a constant")
    at = literal(step.extraction.literal)
    if isinstance(child.type, Struct) and isinstance(at.value, str):
        return _field(child, at.value)
    return coercion.call("extract", (child, at))


def _alias(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    if expression.alias.HasField("metadata") or len(expression.alias.name) != 1:
        raise Unproven("an alias with several names or metadata")
    return read(expression.alias.expr, scope, depth)


def _text(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    return read(read_sql(expression.expression_string.expression), scope, depth)


def _cast(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    wanted = expression.cast
    if wanted.eval_mode not in (0, pb.Expression.Cast.EVAL_MODE_ANSI):
        raise Unproven("a cast that gives null for errors")
    if wanted.WhichOneof("cast_to_type") == "type":
        kind = from_proto(wanted.type)
    else:
        found = TYPE_NAMES.get(wanted.type_str.strip().lower())
        if found is None:
            raise Unproven(f"a cast to {wanted.type_str[:40]}")
        kind = found
    return coercion.cast(read(wanted.expr, scope, depth), kind)


# The plain types in words, in small letters.
TYPE_NAMES: Final = {
    "boolean": BOOLEAN, "byte": BYTE, "tinyint": BYTE, "short": SHORT, "smallint": SHORT, "int": INTEGER,
    "integer": INTEGER, "long": LONG, "bigint": LONG, "float": FLOAT, "double": DOUBLE, "string": STRING,
    "date": DATE, "timestamp": TIMESTAMP, "timestamp_ntz": TIMESTAMP_NTZ,
}  # fmt: skip


def _literal(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    del scope, depth
    return literal(expression.literal)


def _window(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    if not scope.windows:
        raise Unproven("a window function in this place")
    below = _below(scope)
    return read_window(expression.window, lambda one: read(one, below, depth))


def _function(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    function = expression.unresolved_function
    if function.is_user_defined_function or function.is_internal:
        raise Unproven("a function of another kind")
    name = function.function_name.lower()
    name = SYNONYMS.get(name, name)
    if " " in name:  # what stands behind it in the table is no part of Spark's name
        raise Unproven("a function of an unusual name")
    if function.is_distinct:
        if name != "count" or len(function.arguments) != 1:
            raise Unproven(f"{name} of distinct values")
        name = "count distinct"
    if name == "grouping_id" and scope.grouping and not function.arguments:
        return Call(Line(name, (), LONG, scope.grouping, nullable="never", aggregate=True), ())
    if name == "count" and len(function.arguments) == 1 and _counts_rows(function.arguments[0]):
        _refuse_aggregate(scope, name)
        return Call(_rows_line(), (Value(1, INTEGER),))
    special = _READ.get(name)
    if special is not None:
        return special(name, tuple(function.arguments), scope, depth)
    return _applied(name, tuple(function.arguments), scope, depth)


def _counts_rows(argument: pb.Expression) -> bool:
    if argument.WhichOneof("expr_type") == "unresolved_star":
        star = argument.unresolved_star
        return not star.HasField("unparsed_target") and not star.HasField("plan_id")
    return argument.HasField("literal") and not argument.literal.HasField("null")


def _rows_line() -> Line:
    line = find("count", (INTEGER,))
    if line is None:
        raise Unproven("the function count")
    return line


def _word(expression: pb.Expression) -> str:
    """A constant text in small letters; empty if it is none."""
    return expression.literal.string.lower() if expression.HasField("literal") else ""


def _constant(expression: pb.Expression, kind: str) -> bool:
    return expression.HasField("literal") and expression.literal.WhichOneof("literal_type") == kind


def _truncated(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """The unit is a part of the line's name."""
    if len(arguments) != 2:
        raise Unproven(f"the function {name}")
    unit, value = arguments if name == "date_trunc" else reversed(arguments)
    word = _word(unit)
    if word not in UNITS:
        raise Unproven(f"{name} to {word or 'a unit that is not a constant'}")
    return coercion.call(f"{name} {word}", (read(value, scope, depth),))


def _place(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """The value of a rank, if there are so few that it is exact."""
    constants = [literal(one.literal).value for one in arguments[1:] if one.HasField("literal")]
    if len(arguments) != 3 or len(constants) != 2:
        raise Unproven("percentile_approx whose percentage is not a constant")
    share, accuracy = constants
    if not isinstance(share, float) or not 0 <= share <= 1:
        raise Unproven("percentile_approx whose percentage is not a constant from 0.0 to 1.0")
    if not isinstance(accuracy, int) or not 0 < accuracy < 2**31:
        raise Unproven("percentile_approx with an unusual accuracy")
    return _applied(name, arguments, scope, depth)


def _matched(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """A regular expression and what goes with it are constants, and plain."""
    if name in ("regexp_extract", "regexp_extract_all") and len(arguments) == 2:
        arguments = (*arguments, pb.Expression(literal=pb.Expression.Literal(integer=1)))
    texts = [one.literal.string if one.literal.HasField("string") else None for one in arguments[1:2]]
    if len(arguments) < 2 or texts[0] is None:
        raise Unproven(f"{name} with a regular expression that is not a constant")
    groups = check_pattern(texts[0])
    last = arguments[2].literal if len(arguments) == 3 else None
    if name in ("regexp_extract", "regexp_extract_all") and not (
        last is not None and last.HasField("integer") and 0 <= last.integer <= groups
    ):
        raise Unproven(f"{name} with a group that is not a constant, or not one of the regular expression")
    if name == "regexp_replace":
        if last is None or not last.HasField("string"):
            raise Unproven("regexp_replace with a replacement that is not a constant")
        check_replacement(last.string)
    return _applied(name, arguments, scope, depth)


def _split(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """At what a plain regular expression matches, however often."""
    del name
    limits = [one.literal.integer if one.literal.HasField("integer") else 0 for one in arguments[2:]]
    if (
        len(arguments) not in (2, 3)
        or limits not in ([], [-1])
        or not arguments[1].literal.HasField("string")
    ):
        raise Unproven("split at a pattern that is not a constant, or with a limit")
    check_pattern(arguments[1].literal.string)
    text = read(arguments[0], scope, depth)
    if text.type != STRING or text.approximate:
        raise Unproven("split of a value that is not text")
    return Call(SPLIT, (text, Value(arguments[1].literal.string, STRING), Value(-1, INTEGER)))


def _collected(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    _refuse_aggregate(scope, name)
    if len(arguments) != 1:
        raise Unproven("the function collect_set")
    value = read(arguments[0], _below(scope), depth)
    line = collect_set(value.type)
    if line is None or value.approximate:
        raise Unproven(f"collect_set of {coercion.describe(value.type)}")
    return Call(line, (value,))


def _rounded(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """How many digits is a part of the line's name."""
    digits, most = 0, MOST_DIGITS if name == "round" else 0
    if len(arguments) == 2 and _constant(arguments[1], "integer"):
        digits = arguments[1].literal.integer
    elif len(arguments) != 1:
        raise Unproven(f"{name} to a number of digits that is not a constant")
    if not 0 <= digits <= most:
        raise Unproven(f"{name} to {digits} digits")
    value = read(arguments[0], scope, depth)
    if name == "bround" and value.type != DOUBLE:  # what it is of other numbers is of their type
        raise Unproven("bround of a value that is not a double")
    return coercion.call(f"{name} {digits}", (value,))


def _seconds(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """The format is for texts; an instant has none."""
    if not arguments or (len(arguments) > 1 and not _constant(arguments[1], "string")):
        raise Unproven(f"{name} of the present time, or with a format that is not a constant")
    return coercion.call(name, (read(arguments[0], scope, depth),))


def _percentile(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """The third argument says how often each row counts: once, if it is left out."""
    constants = [literal(one.literal).value for one in arguments[1:] if one.HasField("literal")]
    share = constants[0] if constants else None
    if len(constants) != len(arguments) - 1 or constants[1:] not in ([], [1]):
        raise Unproven("percentile with frequencies, or whose percentage is not a constant")
    if not isinstance(share, (float, decimal.Decimal)) or not 0 <= share <= 1:
        raise Unproven("percentile whose percentage is not a constant from 0.0 to 1.0")
    return _applied(name, arguments[:2], scope, depth)


def _sorted(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """In which direction is a part of the line's name."""
    if len(arguments) == 1:
        return _applied(name, arguments, scope, depth)
    if len(arguments) != 2 or not _constant(arguments[1], "boolean"):
        raise Unproven("sort_array with a direction that is not a constant")
    name = name if arguments[1].literal.boolean else f"{name} desc"
    return _applied(name, arguments[:1], scope, depth)


def _formatted(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """By a format that is a constant, and plain."""
    if name == "from_unixtime" and len(arguments) == 1:
        pattern = DEFAULT
    elif len(arguments) == 2 and _constant(arguments[1], "string"):
        pattern = arguments[1].literal.string
    else:
        raise Unproven(f"{name} with a format that is not a constant")
    return coercion.call(name, (read(arguments[0], scope, depth), Value(format_of(pattern), STRING)))


def _part(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """A part of a day or an instant, by its name."""
    function = PARTS.get(_word(arguments[0])) if len(arguments) == 2 else None
    if function is None:
        raise Unproven(f"{name} of a part that is not a constant, or not known")
    value = read(arguments[1], scope, depth)
    if value.type not in (DATE, TIMESTAMP, TIMESTAMP_NTZ):
        raise Unproven(f"{name} of {coercion.describe(value.type)}")
    return coercion.call(function, (value,))


def _next_day(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """Which day of the week is a part of the line's name."""
    day = _word(arguments[1])[:3] if len(arguments) == 2 else ""
    if day not in DAYS or _word(arguments[1]) not in (day, day[:2], NAMES_OF_DAYS[DAYS.index(day)]):
        raise Unproven(f"{name} of a day that is not a constant, or not known")
    return coercion.call(f"{name} {day}", (read(arguments[0], scope, depth),))


def _to_date(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """With a format it is known of the usual one."""
    if len(arguments) == 2 and not (
        _constant(arguments[1], "string") and _word(arguments[1]) == "yyyy-mm-dd"
    ):
        raise Unproven(f"{name} with a format")
    value = read(arguments[0], scope, depth)
    if len(arguments) == 2 and (value.type != STRING or arguments[1].literal.string != "yyyy-MM-dd"):
        raise Unproven(f"{name} with a format")
    return coercion.call(name, (value,))


def _encoded(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """In the one encoding that texts have anyway."""
    if len(arguments) != 2 or _word(arguments[1]) != "utf-8":
        raise Unproven(f"{name} in another encoding")
    return coercion.call(name, (read(arguments[0], scope, depth),))


def _without_last(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """The last argument says something that is so anyway, or of what is left to Spark."""
    count, kind, wanted = _SAID[name]
    if len(arguments) > count:
        last = arguments[count].literal
        if len(arguments) > count + 1 or not _constant(arguments[count], kind):
            raise Unproven(f"{name} with unusual arguments")
        if getattr(last, kind) not in wanted:
            raise Unproven(f"{name} with unusual arguments")
        arguments = arguments[:count]
    return _applied(name, arguments, scope, depth)


# Of functions with one more argument that may be left out: how many others there are, and what it may be.
_SAID: Final[Mapping[str, tuple[int, str, tuple[bool, ...]]]] = {
    "mode": (1, "boolean", (False, True)),
    "months_between": (2, "boolean", (True,)),
}


def _cast_by_name(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """A type's name is a function that casts to it."""
    if len(arguments) != 1:
        raise Unproven(f"the function {name}")
    return coercion.cast(read(arguments[0], scope, depth), TYPE_NAMES[name])


def _constant_of(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    del scope, depth
    if arguments:
        raise Unproven(f"the function {name}")
    return Value(math.e if name == "e" else math.pi, DOUBLE)


def _array(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """An array of these values; whether there may be a null in it is a part of its type."""
    values = tuple(read(one, scope, depth) for one in arguments)
    kind = coercion.widest(values)
    if not values or kind not in (BOOLEAN, *NUMBERS, STRING):
        raise Unproven(f"{name} of {coercion.describe(kind)}")
    values = tuple(coercion.cast(one, kind) for one in values)
    if any(one.approximate for one in values):
        raise Unproven(f"{name} of a value whose last bits are not fixed")
    gives = array_of(kind) if any(one.nullable for one in values) else bag_of(kind)
    listed = ", ".join(f"{{{place}}}" for place in range(len(values)))
    line = Line(name, tuple(one.type for one in values), gives, f"[{listed}]", nullable="never")
    return Call(line, values)


def _applied(name: str, arguments: tuple[pb.Expression, ...], scope: NameScope, depth: int) -> Expr:
    below = _below(scope) if _is_aggregate(name) else scope
    values = tuple(_argument(one, below, depth) for one in arguments)
    special = COMBINED.get(name)
    if special is not None:
        return special(values)
    if name in ("greatest", "least", "concat") and len(values) > 2:
        return _chained(name, values)
    made = coercion.call(name, values)
    if made.line.aggregate:
        _refuse_aggregate(scope, name)
    return made


def _argument(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    found = read(expression, scope, depth)
    if isinstance(found, Value) and not _is_literal(expression):
        return replace(found, computed=True)
    return found


def _is_literal(expression: pb.Expression) -> bool:
    if expression.HasField("expression_string"):
        expression = read_sql(expression.expression_string.expression)
    return expression.HasField("literal")


def _below(scope: NameScope) -> NameScope:
    """What may stand within an aggregate function."""
    return NameScope(scope.columns, scope.ids, aliases=scope.aliases)


def _is_aggregate(name: str) -> bool:
    return name in _AGGREGATES


_AGGREGATES: Final = frozenset(line.name for line in LINES.values() if line.aggregate)


def _refuse_aggregate(scope: NameScope, name: str) -> None:
    if not scope.aggregates:
        raise Unproven(f"the aggregate function {name} in this place")


def _chained(name: str, values: tuple[Expr, ...]) -> Expr:
    kind = coercion.widest(values)
    made = coercion.cast(values[0], kind)
    for value in values[1:]:
        made = coercion.call(name, (made, coercion.cast(value, kind)))
    return made


def _with_lambda(name: str, arguments: Arguments, scope: NameScope, depth: int) -> Expr:
    """A function of each element of an array, which may not raise an error."""
    if len(arguments) != 2 or not arguments[1].HasField("lambda_function"):
        raise Unproven(f"{name} with unusual arguments")
    array, step = read(arguments[0], scope, depth), arguments[1].lambda_function
    held = elements(array.type)
    names = [list(one.name_parts) for one in step.arguments]
    if held is None or held[0] not in (BOOLEAN, *NUMBERS, STRING) or len(names) != 1 or len(names[0]) != 1:
        raise Unproven(f"{name} of unusual values, or with the place of each")
    [[variable]] = names
    # Numbers of columns are small; lambda functions inside of one another have different depths.
    element = Column(_FIRST_VARIABLE + depth, variable, held[0], held[1])
    body = read(
        step.function, replace(_below(scope), variables={**scope.variables, variable: element}), depth
    )
    if guard(body) is not None or body.approximate:
        raise Unproven(f"{name} with what may raise an error, or whose last bits are not fixed")
    if name != "transform" and body.type != BOOLEAN:
        raise Unproven(f"{name} with a condition that is not Boolean")
    line = each(name, array.type, body, column_name(element))
    if line is None:
        raise Unproven(f"{name} to {coercion.describe(body.type)}")
    return Call(line, (array, body))


_FIRST_VARIABLE: Final = 1_000_000


def _variable(expression: pb.Expression, scope: NameScope, depth: int) -> Expr:
    del depth
    parts = list(expression.unresolved_named_lambda_variable.name_parts)
    found = scope.variables.get(parts[0]) if len(parts) == 1 else None
    if found is None:
        raise Unproven("a variable of a lambda function that is not known")
    return Ref(found)


# Functions some of whose arguments have to be constants, or say what the others are.
_READ: Final[Mapping[str, Callable[[str, Arguments, NameScope, int], Expr]]] = {
    **dict.fromkeys(("round", "bround"), _rounded),
    "unix_timestamp": _seconds,
    "percentile": _percentile,
    "percentile_approx": _place,
    **dict.fromkeys(("rlike", "regexp_extract", "regexp_replace", "regexp_count", "regexp_substr"), _matched),
    "regexp_extract_all": _matched,
    "sort_array": _sorted,
    "split": _split,
    "collect_set": _collected,
    **dict.fromkeys(("date_trunc", "trunc"), _truncated),
    **dict.fromkeys(("date_format", "from_unixtime"), _formatted),
    "date_part": _part,
    "next_day": _next_day,
    "to_date": _to_date,
    "encode": _encoded,
    **dict.fromkeys(_SAID, _without_last),
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint", "float", "double", "string"), _cast_by_name),
    **dict.fromkeys(("boolean", "date", "timestamp"), _cast_by_name),
    **dict.fromkeys(("e", "pi"), _constant_of),
    "array": _array,
    **dict.fromkeys(("transform", "filter", "exists", "forall"), _with_lambda),
}
SPECIAL: Final = frozenset(COMBINED) | frozenset(_READ)
_READERS: Final[Mapping[str, Callable[[pb.Expression, NameScope, int], Expr]]] = {
    "unresolved_attribute": _attribute,
    "alias": _alias,
    "expression_string": _text,
    "cast": _cast,
    "unresolved_extract_value": _extract,
    "literal": _literal,
    "unresolved_function": _function,
    "window": _window,
    "unresolved_named_lambda_variable": _variable,
}
