"""Metrics with functions of whole DataFrames and of groups, as expressions of DataFrames; see `record`.

As in `corpus`: what a case prints is its type and its rows, in the order of `n`. Names of cases that raise
begin with `raises`.
"""

from __future__ import annotations

from typing import Final

PREAMBLE: Final = """
from typing import Any, Iterator

import numpy as np
import pandas as pd

from pyspark.sql import functions as F
from pyspark.sql import types as T

TOLD = "n string, told string"
NX = "n bigint, x double"


def known(key):
    \"\"\"A key as text; which zero it is depends on the row that comes first.\"\"\"
    return repr(tuple(one + 0.0 if isinstance(one, float) else one for one in key))


def told(key, frame):
    \"\"\"What a function is given, as text; the order of rows in a group is nobody's to know.\"\"\"
    kinds = ", ".join(f"{name} {kind}" for name, kind in frame.dtypes.items())
    rows = sorted(map(str, frame.values.tolist()))
    return pd.DataFrame({"n": [known(key)], "told": [f"{kinds}: {rows} {list(frame.index)}"]})



def batches(iterator):
    for batch in iterator:
        yield told((), batch)


def doubled(iterator):
    for batch in iterator:
        yield batch.assign(x=batch["x"] * 2)[["n", "x"]]


def counted(iterator):
    yield pd.DataFrame({"n": [sum(len(batch) for batch in iterator)]})


def as_given(iterator):
    yield from iterator


def positive(iterator):
    for batch in iterator:
        yield batch.filter(batch.column("n").to_numpy() > 2).select(["n", "k"])


def renamed(iterator):
    for batch in iterator:
        yield batch.select(["n", "s"]).rename_columns(["other", "names"])


def swapped(iterator):
    for batch in iterator:
        yield batch.select(["k", "n", "s"])


def centred(frame):
    return frame.assign(x=frame["x"] - frame["x"].median())[["n", "x"]]


def of_key(key, frame):
    return pd.DataFrame({"n": [key[0]], "rows": [len(frame)], "total": [frame["k"].sum()]})


def kept(key, table):
    return table.select(["n", "country"]).filter(table.column("n").to_numpy() > len(key))


def first_two(table):
    return table.select(["country", "n"]).sort_by("n").slice(0, 2)


def parts(key: Any, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for frame in frames:
        yield told(key, frame)


def joined(left, right):
    return pd.merge(left, right, on="n", how="outer")[["n", "x", "y"]]


def pairs(key, left, right):
    both = pd.concat([told(key, left), told(key, right)])
    return pd.DataFrame({"n": [known(key)], "told": [" | ".join(both["told"])]})


def larger(left, right):
    return left if left.num_rows >= right.num_rows else right


def larger_of_key(key, left, right):
    return (left if key[0].as_py() == "DE" else right).select(["n", "country"])


def plain(value, kind="n bigint, y double"):
    return lambda frame: pd.DataFrame(value)


KEYS = (
    "select n, if(n = 2, null, if(n in (3, 5), double('nan'), double(n - n) * if(n = 4, -1, 1))) as f, "
    "nullif(n % 3, 0) as i from v"
)


def keyed(df):
    df.createOrReplaceTempView("v")
    return df.sparkSession.sql(KEYS)
"""

MAPS: Final = {
    "map": "df.mapInPandas(doubled, NX)",
    "map of a schema": "df.select('n', 'x').mapInPandas(doubled, df.select('n', 'x').schema)",
    "map of nothing": "df.filter('n > 100').mapInPandas(doubled, NX)",
    "map counts": "df.mapInPandas(counted, 'n bigint')",
    "map counts nothing": "df.filter('n > 100').mapInPandas(counted, 'n bigint')",
    "map yields nothing": "df.mapInPandas(lambda batches: iter(()), 'n bigint')",
    "map is given": "df.mapInPandas(batches, TOLD)",
    "map as given": (
        "df.select('n', 'x', 'k', 's', 'flag', 'd', 't').mapInPandas(as_given, df.drop('country').schema)"
    ),
    "map by place": "df.mapInPandas(lambda it: (pd.DataFrame([[len(b), 2]]) for b in it), 'n bigint, b int')",
    "map of other columns": (
        "df.mapInPandas(lambda it: (b[['n', 's']].assign(z=1) for b in it), 'n bigint, s string')"
    ),
    "map casts": "df.mapInPandas(lambda it: (b[['n']] + 0.0 for b in it), 'n int')",
    "map then aggregate": "df.mapInPandas(doubled, NX).agg(F.sum('n').alias('n'), F.count('x'))",
    "map of a map": "df.mapInPandas(doubled, NX).mapInPandas(doubled, NX)",
    "map below a join": "df.select('n', 's').join(df.mapInPandas(doubled, NX), 'n')",
    "map with itself": "(lambda m: m.join(m.select('n'), 'n'))(df.mapInPandas(doubled, NX))",
    "map of a column": "df.withColumn('n', F.col('n') * 10).mapInPandas(doubled, NX)",
    "map column by frame": "(lambda m: m.select(m.n, m['x'] + 1))(df.mapInPandas(doubled, NX))",
    "map in a view": (
        "df.mapInPandas(doubled, NX).createOrReplaceTempView('m') "
        "or df.sparkSession.sql('select n, x / 2 as x from m')"
    ),
    "Arrow map": "df.mapInArrow(positive, 'n bigint, k int')",
    "Arrow map as given": "df.mapInArrow(as_given, df.schema)",
    "Arrow map by place": "df.mapInArrow(renamed, 'n bigint, t string')",
    "Arrow map of nothing": "df.filter('n > 100').mapInArrow(positive, 'n bigint, k int')",
}
MAP_GROUPS: Final = {
    "groups": "df.groupBy('country').applyInPandas(centred, NX)",
    "groups are given": "df.groupBy('country').applyInPandas(told, TOLD)",
    "groups by key": "df.groupBy('country').applyInPandas(of_key, 'n string, rows int, total double')",
    "groups by two": "df.groupBy('country', 'flag').applyInPandas(told, TOLD)",
    "groups by an expression": "df.groupBy((F.col('n') % 2).alias('z')).applyInPandas(told, TOLD)",
    "groups by a column of the frame": "df.groupBy(df.country, df['flag']).applyInPandas(told, TOLD)",
    "groups by nothing": "df.groupBy().applyInPandas(told, TOLD)",
    "no groups": "df.filter('n > 100').groupBy('country').applyInPandas(told, TOLD)",
    "no groups by nothing": "df.filter('n > 100').groupBy().applyInPandas(told, TOLD)",
    "groups by nulls": "df.groupBy('s').applyInPandas(told, TOLD)",
    "groups by dates": "df.groupBy('d', 't').applyInPandas(told, TOLD)",
    "groups by Booleans": "df.groupBy('flag').applyInPandas(told, TOLD)",
    "groups by NaN": "keyed(df).groupBy('f').applyInPandas(told, TOLD)",
    "groups by whole numbers with nulls": "keyed(df).groupBy('i').applyInPandas(told, TOLD)",
    "groups by both": "keyed(df).groupBy('i', 'f').applyInPandas(told, TOLD)",
    "groups in batches": "df.groupBy('country').applyInPandas(parts, TOLD)",
    "groups without columns": (
        "df.groupBy('country').applyInPandas(lambda f: pd.DataFrame(), 'n int, y double')"
    ),
    "groups of some columns": "df.select('n', 'country').groupBy('country').applyInPandas(told, TOLD)",
    "groups of a filter": "df.filter('x > 0').groupBy('country').applyInPandas(centred, NX)",
    "groups then aggregate": (
        "df.groupBy('country').applyInPandas(of_key, 'n string, rows int, total double')"
        ".agg(F.sum('rows').alias('n'), F.max('total'))"
    ),
    "groups by place": (
        "df.groupBy('flag').applyInPandas(lambda f: pd.DataFrame([[f.n.min(), 2]]), 'n bigint, b int')"
    ),
    "groups in another order": ("df.groupBy('country').applyInPandas(lambda f: f[['x', 'n']], NX)"),
    "text as whole numbers": "df.groupBy('n').applyInPandas(plain({'n': ['12']}), 'n int')",
    "floats as whole numbers": "df.groupBy('n').applyInPandas(plain({'n': [12.0]}), 'n int')",
    "Booleans as whole numbers": "df.groupBy('n').applyInPandas(plain({'n': [True]}), 'n int')",
    "whole numbers as floats": "df.groupBy('n').applyInPandas(plain({'n': [2**53]}), 'n double')",
    "instants": (
        "df.groupBy('n').applyInPandas(plain({'n': [pd.Timestamp('2026-01-01 10:00')]}), 'n timestamp')"
    ),
    "instants of a zone": (
        "df.groupBy('n').applyInPandas("
        "plain({'n': [pd.Timestamp('2026-01-01 10:00', tz='Asia/Tokyo')]}), 'n timestamp')"
    ),
    "Arrow groups": "df.groupBy('country').applyInArrow(first_two, 'n bigint, country string')",
    "Arrow groups by key": "df.groupBy('country', 'flag').applyInArrow(kept, 'n bigint, country string')",
    "pairs": (
        "df.select('n', 'x').groupBy('n').cogroup(df.select('n', F.col('k').alias('y')).groupBy('n'))"
        ".applyInPandas(joined, 'n bigint, x double, y double')"
    ),
    "pairs are given": (
        "df.select('n', 'country', 'x').filter('n > 2').groupBy('country')"
        ".cogroup(df.filter('n < 5').select('s', 'country').groupBy('country')).applyInPandas(pairs, TOLD)"
    ),
    "pairs by nulls": (
        "keyed(df).filter('n < 4').groupBy('i').cogroup(keyed(df).groupBy('i')).applyInPandas(pairs, TOLD)"
    ),
    "pairs by NaN": (
        "keyed(df).filter('n < 4').groupBy('f').cogroup(keyed(df).filter('n != 4').groupBy('f'))"
        ".applyInPandas(pairs, TOLD)"
    ),
    "pairs by nothing": "df.groupBy().cogroup(df.filter('n > 100').groupBy()).applyInPandas(pairs, TOLD)",
    "pairs of nothing": (
        "df.filter('n > 100').groupBy('s').cogroup(df.filter('n > 100').groupBy('s'))"
        ".applyInPandas(pairs, TOLD)"
    ),
    "pairs by an expression": (
        "df.select('n', 's').groupBy(F.col('n') % 2).cogroup(df.select('n').groupBy(F.col('n') % 3))"
        ".applyInPandas(pairs, TOLD)"
    ),
    "Arrow pairs": (
        "df.select('n', 'k').groupBy('n').cogroup(df.filter('n > 2').select('n', 'k').groupBy('n'))"
        ".applyInArrow(larger, 'n bigint, k int')"
    ),
    "Arrow pairs by key": (
        "df.select('n', 'country').groupBy('country').cogroup(df.filter('n > 2').select('n', 'country')"
        ".groupBy('country')).applyInArrow(larger_of_key, 'n bigint, country string')"
    ),
}
WIDE_MAPS: Final = {
    "map of all types": "df.mapInPandas(as_given, df.schema)",
    "map is given all types": "df.mapInPandas(batches, TOLD)",
    "map of structs": (
        "df.select('n', F.struct('k', 's').alias('q')).mapInPandas("
        "lambda it: (pd.DataFrame({'n': b.n, 'y': [str(q) for q in b.q]}) for b in it), 'n bigint, y string')"
    ),
    "Arrow map of all types": "df.mapInArrow(as_given, df.schema)",
    "groups by decimals": "df.groupBy('price').applyInPandas(told, TOLD)",
    "groups by bytes": "df.groupBy(F.col('s').cast('binary')).applyInPandas(told, TOLD)",
    "Arrow groups of all types": "df.groupBy('country').applyInArrow(lambda table: table, df.schema)",
}
RAISING_MAPS: Final = {
    "raises in a map": "df.mapInPandas(lambda it: (b.assign(y=1 / 0) for b in it), 'n bigint')",
    "raises for a series": "df.mapInPandas(lambda it: (b['n'] for b in it), 'n bigint')",
    "raises for no iterator": "df.mapInPandas(lambda it: 1, 'n bigint')",
    "raises for a name": "df.mapInPandas(lambda it: (b[['s']] for b in it), 'n bigint')",
    "raises for a place": "df.mapInPandas(lambda it: (pd.DataFrame([[1]]) for b in it), 'n bigint, y int')",
    "raises for text": "df.mapInPandas(lambda it: (b.assign(n=b['s'])[['n']] for b in it), 'n int')",
    "raises for a fraction": "df.groupBy('n').applyInPandas(plain({'n': [1.5]}), 'n int')",
    "raises for more columns": "df.groupBy('n').applyInPandas(plain({'n': [1], 'z': [1]}), 'n int')",
    "raises for fewer columns": "df.groupBy('n').applyInPandas(plain({'n': [1]}), 'n int, y int')",
    "raises for a large number": "df.groupBy('n').applyInPandas(plain({'n': [2**53 + 1]}), 'n double')",
    "raises for whole numbers as text": "df.groupBy('n').applyInPandas(plain({'n': [12]}), 'n string')",
    "raises for whole numbers as decimals": (
        "df.groupBy('n').applyInPandas(plain({'n': [12]}), 'n decimal(10,2)')"
    ),
    "raises for a dict": "df.groupBy('n').applyInPandas(lambda frame: {'n': 1}, 'n int')",
    "raises for a null too many": "df.groupBy('n').applyInPandas(plain({'n': [1]}), 'n date')",
    "raises for arguments of groups": "df.groupBy('n').applyInPandas(lambda a, b, c: a, 'n int')",
    "raises for Arrow types": "df.mapInArrow(swapped, 'n bigint, k int, s string')",
    "raises for Arrow columns": "df.mapInArrow(positive, 'n bigint, k int, z int')",
    "raises for Arrow tables": "df.groupBy('n').applyInArrow(lambda t: t.select(['s']), 'n bigint')",
    "raises for an Arrow type": "df.groupBy('n').applyInArrow(lambda t: t.select(['n']), 'n int')",
    "raises in a pair": (
        "df.groupBy('n').cogroup(df.groupBy('n')).applyInPandas(lambda a, b: a['y'], 'n int')"
    ),
    "raises for two columns of a name": "df.select('n', 'n').mapInPandas(as_given, 'n bigint, m bigint')",
    "raises for a dot": "df.select('n', F.col('x').alias('a.b')).mapInPandas(doubled, NX)",
}

# Spark leaves the order of the rows in a group open, so these have no number of their own.
UNSURE_MAPS: Final = (
    "df.groupBy('country').applyInPandas(lambda f: f[['n']].head(1), 'n bigint')",
    "df.groupBy('country').applyInPandas(lambda f: f.assign(x=f['n'].cumsum())[['n', 'x']], NX)",
    "df.groupBy('country').applyInPandas(lambda f: f.assign(x=range(len(f)))[['n', 'x']], NX)",
    "df.groupBy('country').applyInPandas(lambda f: pd.DataFrame({'n': [f['n'].iloc[-1]]}), 'n bigint')",
    "df.groupBy().applyInPandas(lambda f: pd.DataFrame({'n': [f['n'].diff().max()]}), 'n double')",
    "df.groupBy('country').applyInArrow(lambda t: t.select(['n']).slice(0, 1), 'n bigint')",
    "df.groupBy('s').cogroup(df.groupBy('country')).applyInPandas(lambda a, b: b[['n']].head(1), 'n int')",
)
# Nor do these depend on it, but for the last bits.
SURE_MAPS: Final = (
    "df.groupBy('country').applyInPandas(lambda f: f.sort_values('n')[['n']].head(1), 'n bigint')",
    "df.groupBy('country').applyInPandas(lambda f: f.assign(x=f['n'] - f['n'].mean())[['n', 'x']], NX)",
    "df.groupBy().applyInPandas(lambda f: pd.DataFrame({'n': [(f['n'] * 0.1).sum() - 2.1]}), 'n double')",
    "df.groupBy('n').applyInPandas(lambda f: f[['n']].head(1), 'n bigint')",
)
