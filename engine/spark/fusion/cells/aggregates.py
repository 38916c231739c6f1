"""The known aggregate functions: which states each needs, and how these are merged. Pure.

What is not in the table is not rolled up: holistic, ordered and approximate aggregates, and any that nobody
has compared with Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.cells.merges import Average, Bits, Count, Extreme, Merge, Sum
from engine.spark.fusion.cells.moments import Central, Powers, Spread
from engine.spark.fusion.cells.pairs import Pair, PairCentral, PairPowers
from engine.spark.fusion.cells.shapes import Shape
from engine.spark.fusion.cells.states import States, doubled, is_value, product, where_present
from engine.spark.fusion.cells.statistics import Correlation, Covariance, Regression, Variance

Arguments = Sequence[pb.Expression]


@dataclass(frozen=True, slots=True)
class Form:
    """What is chosen for a whole plan.

    Attributes:
        states: collects the states.
        precise: whether second moments are asked in the precise form.
        collated: whether text may be compared by a collation.
    """

    states: States
    precise: bool
    collated: bool


Recipe = Callable[[Form, Arguments], Merge]


def recipe(name: str, arguments: Arguments) -> Recipe:
    """The recipe for a call.

    Raises:
        NotFusable: there is none.
    """
    found = _RECIPES.get(name.lower())
    if found is None:
        raise NotFusable(f"the aggregate {name.lower()}, which cannot be merged from parts")
    arity, make = found
    if len(arguments) != arity and not (arity is None and arguments):
        raise NotFusable(f"{name.lower()} with {len(arguments)} arguments")
    return make


def _count(form: Form, arguments: Arguments) -> Merge:
    if all(map(is_value, arguments)):
        return Count(form.states.rows())
    return Count(form.states.ask("count", *arguments))


def _count_if(form: Form, arguments: Arguments) -> Merge:
    return Count(form.states.ask("count_if", *arguments))


def _sum(form: Form, arguments: Arguments) -> Merge:
    return Sum(form.states.ask("sum", *arguments))


def _try_sum(form: Form, arguments: Arguments) -> Merge:
    return Sum(form.states.ask("try_sum", *arguments), form.states.ask("count", *arguments))


def _average(form: Form, arguments: Arguments, *, total: str) -> Merge:
    ask, (x,) = form.states.ask, arguments
    return Average(ask(total, x), ask("sum", doubled(x)), ask("count", x), decimals=total == "sum")


def _extreme(form: Form, arguments: Arguments, *, function: str, greatest: bool) -> Merge:
    (x,) = arguments
    if form.collated:
        raise NotFusable("an extreme of text with a collation")
    return Extreme(form.states.ask(function, x), greatest)


def _bits(form: Form, arguments: Arguments, *, operation: str) -> Merge:
    return Bits(form.states.ask(f"bit_{operation}", *arguments), operation)


def _spread(form: Form, x: pb.Expression) -> Spread:
    ask = form.states.ask
    if form.precise:
        return _central(form, ask("count", x), doubled(x))
    return Powers(ask("count", x), ask("sum", x), ask("sum", product(doubled(x), doubled(x))))


def _central(form: Form, count: int, x: pb.Expression) -> Central:
    ask = form.states.ask
    return Central(count, ask("avg", x), ask("var_pop", x), ask("min", x), ask("max", x))


def _pair(form: Form, x: pb.Expression, y: pb.Expression) -> Pair:
    ask, both = form.states.ask, product(doubled(x), doubled(y))
    count = ask("count", both)
    if form.precise:
        left, right = (_central(form, count, where_present(doubled(a), b)) for a, b in ((x, y), (y, x)))
        return PairCentral(left, right, ask("covar_pop", doubled(x), doubled(y)))
    first, second = (
        Powers(
            count,
            ask("sum", where_present(a, b)),
            ask("sum", where_present(product(doubled(a), doubled(a)), b)),
        )
        for a, b in ((x, y), (y, x))
    )
    return PairPowers(first, second, ask("sum", both))


def _variance(form: Form, arguments: Arguments, *, sample: bool, root: bool) -> Merge:
    return Variance(_spread(form, *arguments), sample, root)


def _covariance(form: Form, arguments: Arguments, *, sample: bool) -> Merge:
    return Covariance(_pair(form, *arguments), sample)


def _correlation(form: Form, arguments: Arguments) -> Merge:
    return Correlation(_pair(form, *arguments))


def _shape(form: Form, arguments: Arguments, *, function: str) -> Merge:
    ask, (x,) = form.states.ask, arguments
    spread = _central(form, ask("count", x), doubled(x))
    kurtosis = ask("kurtosis", x) if function == "kurtosis" else None
    return Shape(spread, ask("skewness", x), kurtosis)


def _regression(form: Form, arguments: Arguments, *, figure: str) -> Merge:
    y, x = arguments
    return Regression(_pair(form, x, y), figure)


def _regression_count(form: Form, arguments: Arguments) -> Merge:
    return Count(form.states.ask("regr_count", *arguments))


# name -> number of arguments (None: any), recipe
_RECIPES: Final[Mapping[str, tuple[int | None, Recipe]]] = {
    "count": (None, _count),
    "count_if": (1, _count_if),
    "sum": (1, _sum),
    "try_sum": (1, _try_sum),
    "avg": (1, partial(_average, total="sum")),
    "mean": (1, partial(_average, total="sum")),
    "try_avg": (1, partial(_average, total="try_sum")),
    **{name: (1, partial(_extreme, function=name, greatest=name == "max")) for name in ("min", "max")},
    **{
        name: (1, partial(_extreme, function="bool_and", greatest=False)) for name in ("bool_and", "every")
    },
    **{
        name: (1, partial(_extreme, function="bool_or", greatest=True)) for name in ("bool_or", "some", "any")
    },
    **{f"bit_{name}": (1, partial(_bits, operation=name)) for name in ("and", "or", "xor")},
    "stddev": (1, partial(_variance, sample=True, root=True)),
    "std": (1, partial(_variance, sample=True, root=True)),
    "stddev_samp": (1, partial(_variance, sample=True, root=True)),
    "stddev_pop": (1, partial(_variance, sample=False, root=True)),
    "variance": (1, partial(_variance, sample=True, root=False)),
    "var_samp": (1, partial(_variance, sample=True, root=False)),
    "var_pop": (1, partial(_variance, sample=False, root=False)),
    "covar_samp": (2, partial(_covariance, sample=True)),
    "covar_pop": (2, partial(_covariance, sample=False)),
    "corr": (2, _correlation),
    "skewness": (1, partial(_shape, function="skewness")),
    "kurtosis": (1, partial(_shape, function="kurtosis")),
    "regr_count": (2, _regression_count),
    **{
        f"regr_{name}": (2, partial(_regression, figure=f"regr_{name}"))
        for name in ("sxx", "syy", "sxy", "slope", "intercept", "r2")
    },
}  # fmt: skip
