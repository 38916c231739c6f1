"""Who used how much: counted by tenant, bounded in names, and said when a limit is reached."""

from __future__ import annotations

import logging

import pytest

from engine import Dataset, Limits
from engine.tenants.usage import OTHERS, Amounts, Usage, Used
from tests.servers import engine_on

LOGGER = "engine.tenants.usage"


def test_names_that_were_not_heard_of_for_long_are_counted_together() -> None:
    usage = Usage(most=2)
    for name in ("a", "b", "a", "c"):
        usage.add(name, Amounts(queries=1, worker_seconds=0.5))
    usage.refuse("b", "plans", 3)
    shown = usage.by_tenant()
    assert set(shown) == {"b", "c", OTHERS}
    assert shown[OTHERS] == Used(worker_seconds=1.5, queries=3), "b when c came, and a when b came again"
    assert sum(one.queries for one in shown.values()) == 4


@pytest.mark.parametrize("count", [10, 10_000])
def test_no_number_of_names_makes_it_grow(count: int) -> None:
    usage = Usage(most=5)
    for number in range(count):
        usage.refuse(f"t{number}", "plans")
    assert len(usage.by_tenant()) == 6
    assert sum(one.refused["plans"] for one in usage.by_tenant().values()) == count


def test_what_is_kept_is_shown_beside_what_was_used() -> None:
    usage = Usage(most=2)
    usage.add("a", Amounts(fetched_bytes=7))
    shown = usage.by_tenant({"a": 10, "b": 20, "c": 30, "d": 40})
    assert shown == {
        "a": Used(fetched_bytes=7, kept_bytes=10),
        "b": Used(kept_bytes=20),
        OTHERS: Used(kept_bytes=70),
    }


def test_a_limit_that_is_reached_is_logged_with_whose_it_is_once_in_a_while(caplog) -> None:
    clock = [0.0]
    usage = Usage(now=lambda: clock[0])
    with caplog.at_level(logging.WARNING, LOGGER):
        for _ in range(5):
            usage.refuse("acme", "frame_seconds", 2)
        usage.refuse("acme", "plans")
        usage.refuse("zeta", "plans")
        clock[0] = 61.0
        usage.refuse("acme", "frame_seconds")
    said = [(one.account, one.limit, one.getMessage()) for one in caplog.records]
    assert [(account, limit) for account, limit, _ in said] == [
        ("acme", "frame_seconds"),
        ("acme", "plans"),
        ("zeta", "plans"),
        ("acme", "frame_seconds"),
    ]
    assert "tenant 'acme': the limit frame_seconds was reached, 9 times" in said[-1][2]


def test_an_engine_tells_what_each_tenant_used_and_which_limits_it_reached(
    native_backend, shared_options, data_dir, caplog
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = data_dir / "usage.parquet"
    pq.write_table(pa.table({"x": list(range(100))}), path)
    fetches = "def calc_metric(df):\n    return float(len(df.toPandas()))\n"
    spins = "def calc_metric(df):\n    while True:\n        pass\n"
    with engine_on(native_backend, **shared_options) as engine, caplog.at_level(logging.INFO):
        run = engine.evaluate(fetches, Dataset(path), tenant="good")
        assert run.overall.status == "ok"
        lost = engine.evaluate(spins, Dataset(path), tenant="evil", limits=Limits(cpu_seconds=1))
        assert lost.overall.status == "limit"
        assert engine.check("import socket\n", tenant="evil")
        usage = engine.usage
    good, evil = usage["good"], usage["evil"]
    assert good.queries == run.report.queries >= 1
    assert good.fetched_bytes == run.report.fetched_bytes > 100
    assert good.engine_seconds > 0 and not good.refused
    assert evil.worker_seconds >= lost.report.worker_seconds > 0.2
    assert evil.refused == {"cpu_seconds": 1, "source": 1}
    reached = [one for one in caplog.records if getattr(one, "limit", "") == "cpu_seconds"]
    assert [one.account for one in reached] == ["evil"]
    assert any("'good' ends after" in one.getMessage() for one in caplog.records)
