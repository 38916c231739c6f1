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
import functools
from typing import Iterator, Tuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql import types as T


@F.udf("double")
def half(v):
    return None if v is None else v / 2


@F.udf(returnType=T.LongType())
def plus_one(v):
    return None if v is None else v + 1


@F.udf("boolean")
def even(v):
    return v % 2 == 0


@F.pandas_udf("double")
def doubled(s: pd.Series) -> pd.Series:
    return s * 2


@F.pandas_udf(T.LongType())
def lengths(s: pd.Series) -> pd.Series:
    return s.str.len()


@F.pandas_udf(T.StructType().add("a", T.LongType()).add("b", T.StringType()))
def parts(n: pd.Series, s: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"b": s, "a": n})


@F.pandas_udf("bigint")
def of_struct(frame: pd.DataFrame) -> pd.Series:
    return frame["n"] + frame["m"]


@F.pandas_udf("string")
def kinds(s: pd.Series) -> pd.Series:
    return pd.Series([str(s.dtype)] * len(s))


@F.pandas_udf("int")
def and_half(s: pd.Series) -> pd.Series:
    return s + 0.5


@F.pandas_udf("double")
def tripled(several: Iterator[pd.Series]) -> Iterator[pd.Series]:
    for s in several:
        yield s * 3


@F.pandas_udf("int")
def each_and_half(several: Iterator[pd.Series]) -> Iterator[pd.Series]:
    return (s + 0.5 for s in several)


@F.pandas_udf("double")
def added(several: Iterator[Tuple[pd.Series, pd.Series]]) -> Iterator[pd.Series]:
    return (a + b for a, b in several)


@F.udf("double")
def quadrupled(s: pd.Series) -> pd.Series:
    return s * 4


@F.arrow_udf("double")
def arrow_doubled(a: pa.Array) -> pa.Array:
    return pc.multiply(a, 2)


@F.arrow_udf("int")
def arrow_lengths(a: pa.Array) -> pa.Array:
    return pc.utf8_length(a)


@F.arrow_udf("double")
def arrow_added(a: pa.Array, b: pa.Array) -> pa.Array:
    return pc.add(a, b)


@F.arrow_udf("double")
def arrow_tripled(several: Iterator[pa.Array]) -> Iterator[pa.Array]:
    for a in several:
        yield pc.multiply(a, 3)


@F.pandas_udf("double")
def middle(s: pd.Series) -> float:
    return s.median()


@F.pandas_udf("double")
def weighted(v: pd.Series, w: pd.Series) -> float:
    return float((v * w).sum() / w.sum())


@F.pandas_udf("double")
def largest(several: Iterator[pd.Series]) -> float:
    return max(s.max() for s in several)


@F.arrow_udf("double")
def arrow_largest(a: pa.Array) -> pa.Scalar:
    return pc.max(a)


@F.arrow_udf("double")
def arrow_total(several: Iterator[pa.Array]) -> float:
    return float(sum(pc.sum(a).as_py() or 0 for a in several))


def registered(df, name, function, *kind):
    df.sparkSession.udf.register(name, function, *kind)
    return df


def viewed(df, query):
    df.createOrReplaceTempView("v")
    return df.sparkSession.sql(query)


class Scaler:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, v):
        return None if v is None else v * self.factor


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
    "beside text": "df.select('n', F.expr('k + 1').alias('a'), half('x').alias('y'))",
    "beside text without names": "df.select(F.expr('n'), F.expr('upper(s)'), F.expr('k as l'), half('x'))",
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
BATCHES: Final = {
    "pandas": "df.select('n', doubled('x').alias('y'))",
    "pandas without a name": "df.select('n', doubled('x'), doubled('n') + 1)",
    "pandas with nulls": "df.select('n', doubled('k').alias('y'))",
    "pandas of text": "df.select('n', lengths('s').alias('y'))",
    "pandas of dates": "df.select('n', F.pandas_udf(lambda s: s, 'date')('d').alias('y'))",
    "pandas of instants": "df.select('n', F.pandas_udf(lambda s: s.dt.hour, 'int')('t').alias('y'))",
    "pandas instants": "df.select('n', F.pandas_udf(lambda s: s + pd.Timedelta(hours=1), 'timestamp')('t'))",
    "pandas of Booleans": "df.select('n', F.pandas_udf(lambda s: s.fillna(False), 'boolean')('flag'))",
    "pandas types": "df.select('n', kinds('n'), kinds('x'), kinds('s'), kinds('t'), kinds('d'))",
    "pandas of two": "df.select('n', F.pandas_udf(lambda a, b: a + b, 'double')('n', 'x').alias('y'))",
    "pandas casts": "df.select('n', F.pandas_udf(lambda s: s + 0.0, 'int')('n').alias('y'))",
    "pandas whole numbers of nulls": "df.select('n', F.pandas_udf(lambda s: s + 1, 'int')('k').alias('y'))",
    "pandas float": "df.select('n', F.pandas_udf(lambda s: s / 3, 'float')('n').alias('y'))",
    "pandas smallint": "df.select('n', F.pandas_udf(lambda s: s, 'smallint')('n').alias('y'))",
    "pandas days": "df.select('n', F.pandas_udf(lambda s: s.dt.date, 'date')('t').alias('y'))",
    "pandas in a filter": "df.select('n', 'x').filter(doubled('x') > 1)",
    "pandas in a sum": "df.agg(F.sum(doubled('k')).alias('n'))",
    "pandas column": "df.select('n', 'x').withColumn('y', doubled('x')).filter('y > 1')",
    "pandas over none": "df.filter('n > 9').select('n', doubled('x').alias('y'))",
    "pandas key": "df.groupBy(doubled('k').alias('n')).count()",
    "pandas iterator": "df.select('n', tripled('x').alias('y'))",
    "pandas iterators": "df.select('n', tripled('x').alias('y'), tripled('n').alias('z'), added('n', 'x'))",
    "pandas iterator over none": "df.filter('n > 9').select('n', tripled('x').alias('y'))",
    "pandas by hints": "df.select('n', quadrupled('x').alias('y'))",
    "arrow": "df.select('n', arrow_doubled('x').alias('y'), arrow_doubled('k'))",
    "arrow of text": "df.select('n', arrow_lengths('s').alias('y'))",
    "arrow of two": "df.select('n', arrow_added('n', 'x').alias('y'))",
    "arrow casts": "df.select('n', arrow_doubled('n').alias('y'))",
    "arrow iterator": "df.select('n', arrow_tripled('x').alias('y'), arrow_tripled('n'))",
}
# Functions of what functions gave, and of rows in an order: local data of several rows is Spark's.
STEPS: Final = {
    "pandas bytes": (
        "df.select('n', F.pandas_udf(lambda s: s.str.encode('utf8'), T.BinaryType())('s').alias('y'))"
    ),
    "pandas twice": "df.select('n', doubled(doubled('x')).alias('y'), doubled(doubled('x') + 1))",
    "pandas beside rows": "df.select('n', doubled('x').alias('y'), half('x').alias('z'), doubled(half('x')))",
    "pandas chained": "df.select('n', doubled(and_half('n')).alias('y'))",
    "iterators chained": "df.select('n', tripled(each_and_half('n')).alias('y'))",
    "rows chained": "df.select('n', half(F.udf(lambda v: v + 0.5, 'int')('n')).alias('y'))",
    "arrow chained": "df.select('n', arrow_doubled(arrow_doubled('k')).alias('y'))",
    "struct chained": "df.select('n', F.pandas_udf(lambda f: f['a'], 'bigint')(parts('n', 's')).alias('y'))",
    "largest first": "df.orderBy(doubled('n').desc()).limit(2).select('n', 'x')",
    "window of results": (
        "df.select('n', F.sum(doubled('n')).over(Window.partitionBy('country').orderBy('n')).alias('y'))"
    ),
    "window in an order of results": (
        "df.select('n', F.row_number().over(Window.orderBy(doubled('n').desc())).alias('y'))"
    ),
    "rows that are counted by a call": (
        "df.select('n', F.call_function('COUNT', F.col('*')).over(Window.partitionBy(half('k') > 20)))"
    ),
    "window by results": ("df.select('n', F.count('*').over(Window.partitionBy(half('k') > 20)).alias('y'))"),
    "left join by results": (
        "df.select('n').join(df.select(F.col('n').alias('m'), 's'), plus_one('n') == F.col('m'), 'left')"
    ),
    "join by columns of frames": (
        "(lambda a, b: a.join(b, plus_one(a.n) == b.n).select(a.n, b.s))(df.select('n'), df.select('n', 's'))"
    ),
    "join by results on both sides": (
        "df.select('n').join(df.select(F.col('k').alias('m'), 's'), doubled('n') * 5 == doubled('m') / 2)"
    ),
}
AGGREGATES: Final = {
    "aggregate": "df.agg(middle('x').alias('n'))",
    "aggregate without a name": "df.agg(middle('x')).select(F.col('middle(x)').alias('n'))",
    "aggregate in a select": "df.select(middle('x').alias('n'), (middle('k') + 1).alias('y'))",
    "aggregate by a key": (
        "df.groupBy(F.col('country').alias('n')).agg(middle('x').alias('y'), middle('k').alias('z'))"
    ),
    "aggregate by a name": (
        "df.groupBy('country').agg(middle('x')).select(F.col('country').alias('n'), 'middle(x)')"
    ),
    "aggregate by null": "df.groupBy(F.col('flag').alias('n')).agg(middle('k').alias('y'))",
    "aggregate by NaN": "df.union(df).groupBy(F.col('x').alias('n')).agg(weighted('n', 'n').alias('y'))",
    "aggregate by two keys": (
        "df.groupBy('flag', 'country').agg(middle('n').alias('n')).select('n', 'flag', 'country')"
    ),
    "aggregate of two": "df.groupBy(F.col('country').alias('n')).agg(weighted('n', 'k').alias('y'))",
    "aggregate beside keys": (
        "df.groupBy(F.col('country').alias('n')).agg(F.concat(F.col('country'), F.round(middle('k'), 1)))"
    ),
    "aggregate over none": "df.filter('n > 9').agg(middle('x').alias('n'))",
    "aggregate over no groups": "df.filter('n > 9').groupBy(F.col('country').alias('n')).agg(middle('x'))",
    "aggregate of text": (
        "df.agg(F.pandas_udf(lambda s: '|'.join(sorted(s.dropna())), 'string', F.PandasUDFType.GROUPED_AGG)"
        "('s').alias('n'))"
    ),
    "aggregate of whole numbers": (
        "df.agg(F.pandas_udf(lambda s: s.sum(), 'bigint', F.PandasUDFType.GROUPED_AGG)('k').alias('n'))"
    ),
    "aggregate that is NaN": (
        "df.agg(F.pandas_udf(lambda s: float('nan'), 'double', F.PandasUDFType.GROUPED_AGG)('k').alias('n'))"
    ),
    "aggregate that is null": (
        "df.agg(F.pandas_udf(lambda s: None, 'double', F.PandasUDFType.GROUPED_AGG)('k').alias('n'))"
    ),
    "aggregate of an iterator": "df.groupBy(F.col('country').alias('n')).agg(largest('k').alias('y'))",
    "arrow aggregate": "df.agg(arrow_largest('k').alias('n'), arrow_largest('x').alias('y'))",
    "arrow aggregate by a key": "df.groupBy(F.col('country').alias('n')).agg(arrow_largest('k').alias('y'))",
    "arrow aggregate of an iterator": (
        "df.groupBy(F.col('country').alias('n')).agg(arrow_total('k').alias('y'))"
    ),
    "groups that are chosen": (
        "df.groupBy(F.col('country').alias('n')).agg(middle('k').alias('y')).filter('y > 31')"
    ),
}
AGGREGATE_STEPS: Final = {
    "aggregate of results": "df.agg(middle(doubled('x')).alias('n'))",
    "result of an aggregate": "df.agg(half(middle('x')).alias('n'))",
    "aggregate by results": "df.groupBy(half('k').alias('n')).agg(middle('x').alias('y'))",
}
REGISTERED: Final = {
    "in expr": "registered(df, 'twice', half).select('n', F.expr('twice(k) + 1').alias('y'))",
    "in selectExpr": "registered(df, 'twice', half).selectExpr('n', 'twice(k) as y', 'TWICE(x)')",
    "in a text filter": "registered(df, 'twice', half).filter('twice(k) > 15 and n < 6').select('n')",
    "registered pandas": "registered(df, 'd', doubled).selectExpr('n', 'd(d(k) + 1) as y')",
    "registered aggregate": (
        "registered(df, 'm', middle).groupBy(F.col('country').alias('n')).agg(F.expr('m(k)'))"
    ),
    "call_udf": "registered(df, 'twice', half).select('n', F.call_udf('twice', F.col('k')).alias('y'))",
    "call_function": "registered(df, 'twice', half).select('n', F.call_function('twice', 'k').alias('y'))",
    "in a query": ("viewed(registered(df, 'q', half), 'select n, q(k) as y from v where q(k) > 10')"),
    "in a query, without a name": "viewed(registered(df, 'r', half), 'select n, r(k) from v')",
    "in a query of groups": (
        "viewed(registered(df, 's', half), 'select country as n, sum(s(k)) as y from v group by country')"
    ),
    "in a query with an alias": (
        "viewed(registered(df, 'ra', half), 'select a.n, ra(a.k) from v a where ra(a.k) > 10 and a.n < 6')"
    ),
    "in a query, aggregated without a name": (
        "viewed(registered(df, 'rb', half), "
        "'select SUM(rb(k)) / count(*), avg(rb(k) + 2) as z, max(n) as n from v')"
    ),
    "in expr, aggregated without a name": (
        "registered(df, 'twice', half).agg(F.expr('avg(twice(k))'), F.expr('max(n) as n'))"
    ),
    "what register gives": (
        "(lambda f: df.select('n', f('k').alias('y')))(df.sparkSession.udf.register('h', half))"
    ),
    "registered again": (
        "registered(registered(df, 'twice', half), 'twice', plus_one).select('n', "
        "F.expr('twice(k)').alias('y'))"
    ),
}
# A plain function that is registered: its results are taken as pickles, not as Arrow.
PICKLED: Final = {
    f"pickled {shown} as {kind}": (
        f"registered(df, 'p', lambda v: {shown}, {kind!r}).select('n', F.expr('p(k)').alias('y'))"
    )
    for kind, values in {
        "bigint": ("1", "1.0", "True", "'1'", "2**63", "None", "v"),
        "int": ("1", "2**40", "1.5", "v"),
        "smallint": ("1", "70000"),
        "double": ("1", "1.5", "True", "'1.5'", "float('nan')"),
        "float": ("1.1", "1"),
        "boolean": ("True", "1", "'true'"),
        "string": ("'a'", "1", "True", "None", "2**70"),
    }.items()
    for shown in values
}
CALLABLES: Final = {
    "without Arrow": "df.select('n', F.udf(lambda v: v * 2.0, 'int', useArrow=False)('n').alias('y'))",
    "without Arrow, chained": (
        "(lambda u: df.select('n', u(u('n')).alias('y')))(F.udf(lambda v: v * 1.5, 'double', useArrow=False))"
    ),
    "without Arrow, not chained": (
        "df.select('n', half(F.udf(lambda v: v + 1, 'double', useArrow=False)('n')).alias('y'))"
    ),
    "of dates without Arrow": (
        "df.select('n', F.udf(lambda d: d.day, 'smallint', useArrow=False)('d').alias('y'))"
    ),
    "nondeterministic in a filter": (
        "df.select('n').filter(F.udf(lambda v: v > 2, 'boolean').asNondeterministic()('n'))"
    ),
    "nondeterministic pandas": (
        "df.select('n', F.pandas_udf(lambda s: s - s.min(), 'bigint').asNondeterministic()('n').alias('y'))"
    ),
    "partial": "df.select('n', F.udf(functools.partial(scaled, factor=2.0), 'double')('x').alias('y'))",
    "callable": "df.select('n', F.udf(Scaler(2.0), 'double')('x').alias('y'))",
    "lambda of pandas": "df.select('n', F.pandas_udf(lambda s: s - 1, 'bigint')('n').alias('y'))",
    "partial of pandas": (
        "df.select('n', F.pandas_udf(functools.partial(lambda s, by: s * by, by=2), "
        "'bigint')('n').alias('y'))"
    ),
    "nondeterministic": (
        "df.select('n', F.udf(lambda v: v + 1, 'bigint').asNondeterministic()('n').alias('y'))"
    ),
}
# Columns that nobody uses above stay below, in whatever way the others are named.
UNUSED: Final = {
    "chosen and counted": "df.filter(doubled('x') > 1).agg(F.count('*').alias('n'))",
    "averaged": "df.withColumn('y', doubled('x')).agg(F.avg('y').alias('n'))",
    "averaged by a key": (
        "df.withColumn('y', doubled('k')).filter('y > 10')"
        ".groupBy(F.col('country').alias('n')).agg(F.max('y'))"
    ),
    "replaced and averaged": "df.withColumn('k', doubled('K')).agg(F.avg('k').alias('n'))",
    "renamed and chosen": (
        "df.withColumn('y', half('k')).withColumnRenamed('S', 'z').select('n', 'z', F.col('Y') + 1)"
    ),
    "by columns of frames": (
        "(lambda a: a.filter(half(a.k) > 5).select(a.n, a['s'], df.x))(df.filter('n > 1'))"
    ),
    "by a frame below one without null": (
        "(lambda a: a.filter(half(a.k) > 5).select(a.n, df.x))(df.na.drop(subset=['s']))"
    ),
    "by a frame below one that was spread": (
        "(lambda a: a.filter(half(a.k) > 5).select(a.n, df.x))(df.repartition('country'))"
    ),
    "by text": "df.filter(half('k') > 5).selectExpr('n', 'upper(`s`) as u', 'k + x as y')",
    "by a field": "df.select('*', F.struct('k', 's').alias('st')).filter(half('k') > 5).select('n', 'st.s')",
    "by an alias": "df.filter(half('k') > 5).alias('a').select('a.n', 'a.s')",
    "beside a star": "df.select('*', half('k').alias('y')).filter('y > 5').select('n', 'flag')",
    "all after all": "df.select('n', 's').filter(half('n') > 0.5).select('*')",
    "sorted and limited": ("df.withColumn('y', doubled('n')).orderBy(F.desc('k')).limit(3).select('n', 's')"),
    "without null": "df.withColumn('y', doubled('n')).na.drop(subset=['k']).na.fill(0.0).select('n', 'x')",
    "without doubles": "df.withColumn('y', half('k')).dropDuplicates(['country', 'n']).select('n')",
    "without a column": "df.withColumn('y', half('k')).drop('s', df.t).select('n', 'y')",
    "joined": (
        "df.withColumn('y', half('k')).join(df.select('n', F.col('s').alias('r')), 'n').select('n', 'r', 'y')"
    ),
    "of two frames": (
        "(lambda a, b: a.withColumn('y', half(a.k)).join(b, a.n == b.n).select(a.n, 'y', b.s))"
        "(df.filter('n > 1'), df.filter('n < 6'))"
    ),
    "in two steps": (
        "df.withColumn('y', doubled('k')).withColumn('z', half('y')).filter('z > 10')"
        ".agg(F.sum('z').alias('n'))"
    ),
    "in a window": (
        "df.withColumn('y', half('k'))"
        ".select('n', F.sum('y').over(Window.partitionBy('country').orderBy('n')))"
    ),
    "pivoted": (
        "df.withColumn('y', half('k')).groupBy(F.col('flag').alias('n'))"
        ".pivot('country', ['DE', 'FR']).sum('y')"
    ),
    "by odd names": (
        "df.withColumnsRenamed({'k': 'a.b', 's': 'c`d'}).filter(doubled('x') > 1)"
        ".select('n', '`a.b`', F.col('`c``d`'))"
    ),
}
# What is above functions names columns that are below them, by aliases, or by a way past a select.
EXPOSED: Final = {
    "distinct rows": "df.filter(even('n')).select(F.count_distinct('*').alias('n'))",
    "filled": "df.withColumn('y', half('x')).fillna(0.0, ['x']).select('n', 'y')",
    "filled by a dict": "df.withColumn('y', half('x')).fillna({'x': 0.0, 's': 'q'}).select('n', 's', 'y')",
    "filled and counted": (
        "df.withColumn('y', half('x')).fillna(0.0, subset=['x']).groupBy('country').count()"
        ".select(F.col('country').alias('n'), 'count')"
    ),
    "sorted by what is left out": "df.filter(even('n')).select('n').sort('d').limit(2)",
    "sorted past two selects": "df.filter(even('n')).select('n', 's').select('n').sort('d')",
    "chosen by what is left out": (
        "df.filter(even('n')).select('n').filter(df.k > 20).filter('s is not null')"
    ),
    "sorted by a renamed column's own": (
        "df.filter(even('n')).select(F.col('n').alias('q')).sort(F.desc('k')).limit(1)"
        ".select(F.col('q').alias('n'))"
    ),
    "spread by what is left out": "df.filter(even('n')).select('n').repartition('country')",
    "having": ("df.filter(even('n')).groupBy('country').agg(F.max('n').alias('n')).filter(F.max('k') > 30)"),
    "result sorted": "df.select('n', half('x').alias('y')).sort('k').limit(3)",
    "result sorted by a frame's column": "df.select('n', half('x').alias('y')).sort(df.k.desc()).limit(3)",
    "result chosen": "df.select('n', half('x').alias('y')).filter('k > 20 and y is not null').sort('d')",
    "result chosen by a frame's column": "df.select('n', half('x').alias('y')).filter(df.k > 20)",
    "result sorted and chosen again": (
        "df.select('n', half('x').alias('y')).sort('k').filter(half('k') > 10).select('n', 'y')"
    ),
    "by an alias of all": "df.alias('a').withColumn('y', half('x')).select('a.n', 'y')",
    "by an alias, filtered": "df.alias('a').filter(even('n')).select('a.n', 'a.s')",
    "by an alias in capitals": "df.alias('A').filter(even('a.n')).select('a.N', 'A.s')",
    "by aliases of a join": (
        "df.alias('a').join(df.alias('b'), F.col('a.n') == F.col('b.n')).filter(even('a.n'))"
        ".select('a.n', 'b.s')"
    ),
    "by aliases, in groups": (
        "df.alias('a').join(df.alias('b'), F.col('a.n') == F.col('b.n')).filter(even('a.n'))"
        ".groupBy('a.country').agg(F.sum('b.n')).select(F.col('country').alias('n'), 'sum(n)')"
    ),
    "by aliases, with a result": (
        "df.alias('a').join(df.alias('b'), F.col('a.n') == F.col('b.n')).withColumn('y', half('b.x'))"
        ".select('a.n', F.col('b.k') + 1, 'y')"
    ),
    "by aliases of both sides": (
        "df.alias('a').filter(even('n'))"
        ".join(df.alias('b').filter(half('k') > 1), F.col('a.n') == F.col('b.n')).select('a.n', 'b.k')"
    ),
    "struct beside a result": "df.select('n', F.struct(half('x').alias('h'), 's', df.k).alias('m'))",
    "struct of a result without a name": "df.select('n', F.to_json(F.struct('n', half('x'), F.upper('s'))))",
    "struct given to a function": (
        "df.select('n', F.udf(lambda r: str(r))(F.struct('n', half('k'), F.col('k') + 1)).alias('y'))"
    ),
    "largest struct": (
        "df.groupBy(F.col('country').alias('c')).agg(F.max(F.struct(half('x').alias('h'), 'n')).alias('m'))"
        ".select('m.n', F.to_json('m'))"
    ),
    "struct over groups": (
        "df.groupBy('country').agg(F.struct(half(F.sum('n')), 'country', F.max('k')).alias('m'))"
        ".select(F.col('m.country').alias('n'), F.to_json('m'))"
    ),
    "struct in a window": (
        "df.select('n', F.to_json(F.max(F.struct('N', '`k`'))"
        ".over(Window.partitionBy(even('n')))).alias('m'))"
    ),
    "in a query of cases": (
        "viewed(registered(df, 'rc', half), 'select n, case when k > 15 then rc(x) else 0.5 end y from v')"
    ),
    "in a query of few columns": (
        "viewed(registered(df, 'halved', half), 'select n, halved(x) as y from v where k > 10')"
    ),
    "in a query that counts": (
        "viewed(registered(df, 'ave', half), "
        "'select count(*) as n, avg(ave(k)) as y from v where k * 2 > 10')"
    ),
}
# Functions over aggregates and windows of Spark, and in groups by more than keys.
OVER_GROUPS: Final = {
    "over a sum": "df.groupBy(F.col('country').alias('n')).agg(half(F.sum('k')).alias('y'))",
    "over a sum without a name": (
        "df.groupBy('country').agg(half(F.sum('k'))).withColumnRenamed('country', 'n')"
    ),
    "over two aggregates": (
        "df.groupBy(F.col('country').alias('n')).agg("
        "F.udf(lambda a, b: a / b, 'double')(F.sum('k'), F.count('*')).alias('y'), F.max('k'))"
    ),
    "over a key": "df.groupBy('n').agg(half('n') + F.count('*'), plus_one(df.n))",
    "over a key and a sum": (
        "df.groupBy('n', 'k').agg(F.udf(lambda a, b, c: f'{a} {b} {c}')('n', df.k, F.sum('x')))"
    ),
    "over all rows": "df.agg(half(F.sum('k')).alias('n'), F.count('s'))",
    "over all rows without a name": "df.agg(half(F.sum('k')).alias('n'), half(F.avg('k')) + F.max('n'))",
    "selected over all rows": "df.select(half(F.sum('k')).alias('n'), F.max('k'))",
    "pandas over a sum": "df.groupBy(F.col('country').alias('n')).agg(doubled(F.sum('k')))",
    "over a sum of results": "df.groupBy(F.col('country').alias('n')).agg(half(F.sum(doubled('k'))))",
    "over a sum over a key of results": (
        "df.groupBy(half('k').alias('n')).agg(plus_one(F.count('*')).alias('y'))"
    ),
    "over a sum by case": (
        "df.groupBy(F.col('country').alias('n'))"
        ".agg(F.when(F.count('*') > 1, half(F.sum('k'))).otherwise(-1.0))"
    ),
    "over no groups": "df.filter('n > 9').groupBy(F.col('country').alias('n')).agg(half(F.sum('k')))",
    "over no rows": "df.filter('n > 9').agg(F.udf(lambda v: v is None, 'boolean')(F.sum('k')).alias('n'))",
    "in a rollup": "df.rollup('country').agg(F.sum(half(F.col('n') * F.col('n'))).alias('n'))",
    "in a cube": (
        "df.cube('country', 'flag').agg(F.sum(doubled('n')).alias('y'), F.grouping_id().alias('g'))"
        ".select(F.concat_ws('|', 'country', 'flag', 'g').alias('n'), 'y')"
    ),
    "over a rollup": (
        "df.rollup('country').agg(half(F.sum('k') + F.max('n')).alias('n'), F.grouping('country'))"
    ),
    "over a window": (
        "df.select('n', half(F.sum('k').over(Window.partitionBy('country').orderBy('n'))).alias('y'))"
    ),
    "over the row before": "df.withColumn('y', half(F.lag('k').over(Window.orderBy('n')))).select('n', 'y')",
    "chosen after groups": (
        "df.groupBy(F.col('country').alias('n')).agg(F.sum('k').alias('y')).filter(half('y') > 20)"
    ),
    "over a key in capitals": "df.groupBy('N').agg(half('n').alias('h'), half(F.sum('k')).alias('y'))",
    "over a key of an alias": "df.alias('a').groupBy('a.n').agg(half('n').alias('h'), half(F.sum('k')))",
    "over a key by its name": (
        "df.groupBy(F.upper('country').alias('u'))"
        ".agg(F.udf(lambda a, b: f'{a} {b}')('u', F.max('n')).alias('n'))"
    ),
    "over a key of results again": (
        "df.groupBy(half('k').alias('n')).agg(half('k') + 1, F.max('s'), half(F.max('n')).alias('y'))"
    ),
    "over nothing": "df.select(half(F.lit(1)).alias('n'), F.sum('k'))",
    "over distinct values": "df.agg(half(F.count_distinct('country')), half(F.sum('k')).alias('n'))",
    "over a median": "df.agg(half(F.median('k')), half(F.first('flag').cast('int')).alias('n'))",
    "summed over groups": (
        "df.groupBy('country').agg(half(F.sum('k')).alias('y')).agg(F.sum('y').alias('n'))"
    ),
}
# Several functions, of several kinds, in one condition.
CONDITIONS: Final = {
    "rows and pandas": "df.select('n', 'x').filter((half('x') > 0.1) & (doubled('n') > 2))",
    "pandas and Arrow": "df.select('n', 'x', 's').filter((doubled('x') > 1) & (arrow_lengths('s') >= 0))",
    "three kinds": (
        "df.select('n').filter((half('n') > 1) & (doubled('n') > 2) & (arrow_doubled('n') < 12))"
    ),
    "three kinds with nulls": (
        "df.filter((half('x') > 0) & (doubled('k') > 2) & (arrow_lengths('s') >= 0)).select('n')"
    ),
    "either": "df.select('n', 'k').filter((half('n') > 2) | (doubled('k') < 30))",
    "three columns": "df.select('n', half('x'), doubled('k'), arrow_lengths('s'), tripled('n'))",
}
# What functions are given, as Spark writes it in the names that it makes.
WRITTEN: Final = {
    f"written {shown}": f"df.select('n', F.udf(lambda v: 1, 'int')({shown}))"
    for shown in (
        "-F.col('k')",
        "~F.col('flag')",
        "F.col('s').isNull()",
        "F.col('s').isNotNull()",
        "F.col('k').isin(1, 2)",
        "F.col('s').isin('a', 'b')",
        "F.col('k') != 2",
        "F.trim('s')",
        "F.col('s').startswith('a')",
        "F.col('s').contains('a')",
        "-(F.col('k') + 1)",
        "F.coalesce('k', 'n')",
        "F.when(F.col('k') > 1, F.col('x')).otherwise(0)",
        "F.round('x', 2)",
        "F.col('k') ** 2",
        "F.concat_ws('-', 's', 'country')",
        "F.col('k').between(1, 2)",
        "F.col('k').cast('double')",
        "-F.col('k').cast('int')",
        "F.lit(True)",
        "F.year('d')",
        "F.struct('n', 'k')",
        "F.hash('k', 'n')",
        "F.ltrim('s')",
        "F.expr('k + 1')",
    )
}
WRITTEN_AROUND: Final = {
    f"written around {shown}": f"df.select('n', {shown})"
    for shown in (
        "half('k').cast('string')",
        "half('k').cast('int').cast('string')",
        "half('k').try_cast('int')",
        "half('k').cast('decimal(10,2)')",
        "half('k').isNull()",
        "-half('k')",
        "half('k').cast('int') + 1",
        "half('k').isin(1, 2)",
        "half(F.col('k').cast('int').cast('double'))",
        "half('k').cast(T.LongType())",
    )
} | {
    "written sum": "df.agg(F.sum(half('k')), F.avg(doubled('x') + 1), F.max('n').alias('n'))",
    "written sums by a key": (
        "df.groupBy(F.col('country').alias('n')).agg(F.sum(half('k')), F.max(half('k')))"
    ),
}
KEYWORDS: Final = {
    "by keyword": "df.select('n', F.udf(scaled, 'double')(factor='n', v='x').alias('y'))",
    "by place and keyword": (
        "df.select('n', F.udf(lambda a, b=2, *, c: f'{a}{b}{c}')('k', c=F.col('n') + 1).alias('y'))"
    ),
    "by keyword without a name": (
        "df.select('n', arrow_added(b='x', a='n'), half(v=df.x + 1), half(v=F.lit(3)))"
    ),
    "keyword in keyword": "df.select('n', half(v=half(v='x')), doubled(s=F.udf(half.func, 'int')(v='k')))",
    "pandas by keyword": (
        "df.select('n', F.pandas_udf(lambda a, b: a - b, 'double')(b='x', a='n').alias('y'))"
    ),
    "aggregate by keyword": (
        "df.groupBy('country').agg(weighted(w='k', v='n')).select(F.col('country').alias('n'), "
        "'weighted(w => k, v => n)')"
    ),
    "registered by keyword": (
        "registered(df, 'sc', F.udf(scaled, 'double')).selectExpr('n', 'sc(factor => n, v => k)')"
    ),
    "pickled by keyword": (
        "registered(df, 'pk', lambda a, b: None if a is None else a - b, 'bigint')"
        ".selectExpr('n', 'pk(b => n, a => k) as y')"
    ),
    "in a query by keyword": (
        "viewed(registered(df, 'sd', F.udf(scaled, 'double')), 'select n, sd(x, factor => n) from v')"
    ),
    "in a query without a table": (
        "viewed(registered(df, 'sl', F.udf(lambda s: len(s), 'int')), \"select sl('abc d') as n\")"
    ),
    "column of a query without a table": (
        "viewed(registered(df, 'sm', lambda s: len(s)), \"select sm('abc d'), 7 as n\")"
    ),
}
# Where functions stand, and what they give, in the ways of everyday code.
SHAPES: Final = {
    "withColumns": (
        "df.select('n','x').withColumns({'a': half('x'), 'b': plus_one('n'), 'x': doubled('x')})"
    ),
    "transform": "df.select('n','x').transform(lambda d: d.withColumn('y', half('x')))",
    "literal": (
        "df.select('n', half(F.lit(3.0)).alias('y'), F.udf(lambda a, b: a + b, 'int')(F.lit(1), "
        "F.lit(2)).alias('z'))"
    ),
    "array result": (
        "df.select('n', F.udf(lambda v: [v, None], 'array<bigint>')('n').alias('y')).select('n', "
        "F.col('y')[0].alias('a'), F.size('y'))"
    ),
    "map result": ("df.select('n', F.udf(lambda v: {'a': v}, 'map<string,bigint>')('n')['a'].alias('y'))"),
    "row result": (
        "df.select('n', F.udf(lambda v: (v, str(v)), 'a bigint, b "
        "string')('n').alias('y')).select('n', 'y.*')"
    ),
    "dict for a row": (
        "df.select('n', F.udf(lambda v: {'a': v, 'b': str(v)}, 'a bigint, b "
        "string')('n').alias('y')).select('n', 'y.b')"
    ),
    "coalesce": (
        "df.select('n', F.coalesce(half('x'), F.lit(-1.0)).alias('y'), half('x').between(0, "
        "1).alias('b'), plus_one('n').isin(2, 3).alias('c'))"
    ),
    "max of": (
        "df.groupBy(F.col('country').alias('n')).agg(F.max(half('k')), F.count(half('x')), "
        "F.countDistinct(plus_one('n')))"
    ),
    "two kinds of agg": (
        "df.groupBy(F.col('country').alias('n')).agg(F.sum(plus_one('n')).alias('a'), "
        "F.sum(F.when(half('k') > 10, 1).otherwise(0)).alias('b'))"
    ),
    "key and having": (
        "df.groupBy((plus_one('n') % 3).alias('n')).agg(F.count('*').alias('c')).filter('c > 1')"
    ),
    "join filter both": (
        "df.select('n').join(df.select(F.col('n').alias('m')), F.udf(lambda v: v > 3, "
        "'boolean')('n') & (F.col('n') == F.col('m')))"
    ),
    "cross filter": (
        "df.select('n').crossJoin(df.select(F.col('n').alias('m')).filter('m < "
        "3')).filter(F.udf(lambda a, b: a == b, 'boolean')('n', 'm'))"
    ),
    "dedupe": "df.select(F.udf(lambda v: v % 2, 'bigint')('n').alias('n')).dropDuplicates()",
    "fillna": "df.select('n', half('x').alias('y')).na.fill(0.0)",
    "except": "df.select(plus_one('n').alias('n')).exceptAll(df.select('n'))",
    "intersect": "df.select(plus_one('n').alias('n')).intersect(df.select('n'))",
    "struct of": (
        "df.select('n', F.struct(half('x').alias('a'), "
        "plus_one('n').alias('b')).alias('s')).select('n', 's.a', 's.b')"
    ),
    "cast of": ("df.select('n', half('k').cast('int').alias('y'), half('x').cast('string').alias('z'))"),
    "expr arg": "df.select('n', half(F.expr('k * 2')).alias('y'))",
    "drop": "df.select('n','x').withColumn('y', half('x')).drop('x')",
    "rename": ("df.select('n','x').withColumn('y', half('x')).withColumnRenamed('y','z').toDF('n','p','q')"),
    "limit after sort": "df.select('n', half('n').alias('y')).orderBy(F.desc('y')).limit(2)",
    "lag over": "df.select('n', F.lag(half('n')).over(Window.orderBy('n')).alias('y'))",
    "rank over part": (
        "df.select('n', F.rank().over(Window.partitionBy(plus_one('n') % 2).orderBy(half('n'))).alias('y'))"
    ),
    "median udf col": (
        "df.select(half('k').alias('n')).agg(F.median('n').alias('n'), F.percentile_approx('n', 0.5))"
    ),
    "pandas bool filter and": (
        "df.filter(F.pandas_udf(lambda s: s > 2, 'boolean')('n') | F.col('flag')).select('n','flag')"
    ),
    "pandas dict struct": (
        "df.select('n', F.pandas_udf(lambda s: pd.DataFrame({'a': s, 'b': s * 2}), 'a bigint, b "
        "bigint')('n').alias('y')).select('n','y.a','y.b')"
    ),
    "pandas datetime": (
        "df.select('n', F.pandas_udf(lambda s: s.dt.normalize(), 'timestamp')('t').alias('y'))"
    ),
    "pandas nullable": (
        "df.select('n', F.pandas_udf(lambda s: s.astype('Int64'), 'bigint')('k').alias('y'))"
    ),
    "agg struct": (
        "df.groupBy(F.col('country').alias('n')).agg(F.pandas_udf(lambda s: float(s.std()), "
        "'double', F.PandasUDFType.GROUPED_AGG)('n').alias('y'))"
    ),
    "agg min max array": (
        "df.agg(F.pandas_udf(lambda s: [float(s.min()), float(s.max())], 'array<double>', "
        "F.PandasUDFType.GROUPED_AGG)('n').alias('n'))"
    ),
    "agg after map": (
        "df.mapInPandas(lambda it: (b[['n','k']] for b in it), 'n bigint, k "
        "int').groupBy((F.col('n') % 2).alias('n')).agg(middle('k'))"
    ),
    "filter text of udf col": ("df.withColumn('y', half('x')).filter('y > 0.5 and n < 6').select('n','y')"),
    "decimal arg": (
        "df.select('n', F.udf(lambda d: str(d), 'string')(F.col('k').cast('decimal(10,2)')).alias('y'))"
    ),
    "ntz": (
        "df.select('n', F.udf(lambda d: d, 'timestamp_ntz')(F.col('t').cast('timestamp_ntz')).alias('y'))"
    ),
    "isNull of": "df.select('n', half('x').isNull().alias('y'), F.isnan(half('x')).alias('z'))",
    "sample of expr": ("df.select('n', (half('x') > 0).alias('p')).groupBy('p').agg(F.sum('n').alias('n'))"),
    "explode udf": (
        "df.select('n', F.explode(F.udf(lambda v: list(range(v)), "
        "'array<bigint>')('n')).alias('y')).groupBy('n').agg(F.sum('y').alias('y'))"
    ),
    "udf of udf other kind": ("df.select('n', half(doubled('x')).alias('y'), doubled(half('k')).alias('z'))"),
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
WIDE_BATCHES: Final = {
    "pandas types of widths": (
        "df.select('n', *[kinds(F.col('n').cast(t)) for t in ('tinyint', 'smallint', 'float', 'string')],"
        " kinds('price'), kinds(F.col('n') > 1), kinds(F.col('s').cast('binary')), kinds('tags'))"
    ),
    "pandas without zones": (
        "df.select('n', kinds(F.col('t').cast('timestamp_ntz')).alias('x'), F.pandas_udf("
        "lambda s: s + pd.Timedelta(days=1), 'timestamp_ntz')(F.col('t').cast('timestamp_ntz')).alias('y'))"
    ),
    "pandas old dates": (
        "df.select('n', F.pandas_udf(lambda s: s, 'date')(F.to_date(F.lit('0001-01-01'))).alias('y'))"
    ),
    "arrow types": (
        "df.select('n', *[F.arrow_udf(lambda a: pa.array([str(a.type)] * len(a)), 'string')(c).alias(c + '_')"
        " for c in ('n', 'x', 'k', 's', 'flag', 'd', 't', 'price', 'tags')])"
    ),
    "arrow types of nested": (
        "df.select('n', F.arrow_udf(lambda a: pa.array([str(a.type)] * len(a)), 'string')"
        "(F.struct('n', 'tags', F.create_map(F.lit('a'), F.col('k')))).alias('y'))"
    ),
    "arrow structs": (
        "df.select('n', F.arrow_udf(lambda a, b: pc.make_struct(a, b, field_names=['a', 'b']), "
        "'a bigint, b string')('n', 's').alias('y'))"
    ),
    "pandas elements": (
        "df.select('n', F.pandas_udf(lambda s: s.map(lambda v: str(type(v)) + str(v)), 'string')"
        "(F.array('n', F.col('n') + 1)).alias('y'))"
    ),
    "pandas struct": "df.select('n', parts('n', 's').alias('y')).select('n', 'y.b', 'y.a')",
    "pandas of a struct": "df.select('n', of_struct(F.struct('n', F.col('n').alias('m'))).alias('y'))",
    "pandas of decimals": "df.select('n', F.pandas_udf(lambda s: s * 2, 'decimal(12,2)')('price'))",
    "pandas arrays": (
        "df.select('n', F.pandas_udf(lambda s: s.map(lambda v: [v, v]), 'array<bigint>')('n').alias('y'))"
    ),
    "pandas maps": (
        "df.select('n', F.pandas_udf(lambda s: s.map(lambda v: {'v': v}), 'map<string,bigint>')('n')"
        ".alias('y'))"
    ),
    "pandas null structs": "df.select('n', parts('k', 's').alias('y'))",
    "pandas of arrays": "df.select('n', F.pandas_udf(lambda s: s.map(len, 'ignore'), 'int')('tags'))",
}
RAISING: Final = {
    "raises in pandas": "df.select('n', F.pandas_udf(lambda s: 1 / 0, 'double')('n'))",
    "raises for a length": "df.select('n', F.pandas_udf(lambda s: s[:2], 'bigint')('n'))",
    "raises for a number": "df.select('n', F.pandas_udf(lambda s: 1.0, 'double')('n'))",
    "raises for what an iterator leaves": (
        "df.select('n', F.pandas_udf(lambda i: iter([]), 'bigint', F.PandasUDFType.SCALAR_ITER)('n'))"
    ),
    "raises in an aggregate": (
        "df.agg(F.pandas_udf(lambda s: 1 / 0, 'int', F.PandasUDFType.GROUPED_AGG)('k').alias('n'))"
    ),
    "raises in arrow": "df.select('n', F.arrow_udf(lambda a: pc.divide(a, 0), 'bigint')('n'))",
    "raises for a fraction": "df.select('n', F.pandas_udf(lambda s: s + 0.5, 'bigint')('n'))",
    "raises for whole numbers as text": "df.select('n', F.pandas_udf(lambda s: s, 'string')('n'))",
    "raises for decimals": "df.select('n', F.pandas_udf(lambda s: s, T.DecimalType(10, 0))('n'))",
    "raises for text": "df.select('n', F.pandas_udf(lambda s: s.astype(str) + 'x', 'int')('n'))",
    "raises": "df.select('n', F.udf(lambda v: 1 / (v - 3), 'double')('n'))",
    "raises on null": "df.select('n', F.udf(lambda v: v + 1, 'double')('x'))",
    "raises for a keyword": "df.select('n', half(w='x'))",
    "raises for its type": "df.select('n', returning('text', 'int')('n'))",
    "raises for a large number": "df.select('n', returning(2**40, 'int')('n'))",
    "raises for arguments": "df.select('n', F.udf(lambda a, b: 1, 'int')('n'))",
    "Boolean as whole number": "df.select('n', returning(True, 'int')('n').alias('y'))",
    "long as float": "df.select('n', returning(16777217, 'float')('n').alias('y'))",
}


# What is asked of frames that are cut from the rows, and what they hold.
FRAMED: Final = {
    "rows": ".select('n', half('x').alias('y'))",
    "batches": ".select('n', doubled('k').alias('y'))",
    "iterators": ".select('n', tripled('x').alias('y'))",
    "arrow": ".select('n', arrow_doubled('k').alias('y'))",
    "aggregates": ".agg(middle('k').alias('n'))",
    "groups": ".groupBy(F.col('country').alias('n')).agg(arrow_total('k').alias('y'))",
}
FRAMES: Final = {
    "in DE": "df.filter(F.col('country') == 'DE')",
    "on two days": "df.filter((F.col('n') > 2) & (F.col('n') < 5))",
}
IN_FRAMES: Final = {
    f"{what} {where}": frame + expression
    for where, frame in FRAMES.items()
    for what, expression in FRAMED.items()
}
ALL: Final = {
    **ROWS, **BATCHES, **STEPS, **AGGREGATES, **AGGREGATE_STEPS, **REGISTERED, **PICKLED, **CALLABLES,
    **UNUSED, **EXPOSED, **OVER_GROUPS, **CONDITIONS, **WRITTEN, **WRITTEN_AROUND,
    **KEYWORDS, **SHAPES, **IN_FRAMES, **GROUPS, **RAISING,
}  # fmt: skip
ALL_WIDE: Final = {**WIDE_ROWS, **WIDE_BATCHES}


def source(cases: dict[str, str], preamble: str = PREAMBLE) -> str:
    """A metric that prints what cases give."""
    lines = [preamble, "", "def calc_metric(df):"]
    for name, expression in cases.items():
        lines.append(f"    got = {expression}.orderBy('n')")
        lines.append(f"    print({name!r}, got.dtypes, [tuple(row) for row in got.collect()])")
    return "\n".join([*lines, "    return 0.0", ""])
