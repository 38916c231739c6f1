"""What the parts of the table of functions are made with. Pure."""

from __future__ import annotations

from engine.spark.native.tree import Line, Nulls
from engine.spark.native.types import BITS, FLOATS, Simple, SparkType, duckdb_name


def span(kind: Simple) -> str:
    """The numbers of a type of whole numbers, for BETWEEN."""
    most = 2 ** (BITS[kind] - 1)
    return f"CAST('-{most}' AS HUGEINT) AND CAST('{most - 1}' AS HUGEINT)"


def seconds(instant: str) -> str:
    """Whole seconds since 1970, towards the past."""
    return floored(f"epoch_us({instant})", 1_000_000)


def clamped(number: str, least: int, most: int | None = None) -> str:
    """A number not below one and not above another; null stays null, as `greatest` would not leave it."""
    above = "" if most is None else f" WHEN {number} > {most} THEN {most}"
    return f"(CASE WHEN {number} < {least} THEN {least}{above} ELSE {number} END)"


def floored(number: str, by: int) -> str:
    """A whole number divided by a positive one, towards the smaller."""
    return f"({number} - (({number} % {by}) + {by}) % {by}) // {by}"


def aggregate(
    name: str,
    takes: tuple[SparkType, ...],
    gives: SparkType,
    sql: str,
    raises: str = "",
    nullable: Nulls = "always",
    *,
    approximate: bool = False,
    passes: bool = False,
) -> Line:
    """The line of an aggregate function."""
    return Line(name, takes, gives, sql, raises, nullable, approximate, passes, aggregate=True)


def normal(kind: SparkType, text: str) -> str:
    """A value as it is grouped by: zeros of floating numbers have one sign, NaN is one."""
    if kind in FLOATS:
        name = duckdb_name(kind)
        return f"(CASE WHEN {text} = 0 THEN 0::{name} WHEN isnan({text}) THEN 'nan'::{name} ELSE {text} END)"
    return text


def wild(value: str, most: str) -> str:
    """Whether some value of a column is NaN, or not below a bound by its magnitude; an aggregate.

    The extremes tell it, at a fraction of what looking at each value costs: NaN is the largest of all.
    """
    bounds = f"min({value}) > -{most}::DOUBLE AND max({value}) < {most}::DOUBLE"
    return f"coalesce(NOT ({bounds}), false)"


def flat(value: str) -> str:
    """Whether a column is constant, or may be nearly so, or has one value; an aggregate.

    The variance of n values is at least the square of their range divided by 2n; where that is more than a
    part in 1e20 of the largest square, it is none of rounding alone. Rows without a value may count along.
    """
    span = f"(max({value}) - min({value}))"
    largest = f"greatest(abs(min({value})), abs(max({value})))"
    return f"coalesce({span} * {span} <= 2e-20::DOUBLE * count(*) * {largest} * {largest}, false)"


def paired() -> tuple[str, str]:
    """The values of {0} and {1} in the rows that have both."""
    return "CASE WHEN {1} IS NOT NULL THEN {0} END", "CASE WHEN {0} IS NOT NULL THEN {1} END"
