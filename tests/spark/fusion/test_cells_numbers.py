"""Merging states: what the cells of a slot say together is what their rows say."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.spark.fusion.cells.conditioning import most_condition
from engine.spark.fusion.cells.groups import CellStates
from engine.spark.fusion.cells.merges import Average, Bits, Count, Extreme, Sum
from engine.spark.fusion.cells.moments import Central, Powers
from engine.spark.fusion.cells.pairs import PairCentral, PairPowers
from engine.spark.fusion.cells.shapes import Shape
from engine.spark.fusion.cells.statistics import Correlation, Covariance, Regression, Variance
from tests.waiting import within

NAN, INF = float("nan"), float("inf")
SLOTS = 3

ordinary = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))
awkward = st.sampled_from([0.0, -0.0, NAN, INF, -INF, 1e-200, 1e200, 1e308, 0.1])
# Rows: the cell, and a value or null.
rows_of = lambda values: st.lists(st.tuples(st.integers(0, 8), st.none() | values), max_size=60)  # noqa: E731


def merge(rule: Any, columns: Sequence[pa.Array], codes: npt.NDArray[Any] | None = None) -> Any:
    """Merge the states of nine cells, by default those of every third into a slot."""
    codes = np.arange(9) % SLOTS if codes is None else codes
    with np.errstate(all="ignore"):
        return rule.merge(CellStates(columns, codes, SLOTS))


def split(rows: Iterable[tuple[int, Any]]) -> tuple[list[list[Any]], list[list[Any]]]:
    """The values of each cell, and of each slot."""
    cells = [[value for place, value in rows if place == cell and value is not None] for cell in range(9)]
    slots = [[x for cell in range(slot, 9, SLOTS) for x in cells[cell]] for slot in range(SLOTS)]
    return cells, slots


def doubles(values: Iterable[float | None]) -> pa.Array:
    return pa.array([None if v is None else float(v) for v in values], pa.float64(), from_pandas=False)


def counts(cells: Sequence[Sequence[Any]]) -> pa.Array:
    return pa.array([len(cell) for cell in cells], pa.int64())


def total(cell: Sequence[float]) -> float | None:
    with np.errstate(all="ignore"):
        return float(np.sum(cell)) if cell else None


def powers(cells: Sequence[Sequence[float]]) -> list[pa.Array]:
    squares = [total([x * x for x in cell]) for cell in cells]
    return [counts(cells), doubles(map(total, cells)), doubles(squares)]


def central(cells: Sequence[Sequence[float]]) -> list[pa.Array]:
    with np.errstate(all="ignore"):
        figures = [(np.mean(c), np.var(c), np.min(c), np.max(c)) if c else (None,) * 4 for c in cells]
    return [counts(cells), *map(doubles, zip(*figures, strict=True))]


def variance_of(values: Collection[float] | npt.NDArray[Any]) -> float:
    """The sample variance, rounded once."""
    exact = [Fraction(x) for x in values]
    mean = sum(exact) / len(exact)
    return float(sum((x - mean) ** 2 for x in exact) / (len(exact) - 1))


@given(rows_of(ordinary | awkward))
@example([(0, -math.inf), (3, 1e308), (3, 1e308)])
def test_sums_and_averages(rows):
    cells, slots = split(rows)
    with np.errstate(all="ignore"):
        columns = [doubles(map(total, cells)), counts(cells)]
        sums, averages = merge(Sum(0), columns), merge(Average(0, 0, 1), columns)
        for slot, values in enumerate(slots):
            got, mean = sums.values[slot].as_py(), averages.values[slot].as_py()
            if not values:
                assert got is mean is None
            elif not sums.unsure[slot]:
                size = sum(abs(x) for x in values if math.isfinite(x))
                if math.isinf(size):  # whether it meets an infinity is up to the order of the rows
                    assert not math.isfinite(got) and not math.isfinite(mean)
                    continue
                assert close(got, np.sum(values), 1e-12 * size)
                assert close(mean, np.sum(values) / len(values), 1e-12 * size)


def close(a: float, b: float, tolerance: float) -> bool:
    if math.isnan(b):
        return math.isnan(a)
    return a == b or abs(a - b) <= tolerance


@given(rows_of(st.integers(-(2**62), 2**62)))
def test_sums_of_integers_are_exact_or_unsure(rows):
    cells, slots = split(rows)
    assume(all(abs(sum(cell)) < 2**63 for cell in cells))
    merged = merge(Sum(0), [pa.array([sum(cell) if cell else None for cell in cells], pa.int64())])
    for slot, values in enumerate(slots):
        if abs(sum(values)) >= 2**63:
            assert merged.unsure[slot]
        elif not merged.unsure[slot]:
            assert merged.values[slot].as_py() == (sum(values) if values else None)
        else:
            assert abs(sum(values)) > 2**62


def test_a_try_sum_that_overflowed_within_a_cell_is_unsure():
    columns = [pa.array([None, None, 5] + [None] * 6, pa.int64()), pa.array([2, 0, 1] + [0] * 6, pa.int64())]
    merged = merge(Sum(0, 1), columns)
    assert merged.unsure.tolist() == [True, False, False]
    assert merged.values.to_pylist()[1:] == [None, 5]


@given(rows_of(st.decimals(-(10**23), 10**23, places=2)))
def test_decimals_are_exact(rows):
    cells, slots = split(rows)
    kind = pa.decimal128(30, 2)
    columns = [pa.array([sum(cell) if cell else None for cell in cells], kind), counts(cells)]
    sums, rounded = merge(Sum(0), columns), merge(Average(0, 0, 1), columns)
    assert rounded.values.type == pa.decimal128(24, 6)
    for slot, values in enumerate(slots):
        if not values:
            assert sums.values[slot].as_py() is rounded.values[slot].as_py() is None
            continue
        assert sums.values[slot].as_py() == sum(values)
        exact = Fraction(sum(values)) / len(values)
        if abs(exact) >= 10**18:
            assert rounded.unsure[slot]
        else:
            whole = Decimal(2 * abs(exact.numerator) * 10**6 // exact.denominator)
            nearest = (
                (whole / 2).to_integral_value(ROUND_HALF_UP).scaleb(-6).copy_sign(Decimal(exact.numerator))
            )
            assert rounded.values[slot].as_py() == nearest


def test_sums_of_decimals_that_do_not_fit_are_unsure():
    kind = pa.decimal128(38, 0)
    largest, least = Decimal(10**38 - 1), Decimal(1 - 10**38)
    merged = merge(Sum(0), [pa.array([largest, largest, least, 1, -1, -1] + [None] * 3, kind)])
    assert merged.unsure.tolist() == [True, False, True]
    assert merged.values[1].as_py() == Decimal(10**38 - 2)
    assert merge(Average(0, 0, 1), [pa.nulls(9, kind), counts([[]] * 9)]).unsure.all()


@given(rows_of(st.floats(width=32) | awkward), st.booleans())
def test_extremes_of_floats(rows, greatest):
    cells, slots = split(rows)

    def extreme(values):
        if not values:
            return None
        numbers = [x for x in values if not math.isnan(x)]
        if greatest:
            return NAN if len(numbers) < len(values) else max(values)
        return min(numbers) if numbers else NAN

    merged = merge(Extreme(0, greatest), [doubles(map(extreme, cells))])
    for slot, values in enumerate(slots):
        got, expected = merged.values[slot].as_py(), extreme(values)
        assert (got is expected is None) or got == expected or (math.isnan(got) and math.isnan(expected))
        if merged.unsure[slot]:
            assert expected == 0


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.int8(), st.integers(-128, 127)),
        (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
        (pa.date32(), st.integers(-9999, 9999)),
        (pa.timestamp("us", "UTC"), st.integers(-(2**60), 2**60)),
        (pa.timestamp("us"), st.integers(-(2**60), 2**60)),
        (pa.duration("us"), st.integers(-(2**60), 2**60)),
        (pa.bool_(), st.booleans()),
        (pa.string(), st.text(max_size=3)),
        (pa.binary(), st.binary(max_size=3)),
        (pa.decimal128(10, 2), st.decimals(-999, 999, places=2)),
    ],
    ids=str,
)
@settings(max_examples=25)
@given(data=st.data())
def test_extremes_keep_their_type(kind, values, data):
    cells, slots = split(data.draw(rows_of(values)))
    order = (lambda x: x.encode()) if kind == pa.string() else None
    for greatest, of in ((False, min), (True, max)):
        states = [of(cell, key=order) if cell else None for cell in cells]
        merged = merge(Extreme(0, greatest), [pa.array(states, kind)])
        expected = pa.array([of(values, key=order) if values else None for values in slots], kind)
        assert merged.values.equals(expected)
        assert not merged.unsure.any()


def test_what_nobody_has_looked_at_is_unsure():
    struct = pa.array([{"a": i} for i in range(9)])
    for rule in (Extreme(0, True), Sum(0), Average(0, 0, 1), Bits(0, "and")):
        merged = merge(rule, [struct, counts([[1]] * 9)])
        assert merged.unsure.all()
        assert merged.values.type == struct.type
    assert merge(
        Variance(Powers(0, 1, 2), True, True), [counts([[1]] * 9), pa.nulls(9), doubles([1] * 9)]
    ).unsure.all()


@given(rows_of(st.integers(-128, 127)), st.sampled_from(["and", "or", "xor"]))
def test_bits(rows, name):
    def combine(values):
        return int(getattr(np, f"bitwise_{name}").reduce(values)) if values else None

    cells, slots = split(rows)
    merged = merge(Bits(0, name), [pa.array(map(combine, cells), pa.int8())])
    assert merged.values.equals(pa.array(map(combine, slots), pa.int8()))


@given(st.lists(st.tuples(st.integers(0, 8), ordinary), min_size=20, max_size=60), st.integers(0, 9))
def test_variances_are_accurate_or_flagged(rows, exponent):
    """However far the values are from zero: what is neither unsure nor coarse holds to 1e-8."""
    cells, slots = split([(cell, value + 10.0**exponent * (exponent > 0)) for cell, value in rows])
    fast = merge(Variance(Powers(0, 1, 2), sample=True, root=False), powers(cells))
    precise = merge(Variance(Central(0, 1, 2, 3, 4), sample=True, root=False), central(cells))
    for slot, values in enumerate(slots):
        assert not fast.unsure[slot]
        for merged in (fast, precise):
            if not merged.unsure[slot] and not merged.coarse[slot]:
                got = merged.values[slot].as_py()
                assert (
                    got is None
                    if len(values) < 2
                    else got == pytest.approx(variance_of(values), rel=1e-8, abs=0)
                )


def test_a_column_of_one_value_has_no_variance():
    """0.1 added up ten times is not 1.0, and each cell's mean is off in another way."""
    cells = [[0.1] * n for n in (10, 3, 7, 1, 6, 9, 11, 13, 2)]
    rule = Variance(Powers(0, 1, 2), sample=True, root=True)
    assert merge(rule, powers(cells)).coarse.all()
    precise = merge(Variance(Central(0, 1, 2, 3, 4), sample=True, root=True), central(cells))
    assert precise.values.to_pylist() == [0.0] * SLOTS
    assert not precise.unsure.any()


def test_sums_of_integers_need_no_precise_form():
    years = [[2020 + (i + j) % 2 for j in range(40)] for i in range(9)]
    states = powers(years)
    states[1] = pa.array([sum(cell) for cell in years], pa.int64())
    merged = merge(Variance(Powers(0, 1, 2), sample=True, root=False), states)
    assert not merged.coarse.any()
    assert merged.values.to_pylist() == [
        variance_of([y for c in years[s::3] for y in c]) for s in range(SLOTS)
    ]
    same = [[7] * 5] * 9
    constant = [counts(same), pa.array([35] * 9, pa.int64()), doubles([245] * 9)]
    assert merge(Variance(Powers(0, 1, 2), False, False), constant).values.to_pylist() == [0.0] * SLOTS
    assert merge(Variance(Powers(0, 1, 2), False, False), powers(years)).coarse.all()


def test_integers_whose_sum_may_have_wrapped_are_unsure():
    states = [counts([[1] * 4] * 9), pa.array([-4] * 9, pa.int64()), doubles([4 * 2.0**124] * 9)]
    assert merge(Variance(Powers(0, 1, 2), True, True), states).unsure.all()


@pytest.mark.parametrize(
    ("values", "pop", "samp"),
    [
        ([], None, None),
        ([3.5], 0.0, None),
        ([NAN], "unsure", None),
        ([1.0, NAN], NAN, NAN),
        ([2.0, 2.0], 0.0, 0.0),
    ],
)
def test_variances_of_few_values(values, pop, samp):
    cells = [values] + [[]] * 8
    for sample, expected in ((False, pop), (True, samp)):
        for spread, states in ((Powers(0, 1, 2), powers(cells)), (Central(0, 1, 2, 3, 4), central(cells))):
            merged = merge(Variance(spread, sample, root=True), states)
            assert merged.unsure[0] == (expected == "unsure")
            if expected != "unsure":
                assert str(merged.values[0].as_py()) == str(expected)
            assert not merged.unsure[1:].any()


def test_infinite_values_are_unsure():
    for cells in ([[1.0, INF], [1e200, 2e200, 4.0], [-INF, INF]] + [[]] * 6,):
        fast = merge(Variance(Powers(0, 1, 2), True, True), powers(cells))
        precise = merge(Variance(Central(0, 1, 2, 3, 4), True, True), central(cells))
        assert (fast.unsure | fast.coarse).tolist()[:2] == precise.unsure.tolist()[:2] == [True, True]


def pair_states(
    rows: Iterable[tuple[int, float, float]], precise: bool
) -> tuple[PairPowers | PairCentral, list[pa.Array], list[list[tuple[float, float]]]]:
    """The states of pairs, and the pairs of each slot."""
    cells, slots = split([(cell, (x, y)) for cell, x, y in rows])
    sides = [[[pair[side] for pair in cell] for cell in cells] for side in (0, 1)]
    products = [[x * y for x, y in cell] for cell in cells]
    if not precise:
        left, right = powers(sides[0]), powers(sides[1])
        rule = PairPowers(Powers(0, 1, 2), Powers(0, 3, 4), 5)
        return rule, [*left, *right[1:], doubles(map(total, products))], slots
    covariances = [
        float(np.cov(np.array(c).T, bias=True)[0, 1]) if len(c) > 1 else 0.0 if c else None for c in cells
    ]
    central_rule = PairCentral(Central(0, 1, 2, 3, 4), Central(0, 5, 6, 7, 8), 9)
    return central_rule, [*central(sides[0]), *central(sides[1])[1:], doubles(covariances)], slots


pairs = st.lists(st.tuples(st.integers(0, 8), ordinary, ordinary), min_size=15, max_size=60)


@given(pairs, st.sampled_from([0.0, 1e3, 1e6]), st.booleans())
def test_pairs_are_accurate_or_flagged(rows, away, precise):
    pair, states, slots = pair_states([(c, x + away, 0.3 * x + y) for c, x, y in rows], precise)
    covariance = merge(Covariance(pair, sample=True), states)
    correlation = merge(Correlation(pair), states)
    slope = merge(Regression(pair, "regr_slope"), states)
    for slot, values in enumerate(slots):
        if len(values) < 2:
            assert correlation.values[slot].as_py() is covariance.values[slot].as_py() is None
            continue
        x, y = (np.array(side) for side in zip(*values, strict=True))
        spread = math.sqrt(variance_of(x) * variance_of(y))
        centred = float(np.dot(x - x.mean(), y - y.mean()))
        if not covariance.unsure[slot] and not covariance.coarse[slot]:
            assert abs(covariance.values[slot].as_py() - centred / (len(x) - 1)) <= 1e-8 * spread
        if not correlation.unsure[slot] and not correlation.coarse[slot]:
            assert correlation.values[slot].as_py() == pytest.approx(
                centred / (len(x) - 1) / spread, abs=1e-8
            )
            expected = stats.linregress(x, y).slope
            assert slope.values[slot].as_py() == pytest.approx(expected, abs=1e-7 * spread / variance_of(x))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 10)), min_size=30, max_size=80))
def test_shapes(rows):
    cells, slots = split(rows)
    with np.errstate(all="ignore"):
        spread = [np.var(cell) > 0 if cell else False for cell in cells]
        skewness = [stats.skew(c) if wide else None for c, wide in zip(cells, spread, strict=True)]
        kurtosis = [stats.kurtosis(c) if wide else None for c, wide in zip(cells, spread, strict=True)]
    states = [*central(cells), doubles(skewness), doubles(kurtosis)]
    for place, of, rule in (
        (5, stats.skew, Shape(Central(0, 1, 2, 3, 4), 5)),
        (6, stats.kurtosis, Shape(Central(0, 1, 2, 3, 4), 5, 6)),
    ):
        assume(all(math.isfinite(x) for x in states[place].drop_null().to_pylist()))
        merged = merge(rule, states)
        for slot, values in enumerate(slots):
            if len(set(values)) < 2:
                assert merged.values[slot].as_py() is None
            elif np.var(values) > 1e-3:
                assert merged.values[slot].as_py() == pytest.approx(of(values), rel=1e-8, abs=1e-8)


def test_the_condition_falls_with_the_size_of_the_largest_cell():
    limits = most_condition(np.array([0, 100, 10_000, 5_000_000]))
    assert limits[0] == limits[1] == 4e3
    assert 17 < limits[3] < 19


def test_cells_outside_of_all_slots_count_nowhere():
    states = [pa.array(range(9), pa.int64())]
    codes = np.array([-1, 0, -1, 2, 2, -1, -1, 0, -1])
    assert merge(Count(0), states, codes).values.to_pylist() == [8, 0, 7]
    assert merge(Count(0), states, np.full(9, -1)).values.to_pylist() == [0, 0, 0]
    assert (
        merge(Sum(0), [pa.array([], pa.float64())], np.array([], np.int64)).values.to_pylist()
        == [None] * SLOTS
    )


@pytest.mark.parametrize(("cells", "slots", "most"), [(1_700, 40, 0.2), (50_000, 2_000, 2.0)])
def test_cells_are_merged_as_arrays(cells, slots, most):
    """Ten statistics with about forty states; cell by cell it would take a hundred times as long."""
    draw = np.random.default_rng(1)
    states = [pa.array(draw.integers(2, 99, cells))]
    states += [pa.array(draw.random(cells) + i) for i in range(1, 41)]
    codes = draw.integers(-1, slots, cells)
    rules: list[Variance | Average] = [
        Variance(Powers(0, 3 * i + 1, 3 * i + 2), True, True) for i in range(5)
    ]
    rules += [Average(i, i, 0) for i in range(20, 25)]
    with within(most), np.errstate(all="ignore"):
        whole = CellStates(states, codes, slots)
        merged = [rule.merge(whole) for rule in rules]
    assert {len(one.values) for one in merged} == {slots}
