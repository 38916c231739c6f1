"""What DuckDB computes for a checked query is what Snowflake documents, or what pandas computes."""

from __future__ import annotations

import datetime
import math
from typing import Any

import duckdb
import pandas as pd
import pytest

from engine.errors import PlanRefused
from tests.snowflake.text.outcomes import run
from tests.snowflake.text.table import frame

# Expressions and their values, by Snowflake's reference.
VALUES: list[tuple[str, Any]] = [
    ("7 / 2", 3.5), ("-7 % 3", -1), ("MOD(-7, 3)", -1), ("DIV0(1, 0)", 0), ("DIV0(NULL, 0)", None),
    ("SQUARE(3)", 9), ("2.5::DOUBLE::INT", 3), ("(-2.5)::DOUBLE::INT", -3), ("'2.5'::INT", 3),
    ("TRUE::INT", 1), ("0.5::DOUBLE::INT", 1), ("1.005::NUMBER(10, 2)", 1.01), ("ROUND(2.5)", 3),
    ("ROUND(-2.5)", -3), ("ROUND(1234, -2)", 1200), ("TRUNC(1.29, 1)", 1.2), ("CEIL(1.21, 1)", 1.3),
    ("LOG(2, 8)", 3), ("FACTORIAL(5)", 120), ("WIDTH_BUCKET(5, 0, 10, 5)", 3),
    ("WIDTH_BUCKET(-1, 0, 10, 5)", 0), ("WIDTH_BUCKET(10, 0, 10, 5)", 6), ("BITAND(6, 3)", 2),
    ("BITXOR(6, 3)", 5), ("GREATEST(1, NULL)", None), ("GREATEST_IGNORE_NULLS(1, NULL)", 1),
    ("LEAST(2, 1)", 1), ("NVL2(NULL, 1, 2)", 2), ("ZEROIFNULL(NULL)", 0), ("NULLIFZERO(0)", None),
    ("IFF(TRUE, 2000000000, 1) * IFF(TRUE, 3, 4)", 6_000_000_000), ("SIGN(-2.0) * 20000 * 3", -60_000),
    ("CASE WHEN TRUE THEN 2000000000 ELSE 0 END * 2", 4_000_000_000),
    ("ASCII('z') * 100000000", 122 * 10**8),
    ("CASE 1 WHEN 1 THEN -2000000000 END - 2000000000", -4_000_000_000),
    ("IFF(NULL, 1, 2)", 2), ("DECODE(NULL, NULL, 1, 2)", 1), ("DECODE(3, 1, 'a', 2, 'b')", None),
    ("EQUAL_NULL(NULL, NULL)", True), ("BOOLAND(0.4, 1)", False), ("BOOLXOR(1, 0)", True),
    ("'NaN'::DOUBLE = 'NaN'::DOUBLE", True), ("'NaN'::DOUBLE > 1e300", True),
    ("NULL IS NOT DISTINCT FROM NULL", True), ("NOT NULL", None), ("NULL OR TRUE", True),
    ("'a' < 'B'", False), ("'a' = 'a '", False), ("CONCAT('a', NULL)", None), ("CONCAT('a', 1)", "a1"),
    ("'a' || 1.0::DOUBLE", "a1"), ("CONCAT_WS('-', 'a', 'b')", "a-b"), ("CONCAT_WS('-', 'a', NULL)", None),
    ("SUBSTR('abc', 0, 2)", "ab"), ("SUBSTR('abc', -2)", "bc"), ("SUBSTR('abc', 2, -1)", ""),
    ("LEFT('abc', -1)", ""), ("RIGHT('abc', 2)", "bc"), ("SPLIT_PART('a,b,c', ',', 0)", "a"),
    ("SPLIT_PART('a,b,c', ',', -1)", "c"), ("LPAD('a', 3)", "  a"), ("LPAD('abcd', 2, 'x')", "ab"),
    ("CHARINDEX('b', 'abc')", 2), ("POSITION('z', 'abc')", 0), ("REPLACE('aba', 'a')", "b"),
    ("INSERT('abc', 2, 1, 'XY')", "aXYc"), ("TRANSLATE('abc', 'ab', 'x')", "xc"), ("SPACE(2)", "  "),
    ("REPEAT('a', -1)", ""), ("'a_b' LIKE 'a\\\\_b'", False), ("'a_b' LIKE 'a!_b' ESCAPE '!'", True),
    ("'A' ILIKE 'a'", True), ("'abc' RLIKE 'b'", False), ("'abc' RLIKE 'a.c'", True),
    ("REGEXP_LIKE('abc', '.*b.*')", True), ("REGEXP_REPLACE('aXbX', 'X', '-')", "a-b-"),
    ("REGEXP_SUBSTR('abc', 'z')", None), ("REGEXP_COUNT('a1b2', '[0-9]')", 2),
    ("REGEXP_SUBSTR('ab12', '([a-z]+)([0-9]+)', 1, 1, 'e', 2)", "12"), ("LENGTH('é')", 1),
    ("1.0::DOUBLE::VARCHAR", "1"), ("1.5::DOUBLE::VARCHAR", "1.5"), ("TRUE::VARCHAR", "true"),
    ("'1'::BOOLEAN", True), ("'2024-02-29 01:02:03'::TIMESTAMP::VARCHAR", "2024-02-29 01:02:03.000"),
    ("TRY_CAST('x' AS INT)", None), ("TRY_CAST('2.5' AS INT)", 3), ("TO_NUMBER('12.345', 10, 2)", 12.35),
    ("TO_CHAR('2024-02-29'::DATE, 'DD.MM.YYYY')", "29.02.2024"), ("DAYOFWEEK('2024-01-07'::DATE)", 0),
    ("DAYOFWEEKISO('2024-01-07'::DATE)", 7), ("WEEK('2024-01-01'::DATE)", 1),
    ("YEAROFWEEK('2024-12-31'::DATE)", 2025), ("MONTHNAME('2024-02-29'::DATE)", "Feb"),
    ("DAYNAME('2024-02-29'::DATE)", "Thu"), ("DATEDIFF(week, '2024-01-07'::DATE, '2024-01-08'::DATE)", 1),
    ("DATEDIFF('year', '2023-12-31'::DATE, '2024-01-01'::DATE)", 1),
    ("DATEDIFF(hour, '2024-02-28 22:59:00'::TIMESTAMP, '2024-02-28 23:01:00'::TIMESTAMP)", 1),
    ("DATEDIFF(month, '2024-01-31'::DATE, '2024-02-01'::DATE)", 1),
    ("DATEDIFF(quarter, '2024-03-31'::DATE, '2024-04-01'::DATE)", 1),
    ("DATEDIFF(week, '2024-01-08'::DATE, '2024-01-14'::DATE)", 0),
    ("DATEDIFF(week, '2024-01-14'::DATE, '2024-01-01'::DATE)", -1),
    ("DATEDIFF(day, '2024-02-28 23:59:00'::TIMESTAMP, '2024-02-29 00:01:00'::TIMESTAMP)", 1),
    ("'2024-03-01'::DATE - '2024-02-28'::DATE", 2),
    ("DATE_PART(epoch_second, '1970-01-02'::TIMESTAMP)", 86400), ("YEAR('2024-02-29'::DATE)", 2024),
    ("QUARTER('2024-02-29'::DATE)", 1), ("HOUR('2024-02-29 13:00:00'::TIMESTAMP)", 13),
    ("SUM(NULL::INT) OVER ()", None), ("COUNT(NULL) OVER ()", 0), ("ASCII('a')", 97), ("CHR(97)", "a"),
    ("MD5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("HAVERSINE(40.7127, -74.0059, 34.0500, -118.2500)", 3936.3850963892937),
]  # fmt: skip

TIMES = [
    ("DATEADD(month, 1, '2024-01-31'::DATE)", "2024-02-29"),
    ("DATEADD('day', -1, '2024-03-01 10:00:00'::TIMESTAMP)", "2024-02-29 10:00:00"),
    ("'2024-02-28 23:00:00'::TIMESTAMP + INTERVAL '1 day, 2 hours'", "2024-03-01 01:00:00"),
    ("DATE_TRUNC('quarter', '2024-05-17'::DATE)", "2024-04-01"),
    ("DATE_TRUNC(week, '2024-01-07'::DATE)", "2024-01-01"),
    ("LAST_DAY('2024-02-01'::DATE)", "2024-02-29"),
    ("TO_DATE('29.02.2024', 'DD.MM.YYYY')", "2024-02-29"),
    ("TO_TIMESTAMP(86400)", "1970-01-02"),
    ("TO_TIMESTAMP('2024-02-29 01:02:03')", "2024-02-29 01:02:03"),
    ("DATE_FROM_PARTS(2024, 2, 29)", "2024-02-29"),
    ("TIMESTAMP_FROM_PARTS(2024, 2, 29, 1, 2, 3)", "2024-02-29 01:02:03"),
    ("CONVERT_TIMEZONE('UTC', 'Europe/Berlin', '2024-07-01 12:00:00'::TIMESTAMP)", "2024-07-01 14:00:00"),
]


def value(expression: str) -> Any:
    """The value of an expression without columns."""
    found = run(f"SELECT {expression} AS A FROM FRAME LIMIT 1").iloc[0, 0]
    return None if found is None or found is pd.NaT or found is pd.NA else found


@pytest.mark.parametrize(("expression", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_values(expression: str, expected: Any) -> None:
    found = value(expression)
    if expected is None:
        assert found is None or (isinstance(found, float) and math.isnan(found))
    elif isinstance(expected, (bool, str)):
        assert found == expected
    else:
        assert float(found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("expression", "expected"), TIMES, ids=[text for text, _ in TIMES])
def test_times(expression: str, expected: str) -> None:
    assert pd.Timestamp(value(expression)) == pd.Timestamp(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "1 / 0",
        "X / (N - N)",
        "5 % 0",
        "MOD(X, 0)",
        "LN(0)",
        "LOG(2, 0)",
        "SQRT(-1)",
        "'x'::INT",
        "TO_DATE('x')",
    ],
)
def test_what_is_an_error_stays_one(expression: str) -> None:
    with pytest.raises(duckdb.Error):
        run(f"SELECT {expression} AS A FROM FRAME WHERE ID = 0")


def one(text: str) -> Any:
    """The only value of an aggregate over the frame."""
    found = run(f"SELECT {text} AS A FROM FRAME")
    assert found.shape == (1, 1)
    return found.iloc[0, 0]


def number(column: str) -> pd.Series[float]:
    """A column as floats."""
    return frame()[column].astype("Float64")


def test_aggregates_are_those_of_pandas() -> None:
    x, y, n = number("X"), number("Y"), number("N")
    both = pd.DataFrame({"x": x, "y": y}).dropna().astype(float)
    assert one("COUNT(X)") == x.count() and one("COUNT(*)") == len(x)
    assert one("SUM(X)") == pytest.approx(x.sum()) and one("AVG(X)") == pytest.approx(x.mean())
    assert one("STDDEV(X)") == pytest.approx(x.std()) and one("VAR_POP(X)") == pytest.approx(x.var(ddof=0))
    assert one("MEDIAN(N)") == pytest.approx(n.median()) and one("SKEW(X)") == pytest.approx(x.skew())
    assert one("KURTOSIS(Y)") == pytest.approx(y.kurt())
    assert one("CORR(X, Y)") == pytest.approx(both.x.corr(both.y))
    assert one("COVAR_SAMP(X, Y)") == pytest.approx(both.x.cov(both.y))
    assert one("PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY X)") == pytest.approx(x.quantile(0.25))
    assert one("PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY X DESC)") == pytest.approx(x.quantile(0.75))
    assert one("APPROX_PERCENTILE(X, 0.9)") == pytest.approx(x.quantile(0.9))
    assert one("COUNT_IF(X > 5)") == (x > 5).sum()
    assert one("COUNT(DISTINCT S)") == frame()["S"].nunique()
    pairs = frame()[["S", "FLAG"]].dropna()
    assert one("COUNT(S, FLAG)") == len(pairs)
    assert one("COUNT(DISTINCT S, FLAG)") == len(pairs.drop_duplicates())
    assert one("APPROX_COUNT_DISTINCT(T)") == frame()["T"].nunique()


def test_aggregates_over_little_are_as_documented() -> None:
    for text in (
        "CORR(X, 1)",
        "STDDEV(IFF(ID = 0, X, NULL))",
        "REGR_SLOPE(X, 1)",
        "MAX_BY(S, IFF(ID = 3, 1, NULL))",
    ):
        assert pd.isna(one(text)), text
    assert one("LISTAGG(IFF(FALSE, S, NULL), ',')") == ""
    assert one("LISTAGG(DISTINCT S, ',') WITHIN GROUP (ORDER BY S DESC)") == "us,fr,de"
    assert one("REGR_R2(1, Y)") == 1


def test_orders_put_nulls_where_snowflake_does() -> None:
    def first(order: str) -> Any:
        return run(f"SELECT S FROM FRAME ORDER BY {order} LIMIT 1").iloc[0, 0]

    assert first("S") == "de" and pd.isna(first("S DESC"))
    assert first("S DESC NULLS LAST") == "us" and pd.isna(first("S NULLS FIRST"))
    ranked = run("SELECT S, ROW_NUMBER() OVER (ORDER BY S DESC, ID) AS R FROM FRAME QUALIFY R = 1")
    assert pd.isna(ranked.iloc[0, 0])


def test_windows_are_those_of_snowflake() -> None:
    data = frame().sort_values("ID")
    last = run("SELECT ID, LAST_VALUE(Y) OVER (PARTITION BY T ORDER BY ID) AS A FROM FRAME ORDER BY ID")
    assert last["A"].tolist() == data.groupby("T")["Y"].transform("last").tolist()
    share = run("SELECT RATIO_TO_REPORT(Y) OVER (PARTITION BY T) AS A FROM FRAME ORDER BY ID")["A"]
    assert share.tolist() == pytest.approx((data["Y"] / data.groupby("T")["Y"].transform("sum")).tolist())
    running = run("SELECT SUM(Y) OVER (ORDER BY ID) AS A FROM FRAME ORDER BY ID")["A"]
    assert running.tolist() == pytest.approx(data["Y"].cumsum().tolist())
    lagged = run("SELECT LAG(X) IGNORE NULLS OVER (ORDER BY ID) AS A FROM FRAME ORDER BY ID")["A"]
    assert lagged.tolist() == pytest.approx(data["X"].ffill().shift(1).tolist(), nan_ok=True)
    ranks = run("SELECT RANK() OVER (ORDER BY T) AS A FROM FRAME ORDER BY ID")["A"]
    assert ranks.tolist() == data["T"].rank(method="min").tolist()


def test_pivots_and_groups() -> None:
    data = frame()
    wide = run("SELECT * FROM (SELECT S, T, Y FROM FRAME) PIVOT (SUM(Y) FOR S IN ('de', 'fr')) ORDER BY T")
    assert list(wide.columns) == ["T", "'de'", "'fr'"]
    expected = data.pivot_table("Y", "T", "S", "sum")
    assert wide["'de'"].tolist() == pytest.approx(expected["de"].tolist())
    long = run("SELECT * FROM (SELECT ID, X, Y FROM FRAME) UNPIVOT (V FOR K IN (X, Y))")
    assert len(long) == data[["X", "Y"]].count().sum() and set(long["K"]) == {"X", "Y"}
    rolled = run("SELECT S, COUNT(1) AS C, GROUPING(S) AS G FROM FRAME GROUP BY ROLLUP(S)")
    assert rolled[rolled["G"] == 1]["C"].tolist() == [len(data)]
    assert len(rolled) == data["S"].nunique(dropna=False) + 1


def test_samples_are_samples() -> None:
    assert len(run("SELECT * FROM FRAME SAMPLE (7 ROWS)")) == 7
    assert len(run("SELECT * FROM FRAME SAMPLE (100)")) == len(frame())
    assert len(run("SELECT * FROM (SELECT * FROM FRAME WHERE ID < 9) SAMPLE (0)")) == 0


def test_joins() -> None:
    assert len(run("SELECT * FROM FRAME AS A JOIN FRAME AS B ON A.S = B.S")) == 300
    assert len(run("SELECT * FROM (SELECT ID FROM FRAME), (SELECT 1 AS ONE)")) == 40
    late = run(
        "SELECT A.ID, B.Y FROM FRAME AS A ASOF JOIN (SELECT TS AS T2, Y FROM FRAME WHERE ID % 10 = 5) AS B"
        " MATCH_CONDITION (A.TS >= B.T2) ORDER BY A.ID"
    )
    assert pd.isna(late.iloc[4, 1]) and late.iloc[14, 1] == 25 / 8 and late.iloc[15, 1] == 225 / 8


def test_columns_without_a_name_get_snowflakes() -> None:
    found = run('SELECT count(1), avg("X"), ("N" + 1 :: INT), \'a\', x FROM "FRAME" GROUP BY N, X')
    assert list(found.columns) == ["COUNT(1)", 'AVG("X")', '("N" + 1 :: INT)', "'A'", "X"]


def test_names_that_differ_in_capitals_only_are_refused_on_duckdb() -> None:
    with pytest.raises(PlanRefused, match="'a' and 'A'"):
        run('SELECT X AS "a", Y AS "A" FROM FRAME')


def test_dates_and_texts_of_the_table_come_back() -> None:
    found = run("SELECT D, TS, T FROM FRAME ORDER BY ID LIMIT 4")
    assert found["D"].iloc[0] == pd.Timestamp(datetime.date(2024, 1, 25))
    assert found["TS"].iloc[1] == pd.Timestamp(2024, 2, 28, 23, 16)
    assert found["T"].tolist() == ["a_b", "A%b", "it's", "back\\slash"]
