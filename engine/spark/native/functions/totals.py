"""The lines of the table of functions for aggregates beside the plainest. Data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from engine.spark.native.functions.lines import aggregate, flat, paired, wild
from engine.spark.native.tree import Line
from engine.spark.native.types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOATS,
    INTEGER,
    INTEGRALS,
    LONG,
    STRING,
    TIMESTAMP,
    duckdb_name,
)


def total_lines() -> Iterator[Line]:
    """All lines of this module."""
    return chain(_bits(), _tries(), _pairs(), _ranked(), _most())


def _bits() -> Iterator[Line]:
    for kind in INTEGRALS:
        for name in ("bit_and", "bit_or", "bit_xor"):
            yield aggregate(name, (kind,), kind, f"CAST({name}({{0}}) AS {duckdb_name(kind)})")


def _tries() -> Iterator[Line]:
    for kind in INTEGRALS:
        # Of long numbers what the sum is on the way may be too much, and is null then for good.
        beyond = "coalesce(sum(abs(CAST({0} AS HUGEINT))), 0) > 9223372036854775807" if kind is LONG else ""
        yield aggregate("try_sum", (kind,), LONG, "CAST(sum({0}) AS BIGINT)", beyond)
        yield aggregate("try_avg", (kind,), DOUBLE, "avg(CAST({0} AS DOUBLE))", approximate=True)
    for kind in FLOATS:
        for name, function in (("try_sum", "sum"), ("try_avg", "avg")):
            sql = f"{function}(CAST({{0}} AS DOUBLE))"
            yield aggregate(name, (kind,), DOUBLE, sql, approximate=True, passes=True)


def _pairs() -> Iterator[Line]:
    """Regressions of {0} by {1}."""
    pairs = "FILTER (WHERE {0} IS NOT NULL AND {1} IS NOT NULL)"
    y, x = paired()
    odd, two = f"{wild(y, '1e60')} OR {wild(x, '1e60')}", (DOUBLE, DOUBLE)
    yield aggregate("regr_count", two, LONG, f"count(*) {pairs}", nullable="never", passes=True)
    for name, part in (("regr_avgx", "{1}"), ("regr_avgy", "{0}")):
        yield aggregate(name, two, DOUBLE, f"avg({part}) {pairs}", odd, approximate=True, passes=True)
    for name, part, own in (("regr_sxx", "{1}", x), ("regr_syy", "{0}", y)):
        sql = f"var_pop({part}) {pairs} * CAST(count(*) {pairs} AS DOUBLE)"
        yield aggregate(name, two, DOUBLE, sql, f"{odd} OR {flat(own)}", approximate=True, passes=True)
    raises = f"{odd} OR {flat(y)} OR {flat(x)}"
    sql = f"covar_pop({{0}}, {{1}}) {pairs} * CAST(count(*) {pairs} AS DOUBLE)"
    yield aggregate("regr_sxy", two, DOUBLE, sql, raises, approximate=True, passes=True)
    slope = f"covar_pop({{0}}, {{1}}) {pairs} / var_pop({{1}}) {pairs}"
    sql = f"avg({{0}}) {pairs} - {slope} * avg({{1}}) {pairs}"
    yield aggregate("regr_intercept", two, DOUBLE, sql, raises, approximate=True, passes=True)


def _ranked() -> Iterator[Line]:
    """The value where another one is largest or smallest; where several are, it has to be the same."""
    for kind in (INTEGER, LONG, DOUBLE, STRING):
        for by in (INTEGER, LONG, DOUBLE, DATE, TIMESTAMP):
            for name, way in (("max_by", "DESC"), ("min_by", "ASC")):
                found = [
                    f"(first({{0}} ORDER BY {{1}} {way}, {{0}} {tie} NULLS FIRST)"
                    f" FILTER (WHERE {{1}} IS NOT NULL))"
                    for tie in ("ASC", "DESC")
                ]
                # With nulls first in both a null among equals would be overlooked.
                found[1] = found[1].replace("DESC NULLS FIRST)", "DESC NULLS LAST)")
                odd = f"{found[0]} IS DISTINCT FROM {found[1]}"
                if kind in FLOATS:
                    odd += " OR coalesce(bool_or({0} = 0 AND signbit({0})), false)"
                yield aggregate(name, (kind, by), kind, found[0], odd)


def _most() -> Iterator[Line]:
    """The value that is there most often, if it is one."""
    counts = "list_sort(map_values(histogram({0})), 'DESC')"
    several = f"{counts}[1] = {counts}[2]"
    for kind in (BOOLEAN, *INTEGRALS, STRING, DATE):
        yield aggregate("mode", (kind,), kind, "mode({0})", f"coalesce({several}, false)")
