"""One engine with some of its layers on, and what becomes of a specimen in it.

It opens all that a site can open without installing anything: more is open than on most sites.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from engine import Baseline, Dataset, Engine, Limits, Run, SegmentGroup, SourceRefused, TimeRange
from engine.backends.native.backend import NativeSpark
from engine.backends.spark.backend import LocalSpark
from engine.context import UNBOUNDED
from engine.models.layers import Layers
from engine.runs.options import DEFAULT_TENANT
from tests.escape.canaries import ROWS_SECRET, TENANT_SECRET, Canaries, find_told
from tests.escape.observation import Observation, check_contract, compare, describe, find_host
from tests.escape.secret_files import write_table
from tests.escape.specimen import LAYERS, Specimen

_MIB = 1 << 20
LIMITS = Limits(
    wall_seconds=40, frame_seconds=20, memory_bytes=768 * _MIB, printed_bytes=8 << 10, fetched_rows=100_000
)
# For what may be the first question to a Spark that is cold, on a busy machine.
_PATIENT = replace(LIMITS, wall_seconds=120, frame_seconds=60)
# Where the attempt is to use more than there is, there is little.
_LIMITS_OF: Mapping[str, Limits] = {
    "time": Limits(wall_seconds=20, frame_seconds=0.4, memory_bytes=768 * _MIB),
    "memory": Limits(wall_seconds=40, frame_seconds=16, memory_bytes=128 * _MIB),
}
_BIRTH_SECONDS = 0.15
# After how long a run has outlived its deadline: far more than any limit, as the machine may be busy.
_PATIENCE_SECONDS = 240.0

_DAY = TimeRange("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
_GROUP = SegmentGroup.by_value("g", values=["a"])
HONEST = """
import math
import numpy as np
import pandas as pd
from scipy import stats
from pyspark.sql import functions as F

def calc_metric(df):
    table = df.select("n", "x").toPandas()
    share = df.filter(F.col("n") >= 150).count() / df.count()
    parts = [np.mean(table["n"]), table["n"].median(), math.sqrt(4.0), abs(-1), sum([1, 2]), len("abc")]
    return float(sum(parts) + share + stats.norm.cdf(0.0) + pd.Series([1.0, 2.0]).sum())
"""
# Workers for sources that name Snowpark come from another zygote, which takes its time to start.
SNOWPARK = "import snowflake.snowpark\ndef calc_metric(df):\n    return 1.0\n"
HONEST_VALUE = 149.5 + 149.5 + 2 + 1 + 3 + 3 + 0.5 + 0.5 + 3


class _Errors(logging.Handler):
    """Keeps what the engine logs as errors, which are exceptions that nobody expected."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(f"logged: {record.getMessage()} {record.exc_info and record.exc_info[1]!r}")


class Scene:
    """An engine with native answers, its data, that of another tenant, and the canaries around it."""

    def __init__(self, ablation: str, canaries: Canaries, folder: Path) -> None:
        self.ablation = ablation
        self._canaries = canaries
        self._mine, theirs = folder / "mine.parquet", folder / "theirs"
        theirs.mkdir()
        _write_rows(self._mine)
        write_table(theirs / "payments.parquet", TENANT_SECRET)
        (theirs / "payments.csv").write_text(f"secret\n{TENANT_SECRET}\n")
        layers = Layers(**{name: ablation in ("all", name) for name in LAYERS})
        before = _find_spools()
        self._engine = Engine("spark", roots=(folder,), workers=1, layers=layers, extra_imports=("standard",))
        self._dataset = Dataset(self._mine, timestamp="at")
        # Of the same tenant for the engine: it sends one that ends servers away from those of others.
        self._session = self._engine.backend.open_session(DEFAULT_TENANT)
        (spool,) = _find_spools() - before
        write_table(spool / "theirs.parquet", TENANT_SECRET)
        self._values = {
            "CANARY_MINE": str(self._mine),
            "CANARY_TENANT": str(theirs / "payments.parquet"),
            "CANARY_TENANT_CSV": str(theirs / "payments.csv"),
            "CANARY_TENANT_FOLDER": str(theirs),
            "CANARY_SPOOLED": str(spool / "theirs.parquet"),
        }
        self._views_in: object = None
        self._has_snowpark = False
        self._errors = _Errors()
        logging.getLogger("engine").addHandler(self._errors)
        self.evaluate_honest()
        self._define_views()

    def run(self, specimen: Specimen) -> Observation:
        """Run a specimen to its end, and look what it has reached."""
        self._define_views()
        self._errors.kept.clear()
        source = specimen.fill({**self._canaries.values(), **self._values})
        if "snowflake" in source and not self._has_snowpark:
            self._evaluate(SNOWPARK, LIMITS, frames=False)
            self._has_snowpark = True
        limits = _LIMITS_OF.get(specimen.goal, _PATIENT if specimen.kind == "spark" else LIMITS)
        began = time.monotonic()
        outcome = self._evaluate(source, limits, frames=specimen.goal == "frame")
        seconds = time.monotonic() - began
        status, code, shown = describe(outcome)
        escaped, faults = self._canaries.find_effects(), list(self._errors.kept)
        if specimen.goal == "process" and not escaped and status in ("ok", "lost", "limit"):
            time.sleep(_BIRTH_SECONDS)  # a child that was only just made has no name yet
            escaped |= self._canaries.find_effects()
        if isinstance(outcome, TimeoutError):
            escaped.add("time")
        if isinstance(outcome, Run):
            faults += check_contract(outcome, limits)
            for result in outcome.results:
                text = f"{result.printed}\n{result.error}"
                escaped |= find_told(text, result.value) | find_host(text, specimen)
            escaped |= compare(outcome, specimen)
        elif isinstance(outcome, SourceRefused):
            escaped |= find_told(shown, 0.0) | find_host(shown, specimen)
        else:
            faults.append(f"ended with {outcome!r}")
        if specimen.goal in ("run", "time", "memory", "size") and not self.evaluate_honest():
            escaped.add("run")
        return Observation(frozenset(escaped), status, code, tuple(faults), seconds, shown)

    def evaluate_honest(self) -> bool:
        """Whether an ordinary run of somebody else gives its number."""
        outcome = self._evaluate(HONEST, LIMITS, frames=False)
        return isinstance(outcome, Run) and outcome.overall.value == HONEST_VALUE

    def hides_the_host(self) -> bool:
        """Whether workers are in namespaces of their own, which not every host permits."""
        probe = "import os\ndef calc_metric(df):\n    return float(os.path.exists('/tmp'))\n"
        outcome = self._evaluate(probe, LIMITS, frames=False)
        return isinstance(outcome, Run) and outcome.overall.value == 0.0

    def close(self) -> None:
        """End the engine."""
        self._session.close()
        self._engine.close()
        logging.getLogger("engine").removeHandler(self._errors)

    def _evaluate(self, source: str, limits: Limits, *, frames: bool) -> Run | BaseException:
        try:
            live = self._engine.submit(
                source.encode("utf-8", "surrogatepass"),
                self._dataset,
                time=_DAY,
                limits=limits,
                segments=[_GROUP] if frames else [],
                baseline=Baseline.previous() if "(df, baseline)" in source else None,
            )
        except Exception as error:
            return error
        try:
            return live.result(timeout=_PATIENCE_SECONDS)
        except BaseException as error:
            live.cancel()
            if not isinstance(error, Exception):
                raise
            return error

    def _define_views(self) -> None:
        """Another tenant's session, with views for whoever may see them; again after a restart."""
        backend = self._engine.backend
        assert isinstance(backend, NativeSpark)
        backend.spark.start()
        if backend.spark.generation is self._views_in or not isinstance(backend.spark, LocalSpark):
            return
        self._views_in = backend.spark.generation
        table = pb.Relation()
        table.read.data_source.format = "parquet"
        table.read.data_source.paths.append(self._values["CANARY_TENANT"])
        for name, is_global in (("their_view", False), ("their_global_view", True)):
            plan = pb.Plan()
            view = plan.command.create_dataframe_view
            view.name, view.is_global, view.replace = name, is_global, True
            view.input.CopyFrom(table)
            for _ in self._session.execute(plan, UNBOUNDED):
                pass


def _find_spools() -> set[Path]:
    """Where this process's engines put the tables that they are handed: they keep these folders open."""
    opened = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            opened.add(entry.readlink())
    return {path for path in opened if path.name.startswith("calcmetric-spool-")}


def _write_rows(path: Path) -> None:
    """300 rows of one day, 90 of the one before, and one of long ago, which no run of these asks for."""
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    places = [*range(300), *range(-90, 0)]
    times = [*(start + dt.timedelta(minutes=i) for i in places), long_ago]
    table = pa.table(
        {
            "n": pa.array([*map(abs, places), ROWS_SECRET], pa.int64()),
            "g": [*(("a", "b", "c")[i % 3] for i in places), "a"],
            "x": [*(i / 2 for i in places), 0.0],
            "at": pa.array(times, pa.timestamp("us", "UTC")),
        }
    )
    pq.write_table(table, path)
