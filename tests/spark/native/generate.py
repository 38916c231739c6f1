"""Plans drawn at random over the hostile table: expressions, steps, an aggregate or an order at the end."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql.connect import functions as F  # noqa: N812
from pyspark.sql.connect.window import Window

_NUMBERS: Final = ("i", "big", "x", "y", "f", "Label", "id", "p")
# Of these a sum is not all noise: none is so large that others are lost in it.
_TAME: Final = ("i", "y", "f", "Label", "id", "p")
_TEXTS: Final = ("s", "k")
_MOST_DEPTH: Final = 3


_FILLS: Final[tuple[bool | float | str, ...]] = (0, 1.5, "none", True)


class Draw:
    """Draws one plan; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._columns: tuple[str, ...] = _NUMBERS

    def plan(self, df: DataFrame) -> DataFrame:
        """Some steps, then what fixes the order of the rows."""
        pick = self._random
        for number in range(pick.randrange(4)):
            step = pick.choice([self._filter, self._column, self._column, self._fill, self._window])
            df = step(df, f"n{number}")
        ending = pick.choice(
            [self._total, self._total, self._groups, self._rows, self._twice, self._unsorted, self._sets]
        )
        return ending(df)

    def _filter(self, df: DataFrame, name: str) -> DataFrame:
        del name
        return df.filter(self.truth(0))

    def _column(self, df: DataFrame, name: str) -> DataFrame:
        return df.withColumn(name, self.any(0))

    def _fill(self, df: DataFrame, name: str) -> DataFrame:
        del name
        return self._random.choice(
            [
                lambda: df.fillna(self._random.choice(_FILLS)),
                lambda: df.dropna(subset=[self._random.choice([*_NUMBERS, *_TEXTS])]),
            ]
        )()

    def _window(self, df: DataFrame, name: str) -> DataFrame:
        pick = self._random
        window = Window.partitionBy(pick.choice(["k", "flag", "x", "Label"]))
        ordered = window.orderBy(pick.choice([F.asc("id"), F.asc("i"), F.desc("y"), F.asc("s")]))
        function = pick.choice(
            [
                lambda: F.row_number().over(ordered),
                lambda: F.rank().over(ordered),
                lambda: F.lag(pick.choice(_NUMBERS)).over(ordered),
                lambda: F.sum(pick.choice(("i", "Label", "p"))).over(pick.choice([window, ordered])),
                lambda: F.count(pick.choice(_NUMBERS)).over(ordered.rowsBetween(-1, 2)),
            ]
        )
        return df.withColumn(name, function())

    def _total(self, df: DataFrame) -> DataFrame:
        count = self._random.randrange(1, 5)
        return df.agg(*(self.aggregate().alias(f"r{place}") for place in range(count)))

    def _groups(self, df: DataFrame) -> DataFrame:
        keys = self._random.sample(["k", "flag", "x", "i", "Label", "d"], self._random.randrange(1, 3))
        grouped = df.groupBy(*keys).agg(self.aggregate().alias("r0"), F.count("*").alias("r1"))
        return grouped.orderBy(*keys)

    def _unsorted(self, df: DataFrame) -> DataFrame:
        keys = self._random.sample(["k", "flag", "i", "Label", "d", "s"], self._random.randrange(1, 4))
        if self._random.random() < 0.3:
            return df.select(*keys).distinct()
        return df.groupBy(*keys).agg(self.aggregate().alias("r0"), F.count("*").alias("r1"))

    def _sets(self, df: DataFrame) -> DataFrame:
        pick = self._random
        keys = pick.sample(["k", "flag", "i", "Label"], 2)
        if pick.random() < 0.3:
            return df.groupBy(keys[0]).pivot("k", ["u", "w", "x"]).agg(self.aggregate()).orderBy(keys[0])
        grouped = df.rollup(*keys) if pick.random() < 0.5 else df.cube(*keys)
        made = grouped.agg(self.aggregate().alias("r0"), F.grouping_id().alias("g"))
        return made.orderBy(*keys, "g") if pick.random() < 0.5 else made

    def _twice(self, df: DataFrame) -> DataFrame:
        grouped = df.groupBy(self._random.choice(["k", "x", "Label"])).agg(F.max("id").alias("top"))
        return grouped.agg(F.sum("top").alias("r0"), F.count("*").alias("r1"))

    def _rows(self, df: DataFrame) -> DataFrame:
        chosen = df.select("id", self.any(0).alias("r0"), self.any(0).alias("r1"))
        return chosen.orderBy("id").limit(30) if self._random.random() < 0.3 else chosen.orderBy("id")

    def aggregate(self) -> Column:
        """An aggregate of something."""
        pick = self._random
        return pick.choice(
            [
                lambda: F.count(self.any(1)),
                lambda: F.countDistinct(self.any(1)),
                lambda: F.sum(self.tame(1)),
                lambda: F.avg(self.tame(1)),
                lambda: F.min(self.any(1)),
                lambda: F.max(self.any(1)),
                lambda: F.count_if(self.truth(1)),
                lambda: F.stddev(self.tame(2)),
                lambda: F.corr("y", self.tame(2)),
                lambda: F.median(self.number(2)),
                lambda: F.percentile(self.number(2), pick.choice([0.1, 0.5, 0.99])),
                lambda: F.bool_or(self.truth(1)),
                lambda: F.percentile_approx(self.number(2), pick.choice([0.1, 0.5, 0.99])),
                lambda: F.regr_slope("y", self.tame(2)),
                lambda: F.size(F.collect_set(self.text(2))),
                lambda: F.sum(F.when(self.truth(1), self.tame(2)).otherwise(0)),
            ]
        )()

    def any(self, depth: int) -> Column:
        """Something of any type."""
        return self._random.choice([self.number, self.number, self.truth, self.text, self.day])(depth)

    def tame(self, depth: int) -> Column:
        """A number to be summed up."""
        self._columns = _TAME
        try:
            return self.number(depth)
        finally:
            self._columns = _NUMBERS

    def number(self, depth: int) -> Column:
        """A number."""
        pick = self._random
        if depth >= _MOST_DEPTH or pick.random() < 0.25:
            return F.col(pick.choice(self._columns))
        one, other = (self._deeper(self.number, depth) for _ in range(2))
        return pick.choice(
            [
                lambda: one() + other(),
                lambda: one() - other(),
                lambda: one() * pick.choice([2, 0.5, -1]),
                lambda: one() / other(),
                lambda: one() % pick.choice([2, 3.5, 7]),
                lambda: F.when(self.truth(depth + 1), one()).otherwise(other()),
                lambda: F.when(other() != 0, one() / other()),
                lambda: F.coalesce(one(), other()),
                lambda: F.greatest(one(), other()),
                lambda: F.abs(one()),
                lambda: -one(),
                lambda: F.round(one(), pick.choice([0, 1, 3])),
                lambda: F.floor(one()),
                lambda: F.sqrt(F.abs(one())),
                lambda: one().cast(pick.choice(["int", "long", "double", "float"])),
                lambda: F.nanvl(pick.choice(["f", "y"]), one()),
                lambda: F.length(self.text(depth + 1)),
                lambda: F.year(self.day(depth + 1)),
                lambda: F.datediff(self.day(depth + 1), self.day(depth + 1)),
            ]
        )()

    def truth(self, depth: int) -> Column:
        """A Boolean."""
        pick = self._random
        if depth >= _MOST_DEPTH or pick.random() < 0.15:
            return F.col("flag")
        return pick.choice(
            [
                lambda: self.number(depth + 1) > pick.choice([0, 1.5, -3, 100]),
                lambda: self.number(depth + 1) == self.number(depth + 1),
                lambda: self.number(depth + 1) <= self.number(depth + 1),
                lambda: self.truth(depth + 1) & self.truth(depth + 1),
                lambda: self.truth(depth + 1) | ~self.truth(depth + 1),
                lambda: self.any(depth + 1).isNull(),
                lambda: F.isnan("x"),
                lambda: F.col("i").isin(1, 2, 3, None),
                lambda: self.text(depth + 1).isin("a", "u", ""),
                lambda: self.text(depth + 1).startswith(pick.choice(["a", "", "U"])),
                lambda: self.day(depth + 1) >= "2000-01-01",
                lambda: self.number(depth + 1).between(-1, 4),
                lambda: F.col("k").eqNullSafe(self.text(depth + 1)),
            ]
        )()

    def text(self, depth: int) -> Column:
        """A text."""
        pick = self._random
        if depth >= _MOST_DEPTH or pick.random() < 0.4:
            return F.col(pick.choice(_TEXTS))
        return pick.choice(
            [
                lambda: F.upper(self.text(depth + 1)),
                lambda: F.trim(self.text(depth + 1)),
                lambda: F.concat(self.text(depth + 1), F.lit("-"), self.text(depth + 1)),
                lambda: F.substring(self.text(depth + 1), 1, pick.choice([1, 2])),
                lambda: F.coalesce(self.text(depth + 1), F.lit("none")),
                lambda: F.when(self.truth(depth + 1), self.text(depth + 1)),
                lambda: F.col("id").cast("string"),
            ]
        )()

    def day(self, depth: int) -> Column:
        """A day."""
        del depth
        return self._random.choice(
            [
                lambda: F.col("d"),
                lambda: F.to_date("t"),
                lambda: F.date_add("d", self._random.choice([1, -40])),
                lambda: F.trunc("d", "month"),
            ]
        )()

    def _deeper(self, draw: Callable[[int], Column], depth: int) -> Callable[[], Column]:
        return lambda: draw(depth + 1)
