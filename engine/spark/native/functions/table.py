"""The table of functions: what is proven to mean in DuckDB what it means in Spark. Data.

One line for one function with one signature. `raises` makes a line exact: where it holds, Spark raises an
error, or DuckDB would give something else, and the plan is given to Spark. It may hold too often, never too
seldom, and must not depend on what DuckDB does where it holds. What has no line is Spark's.

The order within a line of `sql` and `raises` is DuckDB's; constants (`Word`) are part of the signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Final, Literal

from engine.spark.native.functions.lines import aggregate, flat, normal, paired, seconds, span, wild
from engine.spark.native.functions.numbers import number_lines
from engine.spark.native.functions.texts import text_lines
from engine.spark.native.functions.times import time_lines
from engine.spark.native.functions.totals import total_lines
from engine.spark.native.tree import Line
from engine.spark.native.types import (
    BINARY,
    BITS,
    BOOLEAN,
    BYTE,
    DATE,
    DOUBLE,
    FLOAT,
    FLOATS,
    INSTANTS,
    INTEGER,
    INTEGRALS,
    LONG,
    NUMBERS,
    ORDERED,
    SHORT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Decimal,
    SparkType,
    duckdb_name,
)

Coercion = Literal[
    "widest", "compared", "added", "double", "doubles", "long", "integer", "date", "dates", "instant",
    "instants", "none",
]  # fmt: skip

# How Spark casts arguments before it looks at them, by function; "none": they are taken as they are.
COERCIONS: Final[Mapping[str, Coercion]] = MappingProxyType(
    {
        **dict.fromkeys(("+", "-", "*"), "added"),
        "%": "widest",
        **dict.fromkeys(("=", "<", "<=", ">", ">=", "<=>"), "compared"),
        **dict.fromkeys(("greatest", "least", "nanvl", "nullif"), "widest"),
        **dict.fromkeys(("&", "|", "^", "pmod", "div", "try_add", "try_subtract"), "widest"),
        **dict.fromkeys(("try_multiply", "try_mod"), "widest"),
        **dict.fromkeys(("/", "try_divide"), "double"),
        # Of these decimals become doubles, too.
        **dict.fromkeys(("sqrt", "exp", "ln", "log10", "log2", "log1p", "expm1", "power", "cbrt"), "doubles"),
        **dict.fromkeys(("sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan"), "doubles"),
        **dict.fromkeys(("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "hypot"), "doubles"),
        **dict.fromkeys(("signum", "degrees", "radians", "rint"), "doubles"),
        **dict.fromkeys(("bin", "char", "hex", "from_unixtime"), "long"),
        "factorial": "integer",
        # Texts become days or instants; where it says so in the plural, all arguments.
        **dict.fromkeys(("last_day", "add_months", "date_add", "date_sub", "dayname", "monthname"), "date"),
        **dict.fromkeys(("year", "quarter", "month", "dayofmonth", "dayofyear", "dayofweek"), "date"),
        **dict.fromkeys(("weekday", "weekofyear", "unix_date"), "date"),
        **dict.fromkeys(("next_day", "trunc"), "date"),
        "datediff": "dates",
        **dict.fromkeys(("hour", "minute", "second", "date_format", "date_trunc"), "instant"),
        "months_between": "instants",
        **dict.fromkeys(("stddev_samp", "stddev_pop", "var_samp", "var_pop"), "double"),
        **dict.fromkeys(("corr", "covar_samp", "covar_pop", "percentile", "median"), "double"),
        **dict.fromkeys(("regr_slope", "regr_r2", "skewness", "kurtosis", "bround 0"), "double"),
        **dict.fromkeys(("regr_count", "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy"), "double"),
        **dict.fromkeys(("regr_sxy", "regr_intercept"), "double"),
    }
)

# Other names of the same, in small letters.
SYNONYMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "==": "=",
        "mean": "avg",
        "std": "stddev_samp",
        "stddev": "stddev_samp",
        "variance": "var_samp",
        "log": "ln",
        "pow": "power",
        "negate": "negative",
        "sign": "signum",
        "ceil": "ceil",
        "ceiling": "ceil",
        "lcase": "lower",
        "ucase": "upper",
        "char_length": "length",
        "character_length": "length",
        "len": "length",
        "day": "dayofmonth",
        "datediff": "datediff",
        "date_diff": "datediff",
        "every": "bool_and",
        "some": "bool_or",
        "any": "bool_or",
        "mod": "%",
        "approx_percentile": "percentile_approx",
        "regexp": "rlike",
        "regexp_like": "rlike",
        "equal_null": "<=>",
        "!": "not",
        "getbit": "bit_get",
        "chr": "char",
        "sha": "sha1",
        "position": "locate",
        "charindex": "locate",
        "dateadd": "date_add",
        "datepart": "date_part",
        "extract": "date_part",
    }
)


def _arithmetic() -> Iterator[Line]:
    for kind in INTEGRALS:
        name = duckdb_name(kind)
        for sign in "+-*":
            wide = f"CAST({{0}} AS HUGEINT) {sign} CAST({{1}} AS HUGEINT)"
            beyond = f"({wide}) NOT BETWEEN {span(kind)}"
            yield Line(sign, (kind, kind), kind, f"CAST({{0}} {sign} {{1}} AS {name})", beyond)
        yield Line("%", (kind, kind), kind, f"CAST({{0}} % {{1}} AS {name})", "{1} = 0", "always")
        least = f"CAST('-{2 ** (BITS[kind] - 1)}' AS HUGEINT)"
        yield Line("negative", (kind,), kind, f"CAST(-{{0}} AS {name})", f"{{0}} = {least}")
        yield Line("abs", (kind,), kind, f"CAST(abs({{0}}) AS {name})", f"{{0}} = {least}")
    for kind in FLOATS:
        name = duckdb_name(kind)
        for sign in "+-*":
            yield Line(sign, (kind, kind), kind, f"CAST({{0}} {sign} {{1}} AS {name})", passes=True)
        yield Line("%", (kind, kind), kind, f"CAST({{0}} % {{1}} AS {name})", "{1} = 0", "always")
        yield Line("negative", (kind,), kind, "-{0}", passes=True)
        yield Line("abs", (kind,), kind, "abs({0})", passes=True)
    yield Line("/", (DOUBLE, DOUBLE), DOUBLE, "{0} / {1}", "{1} = 0", "always")


def _comparisons() -> Iterator[Line]:
    for kind in ORDERED:
        for sign in ("=", "<", "<=", ">", ">="):
            yield Line(sign, (kind, kind), BOOLEAN, f"{{0}} {sign} {{1}}")
        yield Line("<=>", (kind, kind), BOOLEAN, "{0} IS NOT DISTINCT FROM {1}", nullable="never")
    for kind in (*ORDERED, BINARY):
        yield Line("isnull", (kind,), BOOLEAN, "{0} IS NULL", nullable="never", passes=False)
        yield Line("isnotnull", (kind,), BOOLEAN, "{0} IS NOT NULL", nullable="never", passes=False)


def _logic() -> Iterator[Line]:
    yield Line("and", (BOOLEAN, BOOLEAN), BOOLEAN, "{0} AND {1}")
    yield Line("or", (BOOLEAN, BOOLEAN), BOOLEAN, "{0} OR {1}")
    yield Line("not", (BOOLEAN,), BOOLEAN, "NOT {0}")
    for kind in FLOATS:
        yield Line("isnan", (kind,), BOOLEAN, "{0} IS NOT NULL AND isnan({0})", nullable="never")
        yield Line("nanvl", (kind, kind), kind, "CASE WHEN isnan({0}) THEN {1} ELSE {0} END")


def _mathematics() -> Iterator[Line]:
    beyond = "{0} >= 9223372036854775807::DOUBLE OR {0} <= -9223372036854775808::DOUBLE"
    for name in ("floor", "ceil"):
        yield Line(name, (DOUBLE,), LONG, f"CAST({name}({{0}}) AS BIGINT)", beyond)
    yield Line("sqrt", (DOUBLE,), DOUBLE, "sqrt({0})", passes=True)
    yield Line("signum", (DOUBLE,), DOUBLE, "CAST(sign({0}) AS DOUBLE)", "{0} = 0 OR isnan({0})")
    # Logarithms of what has none are null in Spark; Java's last bits are its own.
    for name, least in (("ln", "0"), ("log10", "0"), ("log2", "0")):
        sql = f"CASE WHEN {{0}} > {least} THEN {name}({{0}}) END"
        yield Line(name, (DOUBLE,), DOUBLE, sql, nullable="always", approximate=True)
    # Of a number near 0 the sum with 1 has few digits left; what it lost is put back.
    one = "(1::DOUBLE + {0})"
    lost = f"CASE WHEN {one} = 1 THEN {{0}} ELSE ln({one}) * {{0}} / ({one} - 1::DOUBLE) END"
    sql = f"CASE WHEN {{0}} > -1 THEN {lost} END"
    yield Line("log1p", (DOUBLE,), DOUBLE, sql, "NOT {0} < 1e300::DOUBLE", "always", approximate=True)
    yield Line("exp", (DOUBLE,), DOUBLE, "exp({0})", approximate=True)
    for name in ("sin", "cos", "tan"):
        yield Line(name, (DOUBLE,), DOUBLE, f"{name}({{0}})", "NOT isfinite({0})", approximate=True)
    yield Line("atan", (DOUBLE,), DOUBLE, "atan({0})", approximate=True)
    not_finite = "NOT isfinite({0}) OR NOT isfinite({1}) OR {0} < 0"
    yield Line("power", (DOUBLE, DOUBLE), DOUBLE, "pow({0}, {1})", not_finite, approximate=True)
    yield from _roundings()
    # Zeros of either sign are equal, and which of them is the result is up to the order of arguments.
    for kind in (*INTEGRALS, STRING, DATE, *INSTANTS):
        for name in ("greatest", "least"):
            yield Line(name, (kind, kind), kind, f"{name}({{0}}, {{1}})", nullable="all")
    negative = "({0} = 0 AND signbit({0})) OR ({1} = 0 AND signbit({1}))"
    for kind in FLOATS:
        for name in ("greatest", "least"):
            yield Line(name, (kind, kind), kind, f"{name}({{0}}, {{1}})", negative, "all")


MOST_DECIMALS: Final = 38
# How many digits behind the point are rounded to: a line each.
MOST_DIGITS: Final = 6


def _roundings() -> Iterator[Line]:
    """Spark rounds the digits that a number is written with, halves away from zero."""
    for digits in range(MOST_DIGITS + 1):
        exact = f"CAST(CAST({{0}} AS VARCHAR) AS DECIMAL(38, {digits}))"
        # Up to here the number that the digits make is the nearest one to them.
        beyond = f"NOT abs({{0}}) < {9 * 10 ** (15 - digits)}::DOUBLE"
        safe = f"CASE WHEN {beyond} THEN NULL ELSE CAST({exact} AS DOUBLE) END"
        yield Line(f"round {digits}", (DOUBLE,), DOUBLE, safe, beyond)
        for kind in INTEGRALS:
            yield Line(f"round {digits}", (kind,), kind, "{0}")
    # To the even one of two that are equally near; digits beyond these make no half of anything.
    exact = "CAST(CAST({0} AS VARCHAR) AS DECIMAL(38, 17))"
    rest = f"({exact} - floor({exact}))"
    up = f"{rest} > 0.5 OR ({rest} = 0.5 AND floor({exact}) % 2 <> 0)"
    beyond = f"NOT abs({{0}}) < {9 * 10**15}::DOUBLE"
    rounded = f"CAST(CASE WHEN {up} THEN floor({exact}) + 1 ELSE floor({exact}) END AS DOUBLE)"
    yield Line("bround 0", (DOUBLE,), DOUBLE, f"CASE WHEN {beyond} THEN NULL ELSE {rounded} END", beyond)


def _casts() -> Iterator[Line]:
    for one in INTEGRALS:
        for other in INTEGRALS:
            if one != other:
                narrow = BITS[one] > BITS[other]
                beyond = f"{{0}} NOT BETWEEN {span(other)}" if narrow else ""
                yield Line("cast", (one,), other, f"CAST({{0}} AS {duckdb_name(other)})", beyond)
        for other in FLOATS:
            yield Line("cast", (one,), other, f"CAST({{0}} AS {duckdb_name(other)})")
        for kind in FLOATS:
            least, most = -(2 ** (BITS[one] - 1)), 2 ** (BITS[one] - 1)
            within = f"trunc({{0}}) > '{least - 1}'::DOUBLE AND trunc({{0}}) < '{most}'::DOUBLE"
            if one is LONG:  # -2^63 - 1 is no double
                within = f"{{0}} > '{least}'::DOUBLE AND {{0}} < '{most}'::DOUBLE"
            sql = f"CAST(trunc({{0}}) AS {duckdb_name(one)})"
            yield Line("cast", (kind,), one, sql, f"NOT ({within})")
        yield Line("cast", (one,), BOOLEAN, "{0} <> 0")
        yield Line("cast", (one,), STRING, "CAST({0} AS VARCHAR)")
    for kind in NUMBERS:
        yield Line("cast", (BOOLEAN,), kind, f"CAST({{0}} AS {duckdb_name(kind)})")
    for kind in FLOATS:
        yield Line("cast", (kind,), BOOLEAN, "{0} <> 0")
    yield Line("cast", (FLOAT,), DOUBLE, "CAST({0} AS DOUBLE)")
    beyond = "abs({0}) > 3e38::DOUBLE OR NOT isfinite({0})"
    yield Line("cast", (DOUBLE,), FLOAT, "CAST({0} AS FLOAT)", beyond)
    yield Line("cast", (BOOLEAN,), STRING, "CAST({0} AS VARCHAR)")
    # Others have an exponent, or names of their own.
    plain = "({0} = 0 OR (abs({0}) >= 1e-3::DOUBLE AND abs({0}) < 1e7::DOUBLE))"
    yield Line("cast", (DOUBLE,), STRING, "CAST({0} AS VARCHAR)", f"NOT {plain}")
    for kind in INTEGRALS:
        digits = len(str(2 ** (BITS[kind] - 1))) - 1
        strange = f"NOT (regexp_full_match({{0}}, '-?[0-9]+') AND strlen({{0}}) <= {digits})"
        yield Line("cast", (STRING,), kind, f"TRY_CAST({{0}} AS {duckdb_name(kind)})", strange, "always")
    strange = "NOT (regexp_full_match({0}, '-?[0-9]+([.][0-9]+)?') AND strlen({0}) <= 17)"
    yield Line("cast", (STRING,), DOUBLE, "TRY_CAST({0} AS DOUBLE)", strange, "always")
    yield Line("cast", (DATE,), STRING, "CAST({0} AS VARCHAR)")
    yield Line("cast", (DATE,), TIMESTAMP, "CAST({0} AS TIMESTAMP)")
    yield Line("cast", (DATE,), TIMESTAMP_NTZ, "CAST({0} AS TIMESTAMP)")
    for kind in INSTANTS:
        yield Line("cast", (kind,), DATE, "CAST({0} AS DATE)")
    yield Line("cast", (TIMESTAMP,), LONG, seconds("{0}"))
    yield Line("cast", (TIMESTAMP,), TIMESTAMP_NTZ, "{0}")
    yield Line("cast", (TIMESTAMP_NTZ,), TIMESTAMP, "{0}")


def _text() -> Iterator[Line]:
    # Java's small and capital letters are those of another edition of Unicode.
    foreign = "strlen({0}) <> length({0})"
    yield Line("lower", (STRING,), STRING, "lower({0})", foreign)
    yield Line("upper", (STRING,), STRING, "upper({0})", foreign)
    yield Line("length", (STRING,), INTEGER, "CAST(length({0}) AS INTEGER)")
    yield Line("trim", (STRING,), STRING, "trim({0}, ' ')")
    yield Line("ltrim", (STRING,), STRING, "ltrim({0}, ' ')")
    yield Line("rtrim", (STRING,), STRING, "rtrim({0}, ' ')")
    yield Line("concat", (STRING, STRING), STRING, "{0} || {1}")
    yield Line("startswith", (STRING, STRING), BOOLEAN, "starts_with({0}, {1})")
    yield Line("endswith", (STRING, STRING), BOOLEAN, "suffix({0}, {1})")
    yield Line("contains", (STRING, STRING), BOOLEAN, "contains({0}, {1})")
    yield Line("like", (STRING, STRING), BOOLEAN, "{0} LIKE {1}", "contains({1}, chr(92))")
    odd = "{1} < 1 OR {2} < 0"
    for name in ("substring", "substr"):
        sql = "substring({0}, {1}, {2})"
        yield Line(name, (STRING, INTEGER, INTEGER), STRING, sql, odd)


def _patterns() -> Iterator[Line]:
    """Regular expressions, which are looked at where they are read (`patterns`)."""
    yield Line("rlike", (STRING, STRING), BOOLEAN, "regexp_matches({0}, {1})")
    yield Line("regexp_extract", (STRING, STRING, INTEGER), STRING, "regexp_extract({0}, {1}, {2})")
    yield Line("regexp_replace", (STRING, STRING, STRING), STRING, "regexp_replace({0}, {1}, {2}, 'g')")


_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "year": "year({0})",
        "quarter": "quarter({0})",
        "month": "month({0})",
        "dayofmonth": "day({0})",
        "dayofyear": "dayofyear({0})",
        "dayofweek": "dayofweek({0}) + 1",
        "weekday": "isodow({0}) - 1",
        "weekofyear": "week({0})",
    }
)


def _times() -> Iterator[Line]:
    for name, sql in _PARTS.items():
        yield Line(name, (DATE,), INTEGER, f"CAST({sql} AS INTEGER)")
        yield Line(name, (TIMESTAMP,), INTEGER, f"CAST({sql} AS INTEGER)")
        yield Line(name, (TIMESTAMP_NTZ,), INTEGER, f"CAST({sql} AS INTEGER)")
    for name in ("hour", "minute", "second"):
        for kind in INSTANTS:
            yield Line(name, (kind,), INTEGER, f"CAST({name}({{0}}) AS INTEGER)")
    yield Line("to_date", (TIMESTAMP,), DATE, "CAST({0} AS DATE)")
    yield Line("to_date", (DATE,), DATE, "{0}")
    yield Line("unix_timestamp", (TIMESTAMP,), LONG, "epoch_us({0}) // 1000000")  # towards 1970
    days = "CAST({0} - {1} AS INTEGER)"
    yield Line("datediff", (DATE, DATE), INTEGER, days)
    for kind in (SHORT, INTEGER):
        for name, sign in (("date_add", "+"), ("date_sub", "-")):
            sql = f"{{0}} {sign} CAST({{1}} AS INTEGER)"
            within = f"({sql}) BETWEEN DATE '1600-01-01' AND DATE '9999-12-30'"
            # More days than these may be more than a date of DuckDB can be moved by.
            far = f"CASE WHEN abs(CAST({{1}} AS BIGINT)) > 4000000 THEN true ELSE NOT ({within}) END"
            yield Line(name, (DATE, kind), DATE, sql, far)


# The parts that `date_part` and `extract` name, in small letters, by the functions that give them.
PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("year", "y", "years", "yr", "yrs"), "year"),
        **dict.fromkeys(("quarter", "qtr"), "quarter"),
        **dict.fromkeys(("month", "mon", "mons", "months"), "month"),
        **dict.fromkeys(("week", "w", "weeks"), "weekofyear"),
        **dict.fromkeys(("day", "d", "days"), "dayofmonth"),
        **dict.fromkeys(("dayofweek", "dow"), "dayofweek"),
        "doy": "dayofyear",
        **dict.fromkeys(("hour", "h", "hours", "hr", "hrs"), "hour"),
        **dict.fromkeys(("minute", "m", "min", "mins", "minutes"), "minute"),
    }
)

# The first argument of date_trunc, the second of trunc, in small letters: a line each.
UNITS: Final = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_DAY_UNITS: Final = ("year", "quarter", "month", "week")


def _truncations() -> Iterator[Line]:
    for unit in UNITS:
        sql = f"CAST(date_trunc('{unit}', {{0}}) AS TIMESTAMP)"
        yield Line(f"date_trunc {unit}", (TIMESTAMP,), TIMESTAMP, sql, nullable="always")
    for unit in _DAY_UNITS:
        sql = f"CAST(date_trunc('{unit}', {{0}}) AS DATE)"
        yield Line(f"trunc {unit}", (DATE,), DATE, sql, nullable="always")


def _counts() -> Iterator[Line]:
    for kind in (*ORDERED, BINARY):
        yield aggregate("count", (kind,), LONG, "count({0})", nullable="never", passes=False)
    for kind in ORDERED:
        distinct = f"count(DISTINCT {normal(kind, '{0}')})"
        yield aggregate("count distinct", (kind,), LONG, distinct, nullable="never")
    yield aggregate("count_if", (BOOLEAN,), LONG, "count(*) FILTER (WHERE {0})", nullable="never")
    yield aggregate("bool_and", (BOOLEAN,), BOOLEAN, "bool_and({0})")
    yield aggregate("bool_or", (BOOLEAN,), BOOLEAN, "bool_or({0})")


def _sums() -> Iterator[Line]:
    for kind in INTEGRALS:
        # The sum of magnitudes bounds every partial sum; narrower numbers would have to be more than exist.
        beyond = "coalesce(sum(abs(CAST({0} AS HUGEINT))), 0) > 9223372036854775807" if kind is LONG else ""
        yield aggregate("sum", (kind,), LONG, "CAST(sum({0}) AS BIGINT)", beyond)
        yield aggregate("avg", (kind,), DOUBLE, "avg(CAST({0} AS DOUBLE))", approximate=True)
    for kind in FLOATS:
        yield aggregate("sum", (kind,), DOUBLE, "sum(CAST({0} AS DOUBLE))", approximate=True, passes=True)
        yield aggregate("avg", (kind,), DOUBLE, "avg(CAST({0} AS DOUBLE))", approximate=True, passes=True)


def _extremes() -> Iterator[Line]:
    for name in ("min", "max"):
        for kind in (BOOLEAN, *INTEGRALS, STRING, DATE, *INSTANTS):
            yield aggregate(name, (kind,), kind, f"{name}({{0}})")
        for kind in FLOATS:
            both = f"coalesce({name}({{0}}) = 0 AND bool_or({{0}} = 0 AND signbit({{0}})), false)"
            # The largest of values that differ by a little differs by no more: last bits may go through.
            yield aggregate(name, (kind,), kind, f"{name}({{0}})", both, passes=True)


def _moments() -> Iterator[Line]:
    # Squares of larger numbers are infinite, from which Spark and DuckDB go on differently.
    odd, two = wild("{0}", "1e100"), (DOUBLE, DOUBLE)
    for name in ("stddev_samp", "stddev_pop", "var_samp", "var_pop"):
        yield aggregate(name, (DOUBLE,), DOUBLE, f"{name}({{0}})", odd, approximate=True, passes=True)
    odd = " OR ".join(wild(value, "1e100") for value in paired())
    for name in ("covar_samp", "covar_pop"):
        yield aggregate(name, two, DOUBLE, f"{name}({{0}}, {{1}})", odd, approximate=True, passes=True)
    # Of a constant column Spark raises; a nearly constant one is left to it as well.
    raises = " OR ".join((odd, *map(flat, paired())))
    yield aggregate("corr", two, DOUBLE, "corr({0}, {1})", raises, approximate=True, passes=True)


def _shapes() -> Iterator[Line]:
    """Regressions, and moments of higher order: of the differences to the mean, as Spark has them."""
    pairs = "FILTER (WHERE {0} IS NOT NULL AND {1} IS NOT NULL)"
    raises = " OR ".join((*(wild(value, "1e60") for value in paired()), *map(flat, paired())))
    for name in ("regr_slope", "regr_r2"):
        sql = f"{name}({{0}}, {{1}}) {pairs}"
        yield aggregate(name, (DOUBLE, DOUBLE), DOUBLE, sql, raises, approximate=True, passes=True)
    values, mean = "list({0}) FILTER (WHERE {0} IS NOT NULL)", "avg({0})"
    raises = f"{wild('{0}', '1e60')} OR {flat('{0}')}"

    def moment(power: int) -> str:
        difference = " * ".join([f"(x - {mean})"] * power)
        return f"list_sum(list_transform({values}, lambda x: {difference}))"

    count = "CAST(count({0}) AS DOUBLE)"
    skewness = f"sqrt({count}) * {moment(3)} / sqrt({moment(2)} * {moment(2)} * {moment(2)})"
    kurtosis = f"{count} * {moment(4)} / ({moment(2)} * {moment(2)}) - 3::DOUBLE"
    for name, sql in (("skewness", skewness), ("kurtosis", kurtosis)):
        yield aggregate(name, (DOUBLE,), DOUBLE, sql, raises, approximate=True, passes=True)


def _exact_places() -> Iterator[Line]:
    """What is approximate in Spark is exact among so few values; then it is the value of that rank."""
    ranked = "list_sort(list({0}) FILTER (WHERE {0} IS NOT NULL))"
    place = "greatest(1, CAST(ceil({1} * CAST(count({0}) AS DOUBLE)) AS BIGINT))"
    many = "2 * count({0}) >= {2}"
    for kind in (*INTEGRALS[:3], DOUBLE):
        odd = (
            "coalesce(bool_or(isnan({0}) OR ({0} = 0 AND signbit({0}))), false) OR " if kind == DOUBLE else ""
        )
        sql = f"({ranked})[{place}]"
        yield aggregate(
            "percentile_approx", (kind, DOUBLE, INTEGER), kind, sql, odd + many, passes=kind == DOUBLE
        )


def _quantiles() -> Iterator[Line]:
    # The two in the middle by their order, the upper one of the numbers' negatives; Spark weighs them so.
    odd = "coalesce(bool_or({0} = 0 AND signbit({0})), false)"
    # NaN is the largest of all: first among the negatives, of which those in its place are not looked at.
    negative = "CASE WHEN isnan({0}) THEN '-inf'::DOUBLE ELSE -{0} END"
    last = "count({0}) // 2 >= count({0}) - count(*) FILTER (WHERE isnan({0}))"
    low = "quantile_disc({0}, 0.5)"
    high = f"(CASE WHEN {last} THEN 'nan'::DOUBLE ELSE -quantile_disc({negative}, 0.5) END)"
    sql = f"CASE WHEN {low} = {high} THEN {low} ELSE 0.5::DOUBLE * {low} + 0.5::DOUBLE * {high} END"
    yield aggregate("median", (DOUBLE,), DOUBLE, sql, odd, passes=True)


def _percentiles() -> Iterator[Line]:
    ranked = "list_sort(list({0}) FILTER (WHERE {0} IS NOT NULL))"
    place = "(CAST(count({0}) - 1 AS DOUBLE) * {1})"
    low, high = (f"{ranked}[CAST({end}({place}) AS BIGINT) + 1]" for end in ("floor", "ceil"))
    weighed = f"(ceil({place}) - {place}) * {low} + ({place} - floor({place})) * {high}"
    sql = f"CASE WHEN {low} = {high} THEN {low} ELSE {weighed} END"
    odd = "coalesce(bool_or({0} = 0 AND signbit({0})), false)"
    yield aggregate("percentile", (DOUBLE, DOUBLE), DOUBLE, sql, odd, passes=True)


def decimal_lines(kind: Decimal) -> Iterator[Line]:
    """The lines of one type of decimals; all types of decimals have the same."""
    for sign in ("=", "<", "<=", ">", ">="):
        yield Line(sign, (kind, kind), BOOLEAN, f"{{0}} {sign} {{1}}")
    yield Line("<=>", (kind, kind), BOOLEAN, "{0} IS NOT DISTINCT FROM {1}", nullable="never")
    yield Line("isnull", (kind,), BOOLEAN, "{0} IS NULL", nullable="never")
    yield Line("isnotnull", (kind,), BOOLEAN, "{0} IS NOT NULL", nullable="never")
    yield aggregate("count", (kind,), LONG, "count({0})", nullable="never")
    yield aggregate("count distinct", (kind,), LONG, "count(DISTINCT {0})", nullable="never")
    for name in ("min", "max"):
        yield aggregate(name, (kind,), kind, f"{name}({{0}})")
    if kind.precision <= 28:  # Spark rounds on the way, and raises where all digits are in use
        yield Line("negative", (kind,), kind, f"CAST(-{{0}} AS {duckdb_name(kind)})")
        yield Line("abs", (kind,), kind, f"CAST(abs({{0}}) AS {duckdb_name(kind)})")
    yield from _decimal_roundings(kind)
    if kind.precision <= 15:  # both parts of the division are exact, and so is its rounding
        yield Line("cast", (kind,), DOUBLE, "CAST({0} AS DOUBLE)")
    if kind.precision <= 28:  # there are not so many rows that ten more digits were too few
        total = Decimal(kind.precision + 10, kind.scale)
        yield aggregate("sum", (kind,), total, f"CAST(sum({{0}}) AS {duckdb_name(total)})")


def _decimal_roundings(kind: Decimal) -> Iterator[Line]:
    """Halves away from zero; the digits that are left, and one more for what is carried over."""
    if kind.precision > 28 or not kind.scale:
        return
    whole = Decimal(_whole_digits(kind) + 1, 0)
    for name in ("floor", "ceil"):
        yield Line(name, (kind,), whole, f"CAST({name}({{0}}) AS {duckdb_name(whole)})")
    for digits in range(MOST_DIGITS + 1):
        scale = min(kind.scale, digits)
        made = Decimal(_whole_digits(kind) + 1 + scale, scale)
        sql = f"CAST(round({{0}}, {scale}) AS {duckdb_name(made)})"
        yield Line(f"round {digits}", (kind,), made, sql)


@lru_cache(maxsize=256)
def _of_decimals(kind: Decimal) -> Mapping[tuple[str, tuple[SparkType, ...], SparkType | None], Line]:
    return _keyed(decimal_lines(kind))


# What Spark says may be null whatever it is of: mathematics, and what is cast to a day on the way.
_NULLABLE: Final = frozenset(
    {
        "round", "bround", "floor", "ceil", "sqrt", "exp", "expm1", "signum", "rint", "cbrt", "degrees",
        "radians", "sin", "cos", "tan", "cot", "csc", "sec", "asin", "acos", "atan", "sinh", "cosh", "tanh",
        "asinh", "acosh", "atanh", "right", "split_part", "from_unixtime", "encode",
    }
)  # fmt: skip
_NULLABLE_CASTS: Final = frozenset(
    {
        *((one, other) for one in FLOATS for other in INTEGRALS),
        (DATE, TIMESTAMP_NTZ),
        (TIMESTAMP_NTZ, DATE),
    }
)


def _as_spark_tells(line: Line) -> Line:
    """A line with what Spark says of its nulls where none of its arguments can be one."""
    always = line.name.partition(" ")[0] in _NULLABLE
    always |= line.name == "cast" and (line.takes[0], line.gives) in _NULLABLE_CASTS
    always |= line.name in _PARTS and line.takes == (TIMESTAMP_NTZ,)
    return replace(line, nullable="always") if always else line


def _lines() -> Iterator[Line]:
    row_wise = (
        _arithmetic(),
        _comparisons(),
        _logic(),
        _mathematics(),
        _casts(),
        _text(),
        _patterns(),
        _times(),
        number_lines(),
        text_lines(),
        time_lines(),
    )
    aggregates = (_truncations(), _counts(), _sums(), _extremes(), _moments(), _shapes())
    others = (_quantiles(), _percentiles(), _exact_places(), total_lines())
    return chain(*row_wise, *aggregates, *others)


def _keyed(lines: Iterable[Line]) -> dict[tuple[str, tuple[SparkType, ...], SparkType | None], Line]:
    """Lines by name and arguments; casts by their result as well."""
    found = {}
    for line in map(_as_spark_tells, lines):
        key = line.name, line.takes, line.gives if line.name == "cast" else None
        if key in found:
            raise AssertionError(f"two lines for {key}")
        found[key] = line
    return found


LINES: Final = _keyed(_lines())
NAMES: Final = frozenset(name for name, _, _ in LINES)


def find(name: str, takes: tuple[SparkType, ...], gives: SparkType | None = None) -> Line | None:
    """The line of a function for these types, if there is one.

    Args:
        name: in small letters, and not one of the synonyms.
        takes: the types of its arguments, after Spark's own casts.
        gives: of a cast, the type that is wanted.
    """
    key = name, takes, gives
    if name == "cast" and isinstance(gives, Decimal) and takes[0] in _WHOLE_DIGITS:
        holds = _whole_digits(gives) >= _WHOLE_DIGITS[takes[0]]
        return Line(name, takes, gives, f"CAST({{0}} AS {duckdb_name(gives)})") if holds else None
    decimal = next((one for one in takes if isinstance(one, Decimal)), None)
    if decimal is None:
        return LINES.get(key)
    if name == "cast" and isinstance(gives, Decimal):
        wider = gives.scale >= decimal.scale and _whole_digits(gives) >= _whole_digits(decimal)
        return Line(name, takes, gives, f"CAST({{0}} AS {duckdb_name(gives)})") if wider else None
    if name in ("+", "-", "*") and len(takes) == 2:
        return _decimal_arithmetic(name, takes[0], takes[1])
    return _of_decimals(decimal).get(key)


def _decimal_arithmetic(sign: str, one: SparkType, other: SparkType) -> Line | None:
    """Sums and products of decimals that are exact: of as many digits as there can be."""
    if not isinstance(one, Decimal) or not isinstance(other, Decimal):
        return None
    if sign == "*":
        kind = Decimal(one.precision + other.precision + 1, one.scale + other.scale)
        # DuckDB multiplies in 64 bits unless one side is wider than these.
        wide = Decimal(max(one.precision, 19), one.scale)
        left, right = f"CAST({{0}} AS {duckdb_name(wide)})", "{1}"
    else:
        scale = max(one.scale, other.scale)
        kind = Decimal(max(_whole_digits(one), _whole_digits(other)) + scale + 1, scale)
        left, right = (f"CAST({{{place}}} AS {duckdb_name(kind)})" for place in (0, 1))
    if kind.precision > MOST_DECIMALS:
        return None  # Spark gives up digits behind the point then
    return Line(sign, (one, other), kind, f"CAST({left} {sign} {right} AS {duckdb_name(kind)})")


# How many digits the decimals have that hold whole numbers.
_WHOLE_DIGITS: Final[Mapping[SparkType, int]] = MappingProxyType({BYTE: 3, SHORT: 5, INTEGER: 10, LONG: 20})


def _whole_digits(kind: Decimal) -> int:
    return kind.precision - kind.scale
