"""The lines of the table of functions for days and instants beside their parts, all in UTC. Data.

Days that come of a computation are proven from 1600 to 9999: before, Spark's calendar and DuckDB's text of
it need a second look, and behind DuckDB has infinity.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from engine.spark.native.functions.lines import clamped, floored
from engine.spark.native.tree import Line
from engine.spark.native.types import (
    DATE,
    DOUBLE,
    INSTANTS,
    INTEGER,
    LONG,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
)

_KNOWN: Final = "BETWEEN DATE '1600-01-01' AND DATE '9999-12-30'"
# Seconds of 1900 and of the end of 9999.
_FIRST: Final = -2_208_988_800
_LAST: Final = 253_402_300_799
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES_OF_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def time_lines() -> Iterator[Line]:
    """All lines of this module."""
    return chain(_days(), _instants(), _texts(), _parsed(), _between())


def _days() -> Iterator[Line]:
    count = clamped("{1}", -100_000, 100_000)
    months = f"CAST({{0}} + to_months(CAST({count} AS INTEGER)) AS DATE)"
    far = f"abs(CAST({{1}} AS BIGINT)) > 100000 OR ({months}) NOT {_KNOWN}"
    yield Line("add_months", (DATE, INTEGER), DATE, months, far)
    yield Line("last_day", (DATE,), DATE, "last_day({0})")
    for number, day in enumerate(DAYS, 1):
        sql = f"{{0}} + CAST(({number} - isodow({{0}}) + 6) % 7 + 1 AS INTEGER)"
        yield Line(f"next_day {day}", (DATE,), DATE, sql, "{0} > DATE '9999-12-20'", "always")
    near = "abs(CAST({0} AS BIGINT)) < 2900000"
    sql = f"DATE '1970-01-01' + CASE WHEN {near} THEN {{0}} END"
    yield Line("date_from_unix_date", (INTEGER,), DATE, sql, f"NOT ({near}) OR ({sql}) NOT {_KNOWN}")
    yield Line("unix_date", (DATE,), INTEGER, "CAST({0} - DATE '1970-01-01' AS INTEGER)")
    known = "{0} BETWEEN 1600 AND 9999 AND {1} BETWEEN 1 AND 12 AND {2} BETWEEN 1 AND 28"
    sql = f"CASE WHEN {known} THEN make_date({{0}}, {{1}}, {{2}}) END"
    yield Line("make_date", (INTEGER, INTEGER, INTEGER), DATE, sql, f"NOT ({known})")
    yield Line("dayname", (DATE,), STRING, "left(dayname({0}), 3)")
    yield Line("monthname", (DATE,), STRING, "left(monthname({0}), 3)")


def _instants() -> Iterator[Line]:
    for name, unit in (
        ("timestamp_seconds", 1_000_000),
        ("timestamp_millis", 1_000),
        ("timestamp_micros", 1),
    ):
        count = 1_000_000 // unit
        for kind in (INTEGER, LONG):
            within = f"{{0}} BETWEEN {_FIRST * count} AND {_LAST * count}"
            sql = f"CASE WHEN {within} THEN make_timestamp(CAST({{0}} AS BIGINT) * {unit}) END"
            yield Line(name, (kind,), TIMESTAMP, sql, f"NOT ({within})")
    for name, unit in (("unix_seconds", 1_000_000), ("unix_millis", 1_000), ("unix_micros", 1)):
        yield Line(name, (TIMESTAMP,), LONG, floored("epoch_us({0})", unit))
    yield Line("to_timestamp", (TIMESTAMP,), TIMESTAMP, "{0}")
    yield Line("to_timestamp", (DATE,), TIMESTAMP, "CAST({0} AS TIMESTAMP)")


def _texts() -> Iterator[Line]:
    """Formats are looked at where they are read, and written anew (`formats`)."""
    for kind in INSTANTS:
        yield Line("date_format", (kind, STRING), STRING, "strftime({0}, {1})")
    yield Line("date_format", (DATE, STRING), STRING, "strftime(CAST({0} AS TIMESTAMP), {1})")
    within = f"{{0}} BETWEEN {_FIRST} AND {_LAST}"
    sql = f"CASE WHEN {within} THEN strftime(make_timestamp({{0}} * 1000000), {{1}}) END"
    yield Line("from_unixtime", (LONG, STRING), STRING, sql, f"NOT ({within})")
    for kind in INSTANTS:
        # Without a fraction it is not written.
        whole = "strftime({0}, '%Y-%m-%d %H:%M:%S')"
        exact = "rtrim(strftime({0}, '%Y-%m-%d %H:%M:%S.%f'), '0')"
        sql = f"CASE WHEN epoch_us({{0}}) % 1000000 = 0 THEN {whole} ELSE {exact} END"
        yield Line("cast", (kind,), STRING, sql)


_DAY: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_TIME: Final = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9][0-9]?[0-9]?[0-9]?[0-9]?[0-9]?)?"


def _parsed() -> Iterator[Line]:
    """Texts of the plainest form; of others Spark knows whether they are days."""
    day = "TRY_CAST({0} AS DATE)"
    odd = (
        f"{{0}} IS NOT NULL AND NOT (regexp_full_match({{0}}, '{_DAY}') AND coalesce({day} {_KNOWN}, false))"
    )
    for name in ("cast", "to_date"):
        yield Line(name, (STRING,), DATE, day, odd, "always")
    instant = "TRY_CAST({0} AS TIMESTAMP)"
    known = f"coalesce(CAST({instant} AS DATE) {_KNOWN}, false)"
    odd = f"{{0}} IS NOT NULL AND NOT (regexp_full_match({{0}}, '{_DAY}([ T]{_TIME})?') AND {known})"
    yield Line("cast", (STRING,), TIMESTAMP, instant, odd, "always")
    yield Line("cast", (STRING,), TIMESTAMP_NTZ, instant, odd, "always")
    yield Line("to_timestamp", (STRING,), TIMESTAMP, instant, odd, "always")


def _between() -> Iterator[Line]:
    months = "CAST((year({0}) - year({1})) * 12 + month({0}) - month({1}) AS BIGINT)"
    ends = "CAST({0} AS DATE) = last_day({0}) AND CAST({1} AS DATE) = last_day({1})"
    same = f"day({{0}}) = day({{1}}) OR ({ends})"

    def within(x: str) -> str:
        return f"(epoch_us({x}) - epoch_us(CAST(CAST({x} AS DATE) AS TIMESTAMP))) // 1000000"

    seconds = f"(day({{0}}) - day({{1}})) * 86400 + {within('{0}')} - {within('{1}')}"
    share = f"CAST({months} AS DOUBLE) + CAST({seconds} AS DOUBLE) / 2678400::DOUBLE"
    rounded = f"floor(({share}) * 1e8::DOUBLE + 0.5::DOUBLE) / 1e8::DOUBLE"
    sql = f"CASE WHEN {same} THEN CAST({months} AS DOUBLE) ELSE {rounded} END"
    yield Line("months_between", (TIMESTAMP, TIMESTAMP), DOUBLE, sql)
