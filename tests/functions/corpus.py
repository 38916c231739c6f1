"""Metrics with functions of the author, as expressions that give a DataFrame of few rows; see `record`.

`df` has the columns of `TABLE`. What a case prints is its type and its rows, in the order of `n`, so types,
nulls and every last digit are compared. Names of cases that raise begin with `raises`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pyarrow as pa

PREAMBLE: Final = """
import numpy as np

from pyspark.sql import functions as F
from pyspark.sql import types as T


@F.udf("double")
def half(v):
    return None if v is None else v / 2


@F.udf(returnType=T.LongType())
def plus_one(v):
    return None if v is None else v + 1


def scaled(v, factor=3.0):
    return None if v is None else v * factor


class Adder:
    def __init__(self, number):
        self.number = number

    def add(self, v):
        return None if v is None else v + self.number


def returning(value, kind):
    return F.udf(lambda n: value, kind)
"""

TABLE: Final = pa.table(
    {
        "n": pa.array([1, 2, 3, 4, 5, 6], pa.int64()),
        "x": pa.array([0.5, None, 2.25, -1.0, float("nan"), 7.0], pa.float64()),
        "k": pa.array([10, 20, None, 40, 50, 60], pa.int32()),
        "s": pa.array(["a", "bb", None, "dd'd", "", "ü"], pa.string()),
        "flag": pa.array([True, False, None, True, False, True], pa.bool_()),
        "country": pa.array(["DE", "FR", "DE", "FR", "DE", "IT"], pa.string()),
        "d": pa.array([date(2026, 1, day) for day in range(1, 7)], pa.date32()),
        "t": pa.array(
            [datetime(2026, 1, day, 12, tzinfo=UTC) for day in range(1, 7)], pa.timestamp("us", "UTC")
        ),
    }
)
# With types for which nothing is answered natively.
WIDE: Final = TABLE.append_column(
    "price", pa.array([Decimal(f"{number}.50") for number in range(6)], pa.decimal128(10, 2))
).append_column("tags", pa.array([["a", "b"], [], None, [None], ["c"], ["d"]], pa.list_(pa.string())))

ROWS: Final = {
    "decorated": "df.select('n', half('x').alias('y'))",
    "type object": "df.select('n', plus_one('k').alias('y'))",
    "column by name": "df.select('n', half(df['x']))",
    "column of F": "df.select('n', half(F.col('x') + 1))",
    "name of a sum": "df.select('n', half('x') + 1, plus_one(plus_one('n')))",
    "nested": "df.select('n', half(half('x')).alias('y'), half(half('x') + 1).alias('z'))",
    "with column": "df.select('n', 'x').withColumn('y', half('x'))",
    "replaces a column": "df.select('n', 'x').withColumn('x', half('x'))",
    "used again": "df.select('n', 'x').withColumn('y', half('x')).withColumn('z', half('y') + F.col('x'))",
    "in a filter": "df.select('n', 'x').filter(half('x') > 0.5)",
    "in part of a filter": "df.select('n', 'x').filter((half('x') > 0.5) & (F.col('n') < 6))",
    "old name above": "df.select('n', 'x', 's').withColumn('y', half(df.x)).filter(F.col('s').isNotNull())",
    "star": "df.select('n', 's').select('*', plus_one('n').alias('y'))",
    "two types": "df.select('n', half('x').alias('y'), F.udf(lambda s: s, 'string')('s').alias('z'))",
    "several arguments": "df.select('n', F.udf(lambda a, b: f'{a}{b}')('s', 'k').alias('y'))",
    "no argument": "df.select('n', F.udf(lambda: 5, 'int')().alias('y'))",
    "default argument": "df.select('n', F.udf(scaled, 'double')('x').alias('y'))",
    "bound method": "df.select('n', F.udf(Adder(7).add, 'bigint')('k').alias('y'))",
    "captured": "df.select('n', F.udf(lambda v, most=df.count(): v / most, 'double')('n').alias('y'))",
    "numpy": "df.select('n', F.udf(lambda v: float(np.sqrt(v)), 'double')('n').alias('y'))",
    "numpy number": "df.select('n', F.udf(lambda v: np.float64(v), 'double')('n').alias('y'))",
    "case": "df.select('n', F.when(F.col('n') > 3, half('x')).otherwise(0.0).alias('y'))",
    "text": "df.select('n', F.udf(lambda s: None if s is None else s.upper() + '!')('s').alias('y'))",
    "Boolean": "df.select('n', F.udf(lambda f: not f, 'boolean')('flag').alias('y'))",
    "date": "df.select('n', F.udf(lambda d: d.replace(day=28), 'date')('d').alias('y'))",
    "timestamp": "df.select('n', F.udf(lambda t: t.replace(minute=5), 'timestamp')('t').alias('y'))",
    "day of a timestamp": "df.select('n', F.udf(lambda t: str(t))('t').alias('y'))",
    "whole number as double": "df.select('n', returning(1, 'double')('n').alias('y'))",
    "double as whole number": "df.select('n', returning(1.0, 'int')('n').alias('y'))",
    "whole number as text": "df.select('n', returning(1, 'string')('n').alias('y'))",
    "Boolean as text": "df.select('n', returning(True, 'string')('n').alias('y'))",
    "text as whole number": "df.select('n', returning('12', 'int')('n').alias('y'))",
    "text as double": "df.select('n', returning('1.5', 'double')('n').alias('y'))",
    "list as text": "df.select('n', returning([1], 'string')('n').alias('y'))",
    "NaN": "df.select('n', returning(float('nan'), 'double')('n').alias('y'))",
    "nothing": "df.select('n', returning(None, 'double')('n').alias('y'))",
    "date as text": "df.select('n', F.udf(lambda d: d, 'string')('d').alias('y'))",
    "no rows": "df.filter('n > 100').select('n', half('x').alias('y'))",
    "no rows, raising": "df.filter('n > 100').select('n', F.udf(lambda v: 1 / 0, 'double')('n').alias('y'))",
    "alias of a frame": "df.alias('a').select('a.n', half('a.x').alias('y'))",
    "below a union": "df.select('n', half('x').alias('y')).union(df.select(F.col('n') + 10, 'x'))",
    "below a join": "df.select('n', half('x').alias('y')).join(df.select('n', 's'), 'n')",
}
# One row, or groups in an order.
GROUPS: Final = {
    "average": "df.agg(F.avg(half('k'))).select(F.col('avg(half(k))').alias('n'))",
    "sum of names": "df.agg(F.sum(half('k')).alias('a'), F.count('*').alias('n'), F.max('x'))",
    "of a global aggregate": "df.agg(F.max('k').alias('n')).select('n', half('n').alias('y'))",
    "key": "df.groupBy(F.udf(lambda c: c[:1])('country').alias('n')).agg(F.sum('k').alias('y'))",
    "unnamed key": "df.groupBy('flag', half('k')).count().select(F.col('half(k)').alias('n'), 'count')",
    "inside of groups": "df.groupBy(F.col('country').alias('n')).agg(F.sum(half('k')), F.max('k'))",
    "counted": "df.filter(F.udf(lambda s: s == 'a', 'boolean')('s')).select(F.count('*').alias('n'))",
    "global select": "df.select(F.sum(half('k')).alias('n'))",
}
WIDE_ROWS: Final = {
    "decimal": "df.select('n', F.udf(lambda v: v * 2, 'decimal(12,3)')('price').alias('y'))",
    "array": "df.select('n', F.udf(lambda v: v and v[::-1], 'array<string>')('tags').alias('y'))",
    "struct": (
        "df.select('n', F.udf(lambda v: (v, str(v)), 'a int, b string')('k').alias('y'))"
        ".select('n', 'y.b', 'y')"
    ),
    "map": "df.select('n', F.udf(lambda v: {'v': v}, 'map<string,int>')('k').alias('y'))",
    "binary": "df.select('n', F.udf(lambda v: str(v).encode(), 'binary')('k').alias('y'))",
    "struct argument": (
        "df.select('n', F.udf(lambda r: r.k + r['n'], 'bigint')"
        "(F.struct('n', F.coalesce('k', F.lit(0)).alias('k'))).alias('y'))"
    ),
    "keeps all columns": "df.withColumn('y', half('x'))",
}
RAISING: Final = {
    "raises": "df.select('n', F.udf(lambda v: 1 / (v - 3), 'double')('n'))",
    "raises on null": "df.select('n', F.udf(lambda v: v + 1, 'double')('x'))",
    "raises for its type": "df.select('n', returning('text', 'int')('n'))",
    "raises for a large number": "df.select('n', returning(2**40, 'int')('n'))",
    "raises for arguments": "df.select('n', F.udf(lambda a, b: 1, 'int')('n'))",
    "Boolean as whole number": "df.select('n', returning(True, 'int')('n').alias('y'))",
    "long as float": "df.select('n', returning(16777217, 'float')('n').alias('y'))",
}


def source(cases: dict[str, str]) -> str:
    """A metric that prints what cases give."""
    lines = [PREAMBLE, "", "def calc_metric(df):"]
    for name, expression in cases.items():
        lines.append(f"    got = {expression}.orderBy('n')")
        lines.append(f"    print({name!r}, got.dtypes, [tuple(row) for row in got.collect()])")
    return "\n".join([*lines, "    return 0.0", ""])
