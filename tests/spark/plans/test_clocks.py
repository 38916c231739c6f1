"""The time now in plans: the run's own, or refused; never the server's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import functions as F  # noqa: N812

from engine.errors import PlanRefused
from engine.queries.spark.requests import ParsedRequests
from engine.spark.plans import Fetch
from sandbox.contract.framing import Method
from tests.spark.plans.offline import Offline

NOW = dt.datetime(2019, 3, 31, 23, 30, 0, 250_000, tzinfo=dt.UTC)
DAYS, MICROS = 17986, 1554075000250000


def literal_of(offline: Offline, column: Any, now: dt.datetime | None = NOW) -> Any:
    """The literal that stands for a column in the rebuilt plan."""
    return parsed(offline, offline.df.select(column), now).relation.project.expressions[0]


def parsed(offline: Offline, frame: Any, now: dt.datetime | None = None) -> Fetch:
    requests = ParsedRequests(frozenset({"id", "c", "d", "current_date_of_mine"}), now, frozenset({"C"}))
    found = requests.parse(Method.EXECUTE, memoryview(offline.fetch(frame))).request
    assert isinstance(found, Fetch)
    return found


CALLS: dict[str, Callable[[], Any]] = {
    "current_timestamp": F.current_timestamp,
    "now": F.now,
    "current_date": F.current_date,
    "curdate": F.curdate,
    "localtimestamp": F.localtimestamp,
    "unix_timestamp": F.unix_timestamp,
}
VALUES = {
    "current_timestamp": ("timestamp", MICROS),
    "now": ("timestamp", MICROS),
    "current_date": ("date", DAYS),
    "curdate": ("date", DAYS),
    "localtimestamp": ("timestamp_ntz", MICROS),
    "unix_timestamp": ("long", MICROS // 1_000_000),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_becomes_the_runs_time(offline: Offline, name: str) -> None:
    kind, value = VALUES[name]
    found = literal_of(offline, CALLS[name]()).literal
    assert (found.WhichOneof("literal_type"), getattr(found, kind)) == (kind, value)


TEXTS = {
    "current_timestamp()": "TIMESTAMP'2019-03-31 23:30:00.250000+00:00'",
    "CURRENT_TIMESTAMP": "TIMESTAMP'2019-03-31 23:30:00.250000+00:00'",
    "Now( )": "TIMESTAMP'2019-03-31 23:30:00.250000+00:00'",
    "current_date": "DATE'2019-03-31'",
    "`current_date`": "DATE'2019-03-31'",
    "`current_time\u017ftamp`": "TIMESTAMP'2019-03-31 23:30:00.250000+00:00'",
    "`localt\u0131mestamp`": "TIMESTAMP_NTZ'2019-03-31 23:30:00.250000'",
    "curdate ()": "DATE'2019-03-31'",
    "localtimestamp": "TIMESTAMP_NTZ'2019-03-31 23:30:00.250000'",
    "unix_timestamp()": "1554075000L",
    "year(current_date) - 1": "year(DATE'2019-03-31') - 1",
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_says_the_runs_time(offline: Offline, text: str) -> None:
    assert literal_of(offline, F.expr(text)).expression_string.expression == TEXTS[text]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "c = 'today'",
            "'now'",
            "unix_timestamp(c)",
            "current_date_of_mine",
            "s.now",
            "c IN ('today', 'x')",
        ),
        *("c NOT IN ('x', 'now')", "'now' <> c", "d > DATE '2024-01-01' AND (c = 'today' OR d < 'x')"),
        *("d = 'nowhere'", "c LIKE 'today'", "to_date('2024-01-01')", "d > concat('2024', '-01-01')"),
        *("array_contains(array('on to', 'what'), c)", "date_trunc('month', d)", "concat(c, 'to', 'day')"),
    ],
)
def test_what_is_no_clock_stays(offline: Offline, text: str) -> None:
    assert literal_of(offline, F.expr(text), None).expression_string.expression == text


FINE: dict[str, Callable[[], Any]] = {
    "a letter as a column": lambda: F.char(F.lit(110)),
    "put together as a column": lambda: F.concat(F.lit("to"), F.lit("day")).alias("c"),
    "a type as a column": lambda: F.schema_of_json("{a: 1}", {"allowUnquotedFieldNames": "true"}),
    "within text": lambda: F.upper(F.conv(F.lit("30668"), 10, 36)),
    "numbers": lambda: F.abs(F.lit(1.5) * F.lit(2.0)),
    "a cast number": lambda: F.abs((F.lit(1) + F.lit(2)).cast("int")),
    "a range of days": lambda: F.col("d") >= F.lit(dt.datetime(2024, 1, 8)) - F.lit(dt.timedelta(7)),
}


@pytest.mark.parametrize("name", FINE)
def test_what_no_cast_reaches_stays(offline: Offline, name: str) -> None:
    assert parsed(offline, offline.df.select(FINE[name]())).relation.HasField("project")


REFUSED: dict[str, Callable[[], Any]] = {
    **CALLS,
    "text": lambda: F.expr("id + unix_timestamp()"),
    "a bare word": lambda: F.expr("CURRENT_DATE"),
    "a bare name": lambda: F.col("current_date"),
    "a lambda": lambda: F.transform(F.array("id"), lambda x: x + F.unix_timestamp()),
}
NEVER: dict[str, Callable[[], Any]] = {
    "a typed text": lambda: F.expr("TIMESTAMP 'now'"),
    "a typed day": lambda: F.expr("date'Yesterday'"),
    "a cast text": lambda: F.lit("today").cast("date"),
    "a cast in text": lambda: F.expr("cast('now' as timestamp)"),
    "a cast by colons": lambda: F.expr("'tomorrow'::date"),
    "to_date": lambda: F.to_date(F.lit("now")),
    "with a zone": lambda: F.to_timestamp(F.lit(" Now+01:00")),
    "a comparison": lambda: F.col("d") == "today",
    "a list": lambda: F.col("d").isin("today", "2024-01-01"),
    "a range": lambda: F.col("d").between("2024-01-01", "now"),
    "an argument": lambda: F.date_add(F.lit("today"), 1),
    "a part": lambda: F.year(F.lit("yesterday")),
    "a choice": lambda: F.coalesce(F.col("d"), F.lit("today")),
    "a condition": lambda: F.when(F.col("id") > 0, F.lit("today")).otherwise(F.col("d")),
    "put together": lambda: F.concat(F.lit("to"), F.lit("day")).cast("date"),
    "put together and compared": lambda: F.col("d") == F.concat(F.lit("t"), F.lit("oday")),
    "turned around": lambda: F.to_date(F.reverse(F.lit("won"))),
    "cut out": lambda: F.to_date(F.substring(F.lit("nowhere"), 1, 3)),
    "a number of base 36": lambda: F.conv(F.lit("30668"), 10, 36).cast("date"),
    "of an address": lambda: F.to_date(F.url_decode(F.lit("%6eow"))),
    "of JSON": lambda: F.get_json_object(F.lit('{"a": "\\u006eow"}'), "$.a").cast("date"),
    "by a format": lambda: F.format_string("%c%s", F.lit(110), F.lit("ow")).cast("date"),
    "the name of a field": lambda: F.to_date(F.substring(F.to_json(F.struct(F.lit(1).alias("now"))), 3, 3)),
    "the name of a day": lambda: F.concat(
        F.lit("to"), F.right(F.date_format(F.lit(dt.date(2024, 1, 1)), "EEEE"), F.lit(3))
    ).cast("date"),
    "the name of a type": lambda: F.to_date(F.substring(F.typeof(F.lit(dt.timedelta(1))), 1, 3)),
    "an interval in words": lambda: F.lit(dt.timedelta(1)).cast("string").cast("date"),
    "spelled and added to": lambda: F.date_add(F.char(F.lit(110)), 1),
    "spelled": lambda: F.concat(F.char(F.lit(110)), F.lit("ow")).cast("date"),
    "bytes": lambda: F.lit(b"now").cast("string").cast("date"),
    "chosen": lambda: F.to_date(F.when(F.lit(True), "now")),
    "in a struct": lambda: F.struct(F.lit("today").alias("a")).getField("a").cast("date"),
    "in an array": lambda: F.array(F.lit("today"))[0].cast("date"),
    "in text and out": lambda: F.expr("'today'").cast("date"),
    "in text, put together": lambda: F.expr("cast(concat('to', 'day') as date)"),
    "in text, side by side": lambda: F.expr("cast('to' 'day' as date)"),
    "in text, with signs": lambda: F.expr("d = 'to' || 'day'"),
    "in text, escaped": lambda: F.expr(r"d = 't\u006fday'"),
    "in text, behind a tab": lambda: F.expr(r"d = '\ttoday'"),
    "in text, doubly quoted": lambda: F.expr('d = "today"'),
    "in text, raw": lambda: F.expr("d = r'today'"),
    "in text, compared": lambda: F.expr("d >= 'today'"),
    "in text, the other way": lambda: F.expr("'today' < d"),
    "in text, in a list": lambda: F.expr("d IN ('2024-01-01', 'today')"),
    "in text, between": lambda: F.expr("d BETWEEN 'yesterday' AND 'today'"),
    "in text, an argument": lambda: F.expr("datediff('today', d)"),
    "in text, a part": lambda: F.expr("extract(year from 'today')"),
    "in text, a unit": lambda: F.expr("timestampdiff(DAY, 'yesterday', d)"),
    "in text, made": lambda: F.expr("timestamp(concat('n', 'ow'))"),
    "in text, chosen": lambda: F.expr("coalesce(d, 'today')"),
    "in text, bytes": lambda: F.expr("cast(cast(X'6E6F77' as string) as date)"),
    "in text, a column beside": lambda: F.expr("d + c = 'today'"),
    "in text, a field": lambda: F.expr("d.c = 'today'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_without_a_time_clocks_are_refused_with_the_hint(offline: Offline, name: str) -> None:
    with pytest.raises(PlanRefused, match="metric happens to run"):
        literal_of(offline, REFUSED[name](), None)


@pytest.mark.parametrize("name", NEVER)
def test_texts_that_mean_the_time_are_refused_always(offline: Offline, name: str) -> None:
    with pytest.raises(PlanRefused, match="metric happens to run"):
        literal_of(offline, NEVER[name]())


@pytest.mark.parametrize(
    "make",
    [
        lambda df: df.filter(F.col("c") == "today"),
        lambda df: df.filter(F.col("c").isin("now", "x") & (F.col("d") > "2024-01-01")),
        lambda df: df.select(F.lit("now")).distinct(),
        lambda df: df.withColumn("w", F.lit("today")),
        lambda df: df.filter(F.col("c").contains("now") | F.lower("c").startswith("tomorrow")),
        lambda df: df.select(F.when(F.col("c") == "now", "today").otherwise("tomorrow")),
        lambda df: df.select(F.concat(F.col("c"), F.lit("now"))),
        lambda df: df.select(F.coalesce(F.col("c"), F.lit("now"))),
        lambda df: df.groupBy("c").count().filter("c = 'today'"),
        lambda df: df.select(F.date_format("d", "yyyy-MM-dd"), F.to_utc_timestamp("d", "America/New_York")),
    ],
)
def test_texts_of_which_no_time_is_made_pass(offline: Offline, make: Callable[[Any], Any]) -> None:
    parsed(offline, make(offline.df))


@pytest.mark.parametrize(
    "make",
    [
        lambda df: df.select(F.col("d").alias("c")).filter(F.col("c") == "today"),
        lambda df: df.withColumn("C", F.col("d")).filter(F.col("c") == "today"),
        lambda df: df.withColumnRenamed("d", "c").filter(F.col("c") == "today"),
        lambda df: df.toDF("id", "c").filter("c = 'today'"),
        lambda df: df.selectExpr("d AS c").filter("c = 'today'"),
        lambda df: df.selectExpr("d c").filter("c = 'today'"),
        lambda df: df.filter("d = 'today'"),
        lambda df: df.agg(F.max(F.lit("now").cast("date"))),
        lambda df: df.orderBy(F.datediff("d", F.lit("now"))),
        lambda df: df.groupBy(F.col("d") < "now").count(),
        lambda df: df.join(df, F.col("d") == "today"),
    ],
)
def test_a_column_that_may_be_of_dates_is_compared_with_no_such_text(
    offline: Offline, make: Callable[[Any], Any]
) -> None:
    with pytest.raises(PlanRefused, match="metric happens to run"):
        parsed(offline, make(offline.df))


@pytest.mark.parametrize("name", [name for name in CALLS if name != "unix_timestamp"])
def test_in_a_zone_of_its_own_the_day_is_for_spark_to_tell(offline: Offline, name: str) -> None:
    requests = ParsedRequests(frozenset(), NOW)
    payload = memoryview(offline.fetch(offline.df.select(CALLS[name](), F.expr(f"{name}()"))))
    for _ in range(2):  # and what is remembered of one is not the other's
        there = requests.parse(Method.EXECUTE, payload, zoned=True).request
        here = requests.parse(Method.EXECUTE, payload).request
        assert isinstance(there, Fetch) and isinstance(here, Fetch)
        made, text = there.relation.project.expressions
        if VALUES[name][0] == "timestamp":
            assert there == here
        else:
            assert made.cast.expr.literal.timestamp == MICROS
            assert made.cast.type.WhichOneof("kind") == VALUES[name][0]
            instant = TEXTS["current_timestamp()"]
            assert text.expression_string.expression.startswith(f"CAST({instant} AS ")
            assert here.relation.project.expressions[0].literal.WhichOneof("literal_type") == VALUES[name][0]
