"""The lines of the table of functions for numbers beside plain arithmetic and rounding. Data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from engine.spark.native.functions.lines import clamped, span
from engine.spark.native.tree import Line
from engine.spark.native.types import (
    BINARY,
    BITS,
    BOOLEAN,
    BYTE,
    DOUBLE,
    FLOATS,
    INTEGER,
    INTEGRALS,
    LONG,
    NUMBERS,
    STRING,
    duckdb_name,
)


def number_lines() -> Iterator[Line]:
    """All lines of this module."""
    return chain(_bits(), _shifts(), _curves(), _inverse_curves(), _wholes(), _tries(), _written())


def _bits() -> Iterator[Line]:
    for kind in INTEGRALS:
        name = duckdb_name(kind)
        for sign, sql in (("&", "{0} & {1}"), ("|", "{0} | {1}"), ("^", "xor({0}, {1})")):
            yield Line(sign, (kind, kind), kind, f"CAST({sql} AS {name})")
        yield Line("~", (kind,), kind, f"CAST(~{{0}} AS {name})")
        # Java counts the bits of a long number, whose sign is spread over all of them.
        yield Line("bit_count", (kind,), INTEGER, "CAST(bit_count(CAST({0} AS BIGINT)) AS INTEGER)")
        sql = "CAST((CAST({0} AS BIGINT) >> CAST({1} AS BIGINT)) & 1 AS TINYINT)"
        yield Line("bit_get", (kind, INTEGER), BYTE, sql, f"{{1}} NOT BETWEEN 0 AND {BITS[kind] - 1}")
    yield Line("bit_count", (BOOLEAN,), INTEGER, "CAST({0} AS INTEGER)")


def _shifts() -> Iterator[Line]:
    """Where nothing is shifted out, and by less than the width."""
    for kind in (INTEGER, LONG):
        name, most = duckdb_name(kind), BITS[kind] - 2
        far = f"{{1}} NOT BETWEEN 0 AND {most}"
        power = f"CAST(CAST(1 AS BIGINT) << CAST({clamped('{1}', 0, most)} AS BIGINT) AS HUGEINT)"
        product = f"CAST({{0}} AS HUGEINT) * {power}"
        beyond = f"{far} OR ({product}) NOT BETWEEN {span(kind)}"
        yield Line("shiftleft", (kind, INTEGER), kind, f"CAST({product} AS {name})", beyond)
        sql = f"CAST(CAST({{0}} AS BIGINT) >> CAST({clamped('{1}', 0, most)} AS BIGINT) AS {name})"
        yield Line("shiftright", (kind, INTEGER), kind, sql, far)
        yield Line("shiftrightunsigned", (kind, INTEGER), kind, sql, f"{far} OR {{0}} < 0")


def _curves() -> Iterator[Line]:
    """Of which the last bits are the platform's own; a guard where a pole or an overflow is near."""

    def line(name: str, sql: str, raises: str = "", *, two: bool = False) -> Line:
        takes = (DOUBLE, DOUBLE) if two else (DOUBLE,)
        return Line(name, takes, DOUBLE, sql, raises, approximate=True)

    outside = "NOT isfinite({0})"
    for name in ("sinh", "cosh"):
        yield line(name, f"{name}({{0}})", "NOT abs({0}) < 700")
    yield line("tanh", "tanh({0})")
    yield line("cbrt", "cbrt({0})")
    for name, sql in (("cot", "tan"), ("csc", "sin"), ("sec", "cos")):
        yield line(name, f"1::DOUBLE / {sql}({{0}})", f"{outside} OR {{0}} = 0")
    yield line("degrees", "{0} * 57.29577951308232::DOUBLE")
    yield line("radians", "{0} * 0.017453292519943295::DOUBLE")
    tame = " OR ".join(
        f"NOT ({x} = 0 OR (abs({x}) > 1e-150::DOUBLE AND abs({x}) < 1e150::DOUBLE))" for x in ("{0}", "{1}")
    )
    yield line("hypot", "sqrt({0} * {0} + {1} * {1})", tame, two=True)
    signed = " OR ".join(f"({x} = 0 AND signbit({x}))" for x in ("{0}", "{1}"))
    yield line(
        "atan2", "atan2({0}, {1})", f"{signed} OR NOT isfinite({{0}}) OR NOT isfinite({{1}})", two=True
    )
    # Of a number near 0 the difference to 1 has few digits left; what it lost is put back.
    power = "exp({0})"
    lost = f"({power} - 1::DOUBLE) * {{0}} / ln({power})"
    sql = f"CASE WHEN {power} = 1 THEN {{0}} WHEN {{0}} < -36 THEN {power} - 1::DOUBLE ELSE {lost} END"
    yield line("expm1", f"CASE WHEN abs({{0}}) < 700 THEN {sql} END", "NOT abs({0}) < 700")
    based = "CASE WHEN {0} > 0 AND {1} > 0 THEN ln({1}) / ln({0}) END"
    odd = "{0} = 1 OR NOT isfinite({0}) OR NOT isfinite({1})"
    yield Line("ln", (DOUBLE, DOUBLE), DOUBLE, based, odd, "always", approximate=True)


def _inverse_curves() -> Iterator[Line]:
    within = "abs({0}) <= 1"
    for name in ("acos", "asin"):
        sql = f"CASE WHEN {within} THEN {name}({{0}}) WHEN {{0}} IS NOT NULL THEN 'nan'::DOUBLE END"
        yield Line(name, (DOUBLE,), DOUBLE, sql, approximate=True)
    # Spark's own formulas, which lose digits, and so do these.
    root = "{0} + sqrt({0} * {0} + 1::DOUBLE)"
    sql = f"CASE WHEN {root} > 0 THEN ln({root}) END"
    far = f"NOT abs({{0}}) < 1e150::DOUBLE OR NOT ({root}) > 0"
    yield Line("asinh", (DOUBLE,), DOUBLE, sql, far, approximate=True)
    root = "{0} + sqrt({0} * {0} - 1::DOUBLE)"
    sql = f"CASE WHEN {{0}} >= 1 AND {{0}} < 1e150::DOUBLE THEN ln({root}) END"
    yield Line("acosh", (DOUBLE,), DOUBLE, sql, "NOT ({0} >= 1 AND {0} < 1e150::DOUBLE)", approximate=True)

    def log1p(x: str) -> str:
        one = f"(1::DOUBLE + ({x}))"
        return f"(CASE WHEN {one} = 1 THEN {x} ELSE ln({one}) * ({x}) / ({one} - 1::DOUBLE) END)"

    sql = f"CASE WHEN abs({{0}}) < 1 THEN 0.5::DOUBLE * ({log1p('{0}')} - {log1p('-{0}')}) END"
    zero = "({0} = 0 AND signbit({0}))"
    yield Line("atanh", (DOUBLE,), DOUBLE, sql, f"NOT abs({{0}}) < 1 OR {zero}", approximate=True)


def _wholes() -> Iterator[Line]:
    for kind in INTEGRALS:
        name = duckdb_name(kind)
        rest = "{0} % {1}"
        sql = f"CAST(CASE WHEN {rest} < 0 THEN {rest} + {{1}} ELSE {rest} END AS {name})"
        yield Line("pmod", (kind, kind), kind, sql, "{1} <= 0", "always")
        least = f"CAST('-{2**63}' AS HUGEINT)"
        beyond = "{1} = 0" + (f" OR ({{0}} = {least} AND {{1}} = -1)" if kind is LONG else "")
        sql = (
            "CASE WHEN {1} <> 0 AND NOT (" + beyond + ") THEN CAST({0} AS BIGINT) // CAST({1} AS BIGINT) END"
        )
        yield Line("div", (kind, kind), LONG, sql, beyond, "always")
    rest = "({0} % {1})"
    sql = f"CASE WHEN {rest} < 0 THEN ({rest} + {{1}}) % {{1}} ELSE {rest} END"
    yield Line("pmod", (DOUBLE, DOUBLE), DOUBLE, sql, "NOT {1} > 0 OR NOT isfinite({1})", "always")
    for kind in NUMBERS:
        yield Line("positive", (kind,), kind, "{0}", passes=True)
    sql = "CASE WHEN {0} BETWEEN 0 AND 20 THEN CAST(factorial({0}) AS BIGINT) END"
    yield Line("factorial", (INTEGER,), LONG, sql, nullable="always")
    # To the even one of two that are equally near; what has no digits behind the point is there already.
    low = "floor({0})"
    up = f"{{0}} - {low} > 0.5::DOUBLE OR ({{0}} - {low} = 0.5::DOUBLE AND {low} % 2 <> 0)"
    sql = f"CASE WHEN NOT abs({{0}}) < 4503599627370496 THEN {{0}} WHEN {up} THEN {low} + 1 ELSE {low} END"
    negative = "({0} < 0 AND {0} >= -0.5::DOUBLE) OR ({0} = 0 AND signbit({0}))"
    yield Line("rint", (DOUBLE,), DOUBLE, f"CAST({sql} AS DOUBLE)", negative)
    high, few = "{2}", "{3} BETWEEN 1 AND 1000000"
    share = f"CAST({{3}} AS DOUBLE) * ({{0}} - {{1}}) / ({high} - {{1}})"
    tame = " AND ".join(f"abs({x}) < 1e100::DOUBLE" for x in ("{0}", "{1}", "{2}"))
    known = f"({tame} AND {few} AND {{1}} < {{2}})"
    inside = f"CAST(trunc({share}) AS BIGINT) + 1"
    place = f"CASE WHEN {{0}} < {{1}} THEN 0 WHEN {{0}} >= {high} THEN {{3}} + 1 ELSE {inside} END"
    sql = f"CASE WHEN {known} THEN {place} END"
    takes = (DOUBLE, DOUBLE, DOUBLE, LONG)
    yield Line("width_bucket", takes, LONG, f"CAST({sql} AS BIGINT)", f"NOT {known}", "always")


def _tries() -> Iterator[Line]:
    """What is null where others raise an error."""
    for kind in INTEGRALS:
        name = duckdb_name(kind)
        for function, sign in (("try_add", "+"), ("try_subtract", "-"), ("try_multiply", "*")):
            wide = f"CAST({{0}} AS HUGEINT) {sign} CAST({{1}} AS HUGEINT)"
            sql = f"CASE WHEN {wide} BETWEEN {span(kind)} THEN CAST({wide} AS {name}) END"
            yield Line(function, (kind, kind), kind, sql, nullable="always")
        sql = f"CASE WHEN {{1}} <> 0 THEN CAST(CAST({{0}} AS HUGEINT) % {{1}} AS {name}) END"
        yield Line("try_mod", (kind, kind), kind, sql, nullable="always")
    for kind in FLOATS:
        name = duckdb_name(kind)
        for function, sign in (("try_add", "+"), ("try_subtract", "-"), ("try_multiply", "*")):
            sql = f"CAST({{0}} {sign} {{1}} AS {name})"
            yield Line(function, (kind, kind), kind, sql, nullable="always", passes=True)
        sql = f"CASE WHEN {{1}} <> 0 THEN CAST({{0}} % {{1}} AS {name}) END"
        yield Line("try_mod", (kind, kind), kind, sql, nullable="always")
    sql = "CASE WHEN {1} <> 0 THEN {0} / {1} END"
    yield Line("try_divide", (DOUBLE, DOUBLE), DOUBLE, sql, nullable="always")


def _written() -> Iterator[Line]:
    yield Line("bin", (LONG,), STRING, "bin({0})")
    yield Line("hex", (LONG,), STRING, "hex({0})")
    yield Line("hex", (STRING,), STRING, "hex({0})")
    yield Line("hex", (BINARY,), STRING, "hex({0})")
