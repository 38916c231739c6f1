"""A number depends on the source and the frame, not on workers, order, or what other frames did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine import Dataset, Engine, SegmentGroup
from engine.backends.native.backend import NativeSpark
from engine.models.layers import Layers
from tests.engine.support import metric
from tests.servers import engine_on

GROUPS = (
    SegmentGroup.by_value("g", values=["a", "b", "c"]),
    SegmentGroup.by_buckets("n", [0, 100, 200, 300]),
    SegmentGroup.where("odd", "n % 2 = 1"),
)
METRICS = {
    "legacy generator": metric("return np.random.rand(5).sum() + np.random.normal()"),
    "generator without a seed": metric("return np.random.default_rng().random(3).sum()"),
    "two generators without a seed": metric(
        "one, two = np.random.default_rng(), np.random.default_rng()\nreturn one.random() + 10 * two.random()"
    ),
    "shuffled": metric("order = np.arange(50)\nnp.random.shuffle(order)\nreturn order[:5].sum()"),
    "pandas sample": metric("return df.orderBy('n').toPandas()['n'].sample(10).sum()"),
    "pandas bootstrap": metric(
        "x = df.orderBy('n').toPandas()['n']\n"
        "return np.mean([x.sample(frac=1.0, replace=True).mean() for _ in range(20)])"
    ),
    "scipy": metric("return stats.norm.rvs(size=4).sum()", "from scipy import stats"),
    # One partition, so that rows meet the numbers in one order.
    "F.rand without a seed": metric(
        "one = df.orderBy('n').limit(50).coalesce(1).withColumn('r', F.rand())\n"
        "return one.agg(F.sum(F.round('r', 6))).first()[0]"
    ),
    "df.sample without a seed": metric("return df.coalesce(1).sample(0.5).count()"),
    "a set of texts": metric(
        "total = 0.0\nfor word in {'alpha', 'beta', 'gamma', 'delta', 'epsilon'}:\n"
        "    total = total / 3 + len(word) * 0.1 + ord(word[1])\nreturn total"
    ),
    "hash of a text": metric("return hash('alpha') % 1000"),
    "state of the module": metric("STATE.append(1)\nreturn len(STATE) + df.count()", "STATE = []\n"),
    "state of a class": metric(
        "Counter.seen = Counter.seen + 1\nreturn Counter.seen", "class Counter:\n    seen = 0\n"
    ),
    "state of a default argument": metric(
        "return remember(3)", "def remember(x, seen=[]):\n    seen.append(x)\n    return len(seen)\n"
    ),
}


@pytest.fixture(scope="module")
def single(native_backend: NativeSpark, shared_options: dict[str, Any]) -> Iterator[Engine]:
    """An engine that runs one frame at a time."""
    with engine_on(native_backend, **shared_options, workers=1) as made:
        yield made


def numbers(engine: Engine, source: str, rows: Dataset, groups: tuple[SegmentGroup, ...]) -> dict[str, float]:
    run = engine.evaluate(source, rows, segments=groups)
    assert {result.status for result in run.results} == {"ok"}, [result.error for result in run.results]
    return {str(result.frame.segment): result.value for result in run.results}


# By default one of each kind: what Python draws, its hashes, and what is kept. What Spark draws is slow.
DRAWS = {"F.rand without a seed", "df.sample without a seed"}
QUICK = {"legacy generator", "hash of a text", "state of the module"}


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    on_spark = [pytest.mark.spark] if name in DRAWS else []
    return on_spark if name in QUICK else [*on_spark, pytest.mark.slow]


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in METRICS])
def test_workers_and_order_change_no_number(engine: Engine, single: Engine, rows: Dataset, name: str) -> None:
    source = METRICS[name]
    once = numbers(single, source, rows, GROUPS)
    assert len(once) == 8
    assert numbers(engine, source, rows, GROUPS) == once
    assert numbers(single, source, rows, GROUPS[::-1]) == once
    assert numbers(engine, source, rows, GROUPS[1:]).items() <= once.items()


def test_frames_draw_different_numbers(engine: Engine, rows: Dataset) -> None:
    values = numbers(engine, METRICS["legacy generator"], rows, GROUPS)
    assert len(set(values.values())) == len(values)


def test_another_source_draws_other_numbers(engine: Engine, rows: Dataset) -> None:
    source = METRICS["legacy generator"]
    assert numbers(engine, source, rows, ()) != numbers(engine, source + "# again\n", rows, ())


def test_state_starts_afresh_in_each_frame(single: Engine, rows: Dataset) -> None:
    values = numbers(single, METRICS["state of the module"], rows, GROUPS[:1])
    assert sorted(values.values()) == [101.0, 101.0, 101.0, 301.0]


def test_one_frames_generator_is_not_the_nexts(
    native_backend: NativeSpark, shared_options: dict[str, Any], rows: Dataset
) -> None:
    """Also for a guest that seeds or drains the generators itself."""
    source = metric("np.random.seed(1)\nreturn np.random.rand() * 0 + np.random.default_rng().random()")
    layers = Layers(language=False)
    with engine_on(native_backend, **shared_options, workers=1, layers=layers) as bare:
        values = numbers(bare, source, rows, GROUPS)
    assert len(set(values.values())) == len(values)
