"""Columns by their names: Spark's rules for references, and the names that it makes itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native.functions.table import SYNONYMS
from engine.spark.native.read_sql import read_sql
from engine.spark.native.tree import Column
from engine.spark.native.unproven import Unproven

_QUOTED: Final = re.compile(r"`((?:[^`]|``)+)`")
# Functions whose automatic names are their own, with their arguments' in parentheses.
_CALLS: Final = frozenset(
    {
        "avg", "sum", "min", "max", "count", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp",
        "var_pop", "corr", "covar_samp", "covar_pop", "median", "count_if", "coalesce", "nanvl", "abs",
        "greatest", "least", "lower", "upper", "length", "trim", "concat", "year", "month", "hour",
        "dayofweek", "datediff", "isnan", "skewness", "kurtosis", "regr_slope", "regr_r2", "grouping_id",
        "bool_and", "bool_or", "size", "array_contains", "array_distinct", "element_at",
        "percentile", "percentile_approx", "negative", "round", "bround",
        "bit_count", "bit_get", "shiftleft", "shiftright", "shiftrightunsigned", "pmod",
        "factorial", "rint", "width_bucket", "try_add", "try_subtract",
        "try_multiply", "try_mod", "try_divide", "bin", "hex", "ascii", "octet_length", "bit_length", "instr",
        "find_in_set", "levenshtein", "left", "right", "split_part", "substring_index", "elt", "initcap",
        "repeat", "space", "reverse", "translate", "overlay", "regexp_count", "regexp_substr", "md5", "sha1",
        "sha2", "base64", "unhex", "unbase64", "add_months", "last_day", "date_from_unix_date", "unix_date",
        "make_date", "dayname", "monthname", "unix_seconds", "unix_millis", "unix_micros", "bit_and",
        "bit_or", "bit_xor", "try_sum", "try_avg", "regr_count", "regr_avgx", "regr_avgy", "regr_sxx",
        "regr_syy",
        "regr_sxy", "regr_intercept", "max_by", "min_by", "array_size", "array_append", "array_prepend",
        "array_position", "array_remove", "array_max", "array_min", "array_intersect", "array_except",
        "array_union", "arrays_overlap", "flatten", "get", "slice", "map_values", "map_contains_key",
        "timestamp_seconds", "timestamp_millis", "timestamp_micros",
    }
)  # fmt: skip
# How types are written in the names of casts.
_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "int": "INT", "integer": "INT", "long": "BIGINT", "bigint": "BIGINT", "double": "DOUBLE",
        "float": "FLOAT", "string": "STRING", "boolean": "BOOLEAN", "date": "DATE",
    }
)  # fmt: skip
_OPERATORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{sign: sign for sign in ("+", "-", "*", "/", "%", "<", "<=", ">", ">=", "<=>")},
        "==": "=",
        "=": "=",
        "and": "AND",
        "or": "OR",
    }
)


def parts_of(identifier: str) -> tuple[str, ...]:
    """The parts of a reference's name."""
    found, rest = list[str](), identifier
    while True:
        if quoted := _QUOTED.match(rest):
            part, rest = quoted[1].replace("``", "`"), rest[quoted.end() :]
        else:
            part = rest.partition(".")[0]
            rest = rest[len(part) :] if "`" not in part else part
        if not part or (rest and rest[0] != "."):
            raise Unproven(f"the reference {identifier!r} is written in an unusual way")
        found.append(part)
        if not rest:
            return tuple(found)
        rest = rest[1:]


def part_of(identifier: str) -> str:
    """The one part of a reference's name."""
    parts = parts_of(identifier)
    if len(parts) > 1:
        raise Unproven(f"the reference {identifier!r} has several parts")
    return parts[0]


def find_column(columns: Sequence[Column], name: str) -> Column:
    """The column that a name means; Spark does not tell small from capital letters."""
    wanted = name.lower()
    if not name.isascii() or any(column.name is None for column in columns):
        # A column without a known name may be the one that is meant, or make the name ambiguous.
        raise Unproven(f"the column {name!r} among names that are not all known")
    found = [column for column in columns if column.name is not None and column.name.lower() == wanted]
    if len(found) != 1:
        raise Unproven(f"the column {name!r} is " + ("ambiguous" if found else "not there"))
    return found[0]


def is_automatic(expression: pb.Expression) -> bool:
    """Whether Spark makes the name of the column of an expression, and says so."""
    match expression.WhichOneof("expr_type"):
        case "expression_string":
            return is_automatic(read_sql(expression.expression_string.expression))
        case "cast":
            return not bool(expression.cast.expr.HasField("unresolved_attribute"))
        case "unresolved_function" | "literal" | "window":
            return True
    return False


def automatic_name(expression: pb.Expression) -> str | None:
    """The name that Spark gives the column of an expression; None if it is not known for sure."""
    match expression.WhichOneof("expr_type"):
        case "alias":
            named = expression.alias
            return named.name[0] if len(named.name) == 1 else None
        case "unresolved_attribute":
            try:
                return parts_of(expression.unresolved_attribute.unparsed_identifier)[-1]
            except Unproven:
                return None
        case "cast" if expression.cast.expr.WhichOneof("expr_type") == "unresolved_attribute":
            # That of a field of a struct has all of it in its name.
            plain = "." not in expression.cast.expr.unresolved_attribute.unparsed_identifier
            return automatic_name(expression.cast.expr) if plain else None
        case "expression_string":
            return automatic_name(read_sql(expression.expression_string.expression))
        case "literal":
            return _literal_name(expression.literal)
        case "unresolved_function":
            return _call_name(expression.unresolved_function)
    return None


def _literal_name(literal: pb.Expression.Literal) -> str | None:
    match literal.WhichOneof("literal_type"):
        case "integer":
            return str(literal.integer)
        case "long":
            return str(literal.long)
        case "boolean":
            return str(literal.boolean).lower()
        case "string":
            return str(literal.string)
        case "double" if literal.double == 0 or 1e-3 <= abs(literal.double) < 1e7:
            return repr(literal.double)
        case "decimal":
            return str(literal.decimal.value)
    return None


def _call_name(function: pb.Expression.UnresolvedFunction) -> str | None:
    name = function.function_name.lower()
    if function.function_name != name and name not in ("isnull", "isnotnull"):
        return None
    arguments = [_inner_name(one) if _names_plainly(one) else None for one in function.arguments]
    kinds = [one.WhichOneof("expr_type") for one in function.arguments]
    if name == "count" and kinds == ["unresolved_star"] and not function.is_distinct:
        return "count(1)"
    known = [one for one in arguments if one is not None]
    if len(known) < len(arguments):
        return None
    if not function.is_distinct and (written := _written(name, known)) is not None:
        return written
    if name in _OPERATORS and len(known) == 2:
        return f"({known[0]} {_OPERATORS[name]} {known[1]})"
    if name == "trim" and len(known) > 1:
        return None
    if name in _CALLS and SYNONYMS.get(name, name) != "":
        if function.is_distinct and len(known) != 1:
            return None
        return f"{name}({'DISTINCT ' if function.is_distinct else ''}{', '.join(known)})"
    return None


def _written(name: str, known: Sequence[str]) -> str | None:
    """The name of a function that is written in a way of its own."""
    match name, known:
        case "when", [_, _, *_]:
            pairs = [f" WHEN {one} THEN {two}" for one, two in zip(known[:-1:2], known[1::2], strict=False)]
            last = f" ELSE {known[-1]}" if len(known) % 2 else ""
            return f"CASE{''.join(pairs)}{last} END"
        case "isnull", [one]:
            return f"({one} IS NULL)"
        case "isnotnull", [one]:
            return f"({one} IS NOT NULL)"
        case "not", [one]:
            return f"(NOT {one})"
        case (("sinh" | "cosh" | "tanh" | "cot" | "csc" | "sec"), [one]):
            return f"{name.upper()}({one})"
        case "percentile", [one, share]:
            return f"percentile({one}, {share}, 1)"
        case "in", [one, *options] if options:
            return f"({one} IN ({', '.join(options)}))"
        case "round" | "bround", [one]:
            return f"{name}({one}, 0)"
        case (("sqrt" | "exp" | "floor" | "ceil"), [one]):
            return f"{name.upper()}({one})"
    return None


def _inner_name(expression: pb.Expression) -> str | None:
    """What an argument is called in the name of its function."""
    if not expression.HasField("cast"):
        return automatic_name(expression)
    inner = expression.cast.expr
    name = _inner_name(inner) if _names_plainly(inner) else None
    return None if name is None else f"CAST({name} AS {_TYPES[expression.cast.type_str]})"


def _names_plainly(expression: pb.Expression) -> bool:
    """Whether an argument is written in a name as it is called itself."""
    match expression.WhichOneof("expr_type"):
        case "unresolved_attribute":
            identifier = expression.unresolved_attribute.unparsed_identifier
            return "." not in identifier and "`" not in identifier.strip("`")
        case "cast":
            return _TYPES.get(expression.cast.type_str) is not None
        case "literal" | "unresolved_function":
            return True
    return False
