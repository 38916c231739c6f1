"""Data for benchmarks: made once, kept in a cache folder, the same at every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP = 500_000


def events(rows: int) -> Path:
    """A Parquet file of that many rows: country, platform, age, score, amount, label."""
    folder = Path(platformdirs.user_cache_dir("calcmetric")) / "benchmarks"
    path = folder / f"events-{rows}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        pq.write_table(_make(rows), partial, row_group_size=_ROW_GROUP)
        partial.rename(path)
    return path


def _make(rows: int) -> pa.Table:
    random = np.random.default_rng(7)
    score = random.random(rows)
    return pa.table(
        {
            "country": random.choice(["US", "IN", "GB", "DE", "BR", "FR"], rows),
            "platform": random.choice(["ios", "android", "web"], rows),
            "age": random.integers(13, 95, rows, dtype=np.int32),
            "score": score,
            "amount": np.exp(random.normal(3.0, 0.8, rows)),
            "label": (random.random(rows) < score).astype(np.int32),
        }
    )
