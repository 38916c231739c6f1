"""What a confined worker has to be able to do."""

from __future__ import annotations

PRELOAD = """
import os
os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
import numpy, pandas, pyarrow, pyarrow.compute, scipy.optimize, scipy.stats
import statsmodels.api, statsmodels.stats.proportion, pyspark.sql.connect.session
"""


HONEST = """
import concurrent.futures, datetime, decimal, hashlib, inspect, json, random, time, traceback, uuid, zoneinfo
import numpy as np, pandas as pd, pyarrow as pa, scipy.optimize, scipy.stats, statsmodels.api as sm
rng = np.random.default_rng(7)
square = rng.normal(size=(120, 120))
frame = pd.DataFrame({
    "key": rng.integers(0, 5, 4000), "x": rng.normal(size=4000),
    "at": pd.date_range("2024-03-01", periods=4000, freq="h", tz="Europe/Berlin"),
})
table = pa.table({"x": rng.normal(size=500_000), "key": rng.integers(0, 50, 500_000)})

def ship_arrow():
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return pa.ipc.open_stream(sink.getvalue()).read_pandas()

def use_threads():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return sum(pool.map(lambda n: n * n, range(50)))

def import_late():
    import scipy.cluster.hierarchy, scipy.integrate, scipy.ndimage, scipy.signal, statsmodels.tsa.api
    return scipy.integrate.quad(np.sin, 0, 1)

STEPS = {
    "singular values": lambda: np.linalg.svd(square),
    "inverse": lambda: np.linalg.inv(square),
    "fourier": lambda: np.fft.rfft(square),
    "group": lambda: frame.groupby("key").x.agg(["mean", "std", "median"]),
    "resample": lambda: frame.set_index("at").x.resample("D").mean(),
    "time zones": lambda: frame["at"].dt.tz_convert("America/New_York"),
    "merge": lambda: frame.merge(frame.head(50), on="key"),
    "query": lambda: frame.query("x > 0 and key == 2"),
    "pivot": lambda: frame.pivot_table(index="key", values="x"),
    "t-test": lambda: scipy.stats.ttest_ind(frame.x[:2000], frame.x[2000:]),
    "minimize": lambda: scipy.optimize.minimize(lambda v: (v ** 2).sum(), np.ones(4)),
    "curve fit": lambda: scipy.optimize.curve_fit(lambda x, a, b: a * x + b, np.arange(9.0), np.arange(9.0)),
    "least squares": lambda: sm.OLS(frame.x, sm.add_constant(frame.key)).fit().summary(),
    "logit": lambda: sm.Logit((frame.x > 0).astype(int), sm.add_constant(frame.key)).fit(disp=0),
    "arrow threads": lambda: table.group_by("key").aggregate([("x", "mean")]),
    "arrow sort": lambda: table.sort_by("x"),
    "arrow shipping": ship_arrow,
    "threads": use_threads,
    "late imports": import_late,
    "dates": lambda: datetime.datetime.strptime("2024-02-29", "%Y-%m-%d"),
    "zone data": lambda: zoneinfo.ZoneInfo("Asia/Tokyo"),
    "local time": lambda: (time.localtime(), time.sleep(0), time.process_time()),
    "seeds": lambda: (np.random.seed(), random.SystemRandom().random(), uuid.uuid4()),
    "digests": lambda: hashlib.sha256(b"x").hexdigest(),
    "source lines": lambda: inspect.getsource(np.mean),
    "processors": lambda: os.cpu_count(),
}
import os
for name, step in STEPS.items():
    try:
        step()
    except BaseException as error:
        say(name, "failed:", repr(error))
say("done", len(STEPS))
"""
