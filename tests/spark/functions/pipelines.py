"""Random pipelines in which functions of the author stand, and the same with Spark's own in their place."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

_ROWS: Final = range(12)
TABLE: Final = pa.table(
    {
        "n": pa.array([place + 1 for place in _ROWS], pa.int64()),
        "k": pa.array([None if place % 5 == 0 else place * 3 % 7 for place in _ROWS], pa.int32()),
        "m": pa.array([place * place % 5 for place in _ROWS], pa.int64()),
        "s": pa.array([None if place % 4 == 0 else f"s{place % 3}" for place in _ROWS], pa.string()),
        "country": pa.array([("DE", "FR", "IT")[place % 3] for place in _ROWS], pa.string()),
        "flag": pa.array([place % 2 == 0 for place in _ROWS], pa.bool_()),
    }
)

# Each function by its two makings; both give the same for every value, null for null.
BY_AUTHOR: Final = """
half = F.udf(lambda v: None if v is None else v / 2.0, 'double')
even = F.udf(lambda v: None if v is None else v % 2 == 0, 'boolean')
twice = F.pandas_udf(lambda s: s * 2, 'double')
"""
BY_SPARK: Final = """
def of(c):
    return F.col(c) if isinstance(c, str) else c

def half(c):
    return (of(c) / 2.0).cast('double')

def even(c):
    return of(c) % 2 == 0

def twice(c):
    return (of(c) * 2).cast('double')
"""
_FUNCTIONS: Final = ("half", "twice")


def source(functions: str, pipelines: Sequence[str]) -> str:
    """A metric that prints the types and the sorted rows of each, or what it raises.

    Args:
        functions: BY_AUTHOR or BY_SPARK.
        pipelines: expressions.
    """
    lines = ["from pyspark.sql import functions as F", functions, "", "def calc_metric(df):"]
    for one in pipelines:
        lines += [
            "    try:",
            f"        got = {one}",
            "        print(got.dtypes, sorted(map(repr, got.collect())))",
            "    except Exception as error:",
            "        print('raised', type(error).__name__)",
        ]
    return "\n".join([*lines, "    return 0.0", ""])


class Pipelines:
    """Draws expressions over `df`, whose columns are those of the corpus."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._columns: list[str] = []
        self._count = 0

    def draw(self) -> str:
        """One expression that gives a DataFrame whose rows can be sorted by all columns."""
        self._columns, text = ["n", "k", "m", "s", "country", "flag"], "df"
        for _ in range(self._random.randint(2, 6)):
            step = self._random.choice(
                [
                    *(self._filter, self._filter, self._with_column, self._with_column, self._select),
                    *(self._star, self._sort, self._drop, self._rename, self._fill, self._join),
                    *(self._alias, self._groups),
                ]
            )
            text += step()
        return text

    def _numbers(self) -> list[str]:
        return [one for one in self._columns if one not in ("s", "country", "flag")]

    def _number(self) -> str:
        return self._random.choice(self._numbers())

    def _new(self) -> str:
        self._count += 1
        return f"c{self._count}"

    def _call(self, argument: str = "") -> str:
        return f"{self._random.choice(_FUNCTIONS)}({argument or repr(self._spelled(self._number()))})"

    def _spelled(self, name: str) -> str:
        return name.upper() if self._random.random() < 0.1 else name

    def _filter(self) -> str:
        whole = [one for one in self._numbers() if one in ("n", "k", "m")]
        kind = self._random.randrange(4)
        if kind == 0 and whole:
            return f".filter(even({self._random.choice(whole)!r}))"
        if kind == 1:
            return f".filter({self._call()} > {self._random.randint(0, 9)})"
        if kind == 2:
            return f".filter('{self._number()} > 1')"
        return f".filter(({self._call()} >= 1) | F.col({self._number()!r}).isNull())"

    def _with_column(self) -> str:
        name = self._number() if self._random.random() < 0.2 else self._new()
        call = self._call()
        if name not in self._columns:
            self._columns.append(name)
        return f".withColumn({name!r}, {call} + 1)"

    def _select(self) -> str:
        kept = self._random.sample(self._columns, self._random.randint(1, len(self._columns)))
        kept += [one for one in self._numbers()[:1] if one not in kept]
        parts = [repr(self._spelled(one)) for one in kept]
        if self._random.random() < 0.6:
            name = self._new()
            parts.append(f"{self._call()}.alias({name!r})")
            kept.append(name)
        before, self._columns = self._columns, kept
        text = f".select({', '.join(parts)})"
        left = [one for one in before if one not in kept]
        if left and self._random.random() < 0.4:
            text += f".sort({self._random.choice(left)!r})"
        elif left and self._random.random() < 0.3:
            text += f".filter(F.col({self._random.choice(left)!r}).isNotNull())"
        return text

    def _star(self) -> str:
        name = self._new()
        text = f".select('*', {self._call()}.alias({name!r}))"
        self._columns.append(name)
        return text

    def _sort(self) -> str:
        return f".sort({self._call()}, {self._random.choice(self._columns)!r})"

    def _drop(self) -> str:
        if len(self._numbers()) < 2:
            return ""
        gone = self._random.choice(self._columns if len(self._columns) > 3 else self._numbers())
        if gone in self._numbers() and len(self._numbers()) < 2:
            return ""
        self._columns.remove(gone)
        return f".drop({gone!r})"

    def _rename(self) -> str:
        old, new = self._number(), self._new()
        self._columns[self._columns.index(old)] = new
        return f".withColumnRenamed({old!r}, {new!r})"

    def _fill(self) -> str:
        return f".fillna(0, subset=[{self._number()!r}])"

    def _join(self) -> str:
        if "n" not in self._columns:
            return ""
        name, kind = self._new(), self._random.choice(("inner", "left"))
        self._columns.append(name)
        self._columns.remove("n")
        self._columns.insert(0, "n")
        side = self._random.choice((f"df.select('n', F.col('k').alias({name!r}))", self._side(name)))
        return f".join({side}, 'n', {kind!r})"

    def _side(self, name: str) -> str:
        return f"df.filter(even('n')).select('n', half('k').alias({name!r}))"

    def _alias(self) -> str:
        name = self._new()
        kept = self._random.sample(self._columns, self._random.randint(1, len(self._columns)))
        kept += [one for one in self._numbers()[:1] if one not in kept]
        text = f".alias({name!r}){self._filter()}.select({', '.join(repr(f'{name}.{one}') for one in kept)})"
        self._columns = kept
        return text

    def _groups(self) -> str:
        key, number, names = self._random.choice(self._columns), self._number(), (self._new(), self._new())
        over = f"half(F.sum({number!r}))" if self._random.random() < 0.5 else f"F.max({self._call()})"
        self._columns = [key, *names]
        return f".groupBy({key!r}).agg({over}.alias({names[0]!r}), F.count('*').alias({names[1]!r}))"
