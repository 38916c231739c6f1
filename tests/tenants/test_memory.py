"""The engine's own memory while guests flood it: a process of its own, whose largest size is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.support import metric

pytestmark = pytest.mark.slow

_MIB = 1 << 20
# What one request or one outcome may bring, and how often the engine may hold a copy of it at a time.
_REQUEST, _COPIES = 64 * _MIB, 4
_FLOOR = 96 * _MIB  # buffers of Arrow and gRPC, and what Python does not give back
_WORKERS = 2

_HOST = """
import json, sys
from engine import Dataset, Engine, Limits, SegmentGroup
from engine.models.layers import Layers

order = json.load(sys.stdin)
groups = [SegmentGroup.by_value("kind", values=[f"k{number:02}" for number in range(2)])]
def size(name):
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) << 10
def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
told, bare = {}, Layers(language=False)
with Engine("spark", roots=(order["root"],), workers=order["workers"], layers=bare) as engine:
    def run(source, seconds):
        limits = Limits(frame_seconds=seconds, memory_bytes=1 << 30)
        run = engine.evaluate(source, Dataset(order["path"]), segments=groups, limits=limits)
        return sorted({str(r.error and r.error.code) for r in run.results})
    assert run(order["warm"], 120) == ["None"]
    for name, (source, seconds) in order["floods"].items():
        forget_peak()
        before = size("VmRSS")
        codes = run(source, seconds)
        told[name] = {"codes": codes, "grown": size("VmHWM") - before}
print(json.dumps(told))
"""

_WARM = metric("return df.toPandas()['n'].sum() + len(df.collect())")
# Guest, how its frames end, and by how many bytes the engine may grow.
FLOODS = {
    "prints": ("while True:\n    print('x' * 10**6)", "limit-frame-seconds", _FLOOR),
    "a message of 300 MB": ("raise ValueError('x' * 3 * 10**8)", "raised", _FLOOR),
    "a message that loops": (
        "class Odd(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise Odd",
        "limit-frame-seconds",
        _FLOOR,
    ),
    "a long chain of causes": (
        "error = ValueError('x' * 1000)\n"
        "for _ in range(100_000):\n"
        "    other = ValueError('x' * 1000)\n    other.__cause__ = error\n    error = other\nraise error",
        "raised",
        _FLOOR,
    ),
    "groups of errors": (
        "error = ValueError('x' * 1000)\n"
        "for _ in range(5_000):\n    error = ExceptionGroup('y' * 1000, [error])\nraise error",
        "raised",
        _FLOOR,
    ),
    "a huge integer": ("return 1 << 10**9", "returned-too-large", _FLOOR),
    "a huge array": ("return np.ones(6 * 10**7)", "returned-collection", _FLOOR),
    "plans of 60 MB": (
        "from pyspark.sql.types import LongType\nreturn df.select(F.lit('x' * 60 * 10**6)).count()",
        "plan-too-large",
        _FLOOR + _WORKERS * _COPIES * _REQUEST,
    ),
    "many plans": (
        "for number in range(150):\n    df.select(F.lit('x' * 10**5 + str(number))).schema\nreturn 1.0",
        "None",
        _FLOOR,
    ),
    "plans that carry much data": (
        "from pyspark.sql import types as T\n"
        "spark, shape = df.sparkSession, T.StructType().add('t', 'string')\n"
        "for number in range(12):\n"
        "    made = spark.createDataFrame([(str(number) + 'x' * 10**6,)] * 4, shape)\n"
        "    assert made.schema == shape and made.limit(number).count() == min(number, 4)\n"
        "return 1.0",
        "None",
        3 * _FLOOR,
    ),
    "fetches": (
        "wide = df.crossJoin(df.select(F.col('n').alias('m')).limit(20))\n"
        "return float(sum(len(wide.withColumn('k', F.lit(k)).toPandas()) for k in range(3)))",
        "None",
        2 * _FLOOR,
    ),
}


@pytest.fixture(scope="module")
def told(many_file: Path) -> dict[str, Any]:
    """What became of each flood, and by how much the engine's largest size was over that before it."""
    order = {
        "root": str(many_file.parent),
        "path": str(many_file),
        "workers": _WORKERS,
        "warm": _WARM,
        "floods": {
            name: (metric(body), 0.5 if code == "limit-frame-seconds" else 120)
            for name, (body, code, _) in FLOODS.items()
        },
    }
    command = [sys.executable, "-c", _HOST]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", FLOODS)
def test_the_engine_stays_small(told: dict[str, Any], name: str) -> None:
    _, code, most = FLOODS[name]
    assert told[name]["codes"] == [code]
    assert told[name]["grown"] < most, f"{told[name]['grown'] / _MIB:.0f} MiB"
