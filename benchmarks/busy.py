"""Beside busy processes: cold runs of the command line, and the service, with what they lost.

On a machine that others use nothing may be lost: no frame, no server to a restart, and no run's time to the
training of class archives. One line for each run; seconds are for looking at, the other columns have to be 0.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from benchmarks import machine
from benchmarks.service import make_keys, running_server

_EXAMPLES: Final = Path(__file__).parents[1] / "examples"
_RUN_SECONDS: Final = 900
_LOOK_SECONDS: Final = 0.2
_BETWEEN_SECONDS: Final = 15.0
_ENDED: Final = " is ended: "
_GOOD: Final = ("ok", "nan", "no_data")
# Nothing natively gives this.
_OF_SPARK: Final = """
def calc_metric(df):
    return float(df.describe("amount").collect()[1][1])
"""
_SPIN: Final = "while True: pass"


@click.command("busy")
@click.option("--processes", default=2, show_default=True, help="How many keep a processor busy each.")
@click.option("--runs", default=10, show_default=True, help="Cold runs with a cache folder of their own.")
@click.option("--spark-runs", default=10, show_default=True, help="The same of a metric that needs Spark.")
@click.option("--again", default=10, show_default=True, help="Cold runs that share a cache folder.")
@click.option("--serve-seconds", default=600, show_default=True, help="How long the service calculates.")
@click.option("--backend", default="spark", show_default=True, help="Which backend.")
def busy(processes: int, runs: int, spark_runs: int, again: int, serve_seconds: int, backend: str) -> None:
    """Cold runs and the service beside busy processes: what is lost has to be nothing."""
    print(f"{machine.describe()}; {processes} busy processes beside")
    lost = 0
    with tempfile.TemporaryDirectory(prefix="calcmetric-busy-") as folder, _load(processes):
        for number in range(runs):
            lost += _run(f"own cache {number + 1}", Path(folder, f"cache-{number}"), backend)
        of_spark = Path(folder, "of_spark.py")
        of_spark.write_text(_OF_SPARK)
        for number in range(spark_runs):
            cache = Path(folder, f"spark-cache-{number}")
            lost += _run(f"own cache, by Spark {number + 1}", cache, backend, of_spark)
        for number in range(again):
            lost += _run(f"same cache {number + 1}", Path(folder, "cache"), backend)
        if serve_seconds:
            lost += _serve(Path(folder), serve_seconds, backend)
    print("nothing was lost" if not lost else f"{lost} lost")
    sys.exit(bool(lost))


@contextlib.contextmanager
def _load(count: int) -> Iterator[None]:
    """Processes that each keep a processor busy."""
    spinning = [subprocess.Popen([sys.executable, "-S", "-c", _SPIN]) for _ in range(count)]
    try:
        yield
    finally:
        for one in spinning:
            one.kill()
            one.wait()


def _run(name: str, cache: Path, backend: str, metric: Path = _EXAMPLES / "average_age.py") -> int:
    """One cold run; print its line, and return what it lost."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    words = [sys.executable, "-m", "engine.cli", "run", str(metric)]
    words += ["--data", str(_EXAMPLES / "payments.parquet"), "--by", "country", "--format", "json"]
    earlier, begun_beside = _trains(cache), False
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen([*words, "--backend", backend], stdout=out, stderr=err, env=environment) as one:
            while one.poll() is None and time.monotonic() - began < _RUN_SECONDS:
                begun_beside |= _trains(cache) and not earlier and one.poll() is None
                time.sleep(_LOOK_SECONDS)
            one.kill()
        seconds = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        printed, told = out.read(), err.read().decode("utf-8", "replace")
    frames = _statuses(printed)
    bad, ended = sum(count for status, count in frames.items() if status not in _GOOD), told.count(_ENDED)
    silent = not frames
    print(
        f"{name}: {seconds:.1f} s, {sum(frames.values())} frames, {bad} lost, {ended} servers ended, "
        f"trained beside it: {'an earlier one' if earlier else int(begun_beside)}, exit {one.returncode}"
    )
    if silent or ended or bad:
        print(told)
    return bad + ended + silent + begun_beside


def _trains(cache: Path) -> bool:
    return any(cache.glob("calcmetric/building-*"))


def _statuses(printed: bytes) -> Counter[str]:
    try:
        (run,) = json.loads(printed)["runs"]
    except (ValueError, KeyError):
        return Counter()
    return Counter(result["status"] for result in run["results"])


def _serve(folder: Path, seconds: int, backend: str) -> int:
    """A service that calculates a metric over and over; print its line, and return what it lost."""
    import httpx

    database = f"sqlite:///{folder}/calcmetric.db"
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    with running_server(folder, database, backend, _EXAMPLES) as base:
        (key,) = make_keys(database, 1)
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"{base}/api/v1/load/test", headers=headers, timeout=300) as http:
            counts = _calculate(http, seconds)
    told = (folder / "log").read_text()
    bad = sum(count for status, count in counts.items() if status not in _GOOD)
    ended = sum(_ENDED in line and '"level": "warning"' in line.lower() for line in told.splitlines())
    print(f"serve: {seconds} s, {sum(counts.values())} results, {bad} lost, {ended} servers ended")
    return bad + ended + (not counts)


def _calculate(http: Any, seconds: int) -> Counter[str]:
    """Have a metric calculated again and again; return the statuses of all that was noted."""

    def post(path: str, body: dict[str, Any]) -> Any:
        return http.post(path, json=body).raise_for_status().json()

    model = post("/models", {"name": "m", "aggregation_period": "daily", "segments": [{"by": "country"}]})[
        "id"
    ]
    source = {"source": str(_EXAMPLES / "payments.parquet"), "timestamp": "ts"}
    post("/model-versions", {"model_id": model, "name": "v", "serving_dataset": source})
    code = (_EXAMPLES / "average_age.py").read_text()
    metric = post("/metrics/code-based-metrics", {"model_id": model, "name": "m", "code": code})["id"]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(_BETWEEN_SECONDS)
        post(
            "/metrics/recalculate",
            {
                "model_id": model,
                "metric_id": metric,
                "start": "2026-04-01T00:00:00Z",
                "end": "2026-04-04T00:00:00Z",
            },
        )
    found = http.get(
        f"/metrics/code-based-metrics/{metric}/results", params={"history": "true", "limit": 10_000}
    )
    return Counter(one["status"] for one in found.raise_for_status().json()["results"])
