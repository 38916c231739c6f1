"""An honest run beside a hostile one of another tenant, against the same run alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine
from benchmarks.command import benchmark
from benchmarks.data import events
from benchmarks.show import Row, seconds, show_table
from engine import Dataset, Engine, Limits, SegmentGroup
from engine.models.layers import Layers
from engine.models.run import Run

_START = "import threading\nimport numpy as np\nfrom pyspark.sql import functions as F\n\n\n"
HONEST = _START + (
    "def calc_metric(df):\n"
    "    row = df.agg(F.avg('amount').alias('a'), F.corr('score', 'label').alias('c')).first()\n"
    "    ages = df.groupBy('age').count().toPandas()\n"
    "    draws = np.random.default_rng(1).normal(row['a'], 1.0, (200, 5_000)).mean()\n"
    "    return row['c'] + ages['count'].max() + draws\n"
)
# Bodies of calc_metric; their guests are ordinary Python, which only the kernel holds.
HOSTILE = {
    "loops in all workers": "while True:\n        pass",
    "huge fetches": "while True:\n        df.select('amount', 'score', 'country').toPandas()",
    "prints": "while True:\n        print('x' * 10_000)",
    "small queries": "while True:\n        df.limit(1).count()",
    "memory up to its limit": "held = []\n    while True:\n        held.append(np.ones(10**6))",
    "threads": (
        "def spin():\n        while True:\n            pass\n"
        "    for _ in range(30):\n        threading.Thread(target=spin, daemon=True).start()\n    spin()"
    ),
}
_GROUPS = (SegmentGroup.by_value("country"), SegmentGroup.by_value("category"))
_LIMITS = Limits(wall_seconds=600, frame_seconds=600, memory_bytes=1 << 30, plans=10**9)
_AIMS = {False: 2.2, True: 1.5}
_TURNS = 3
_SETTLE_SECONDS = 1.0


@benchmark("tenants", rows=300_000)
def tenants(backends: tuple[str, ...], rows: int) -> None:
    """An honest run beside a hostile one of another tenant, on one server and on one for each."""
    path = events(rows)
    for backend in backends:
        for apart in (False, True):
            table = [(name, *_ratio(backend, path, name, apart=apart)) for name in HOSTILE]
            where = "a server for each tenant" if apart else "one server for all tenants"
            title = f"{rows:,} rows, 27 frames asked one by one, {backend}, {where}"
            show_table(title, ("beside", "alone", "beside it", "ratio", "aim"), table)


def _ratio(backend: str, path: Path, name: str, *, apart: bool) -> Row:
    """The medians of the honest run alone and beside a hostile one, by turns."""
    bare = Layers(language=False)
    alone: list[float] = []
    beside: list[float] = []
    with Engine(backend, roots=(path.parent,), server_per_tenant=apart, layers=bare) as engine:
        first = _honest(engine, path)
        for _ in range(_TURNS):
            alone.append(_timed(lambda: _honest(engine, path), first))
            with _hostile(engine, path, HOSTILE[name]):
                beside.append(_timed(lambda: _honest(engine, path), first))
    usual, slowed = sorted(alone)[_TURNS // 2], sorted(beside)[_TURNS // 2]
    return seconds(usual), seconds(slowed), f"{slowed / usual:.2f} x", f"{_AIMS[apart]} x"


def _timed(step: Callable[[], Run], expected: Run) -> float:
    runs: list[Run] = []
    taken = machine.seconds(lambda: runs.append(step()))
    for ours, before in zip(runs[0].results, expected.results, strict=True):
        if ours.status != "ok" or abs(ours.value - before.value) > 1e-9 * abs(before.value):
            raise SystemExit(f"the honest run is not what it is alone: {ours}")
    return taken


def _honest(engine: Engine, path: Path) -> Run:
    return engine.evaluate(
        HONEST, Dataset(path), segments=_GROUPS, fuse=False, limits=_LIMITS, tenant="honest"
    )


@contextmanager
def _hostile(engine: Engine, path: Path, body: str) -> Iterator[None]:
    """A run of another tenant, in its calls when this is entered, and gone when it is left."""
    source = f"{_START}def calc_metric(df):\n    {body}\n"
    live = engine.submit(
        source, Dataset(path), segments=_GROUPS, fuse=False, limits=_LIMITS, tenant="hostile"
    )
    try:
        while live.progress.stage != "calculating" and not live.done:
            time.sleep(0.05)
        time.sleep(_SETTLE_SECONDS)
        yield
    finally:
        live.cancel()
        live.result(timeout=60)
