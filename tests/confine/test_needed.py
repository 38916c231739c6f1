"""Every permission of the worker's policy is used by honest work, or says which other machine needs it.

The kernel itself tells which rows are used: see `recording`. What nobody uses is only there for guests
that look for a way out.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine import Dataset, SegmentGroup
from engine.backends.native.backend import NativeSpark
from sandbox.confine.bpf import Action, Row
from sandbox.confine.worker_policy import WORKER_POLICY
from tests.confine import recording
from tests.confine.harness import Job, run_confined
from tests.confine.honest import HONEST, PRELOAD
from tests.confine.replaced import replace_zygote
from tests.engine.conftest import make_table
from tests.servers import engine_on

pytestmark = [pytest.mark.spark, pytest.mark.slow]

ALLOWED = [row for row in WORKER_POLICY.rows if row.action is Action.ALLOW]

# What metrics do beside computing: run out of memory, warn, print, ask where code is, wait.
MORE = """
import gc, inspect, shutil, time, warnings
from sandbox.confine.libc import raw_call
try:
    np.ones(1 << 40)
except MemoryError:
    pass
grown = [bytearray(1 << 20) for _ in range(100)]
larger = np.ones(5_000_000)
larger.resize(10_000_000, refcheck=False)
del grown, larger
gc.collect()
warnings.warn("odd data")
frame.info(buf=None)
print(frame.to_string(max_rows=4), shutil.get_terminal_size())
inspect.stack()
time.sleep(0.001)
time.process_time()
say("more done")
"""
FIRST_THREAD = "import threading; thread = threading.Thread(target=print); thread.start(); thread.join()"
ABORTS = "import ctypes; ctypes.CDLL(None).abort()"

METRICS = {
    "asks and computes": """
import numpy as np
import pandas as pd
import scipy.stats as st
from pyspark.sql import functions as F
from statsmodels.stats.proportion import proportion_confint


def calc_metric(df):
    rows = df.groupBy("g").agg(F.avg("x").alias("a"), F.count("*").alias("n")).orderBy("g").collect()
    pdf = df.select("n", "x", "at").toPandas()
    print(rows, pdf.describe(), pdf.groupby(pdf["at"].dt.hour)["x"].mean())
    df.show(2)
    try:
        df.select("no such column").first()
    except Exception as error:
        print(error)
    low, high = proportion_confint(3, 10)
    return st.ks_2samp(pdf["n"], pdf["x"].dropna()).statistic + np.linalg.norm(pdf["n"]) + low + high
""",
    "raises": "def calc_metric(df):\n    return 1 / 0\n",
    "runs out of memory": "import numpy as np\ndef calc_metric(df):\n    return np.ones(1 << 40).sum()\n",
}


@pytest.fixture(scope="module")
def used(
    tmp_path_factory: pytest.TempPathFactory, data_dir: Path, spool_dir: Path, native_backend: NativeSpark
) -> set[Row]:
    """The rows that honest work used."""
    pq.write_table(make_table(), data_dir / "needed.parquet")
    rows = Dataset(data_dir / "needed.parquet", timestamp="at")
    table = tmp_path_factory.mktemp("recording") / "table"
    recording.make_table(table)
    for source, preload, code in ((HONEST + MORE, PRELOAD, 0), (FIRST_THREAD, "", 0), (ABORTS, "", -6)):
        job = Job(source, preload=preload, memory_bytes=1 << 30, cpu_seconds=100, record=str(table))
        ending = run_confined(job)
        assert (ending.code, ending.error) == (code, ""), ending
    with pytest.MonkeyPatch.context() as patch:
        replace_zygote(patch, recording.__file__, str(table))
        with engine_on(native_backend, spool_dir, roots=(data_dir,), workers=1) as recorded:
            groups = [SegmentGroup.by_value("g", values=["a", "b"])]
            statuses = {
                name: recorded.evaluate(source, rows, segments=groups).overall.status
                for name, source in METRICS.items()
            }
    assert statuses == {"asks and computes": "ok", "raises": "raised", "runs out of memory": "limit"}
    return recording.read_table(table)


@pytest.mark.parametrize(
    "row", ALLOWED, ids=lambda row: "-".join([row.call, *(str(c.value) for c in row.when)])
)
def test_a_permission_is_used_or_says_who_needs_it(used: set[Row], row: Row) -> None:
    assert row in used or row.elsewhere, "nothing honest uses this: remove it"
