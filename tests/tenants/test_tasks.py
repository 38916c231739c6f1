"""Queries of very many tasks on a local Spark server, which has few processors for all tenants."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Dataset, Limits, SegmentGroup
from tests.engine.support import metric
from tests.servers import engine_on
from tests.waiting import wait_until

pytestmark = [pytest.mark.spark, pytest.mark.slow]

# Minutes of tasks that take a tenth of a second or so each.
MANY_TASKS = metric(
    "steps = F.sequence(F.lit(1), F.lit(40_000))\n"
    "loop = F.aggregate(steps, F.col('n').cast('int'), lambda a, x: (a * 7 + x) % 1_000_003)\n"
    "return df.repartition(1_000, 'n').crossJoin(df.limit(50).select('kind')).agg(F.sum(loop)).first()[0]"
)
LIMITS = Limits(frame_seconds=540, wall_seconds=540)


def test_each_query_has_the_next_free_processor_in_its_turn(
    spark_backend: Any, shared_options: dict[str, Any], many: Dataset
) -> None:
    honest = metric("return df.groupBy('kind').count().toPandas()['count'].sum()")
    segments = [SegmentGroup.by_value("kind", values=["k00", "k01"])]
    with engine_on(spark_backend, **shared_options) as engine:
        live = engine.submit(MANY_TASKS, many, limits=LIMITS, tenant="many tasks")
        try:
            assert wait_until(lambda: spark_backend._turns.is_busy())
            for _ in range(3):  # the tasks may not have begun before the first ends
                run = engine.evaluate(honest, many, segments=segments, limits=LIMITS, tenant="honest")
                assert [result.value for result in run.results] == [4_800, 200, 200]
            assert not live.done, "it had to wait for all of those tasks, or there were too few"
        finally:
            live.cancel()
            live.result(timeout=60)
