"""Data for benchmarks: made once, kept in a cache folder, the same at every run."""

from __future__ import annotations

import fcntl
from pathlib import Path

import numpy as np
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

DAYS = 90
FIRST_DAY = np.datetime64("2026-01-01", "us")
COUNTRIES = ("US", "IN", "GB", "DE", "BR", "FR", "JP", "ID", "MX", "ES", "PL", "SE")
CATEGORIES = (
    "books", "cars", "clothes", "energy", "flights", "food", "games", "garden", "health", "hotels", "music",
    "phones", "sport", "toys",
)  # fmt: skip
# How many shops there are; ten make a city, a hundred a region.
SHOPS = 1_000
_ROWS_PER_USER = 25
# Written and held at a time: what bounds the memory of making a large file.
_CHUNK = 1_000_000
_ROW_GROUP = 500_000


def events(rows: int) -> Path:
    """A Parquet file of that many rows, in the order of their time.

    Columns: ts (90 days from 2026-01-01, UTC), country (12, skewed), category (14), platform (3), age (13 to
    94), score and label (of a classifier), amount, user (one for each 25 rows), shop (1,000), city (100)
    and region (10) of the shop.
    """
    folder = Path(platformdirs.user_cache_dir("calcmetric")) / "benchmarks"
    path = folder / f"events-2-{rows}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two that make a large file at once would fill memory and disk
        if not path.exists():
            partial = path.with_suffix(".partial")
            _write(partial, rows)
            partial.rename(path)
    return path


def _write(path: Path, rows: int) -> None:
    with pq.ParquetWriter(path, _make(0, 0, rows).schema) as writer:
        for start in range(0, rows, _CHUNK):
            writer.write_table(_make(start, min(_CHUNK, rows - start), rows), row_group_size=_ROW_GROUP)


def _make(start: int, count: int, rows: int) -> pa.Table:
    """`count` rows of a file of `rows`, from row `start`."""
    random = np.random.default_rng((7, start))
    score = random.random(count)
    shop = random.integers(0, SHOPS, count, dtype=np.int32)
    moment = (np.arange(start, start + count) + random.random(count)) / max(rows, 1)
    microseconds = (moment * DAYS * 86_400e6).astype("timedelta64[us]")
    return pa.table(
        {
            "ts": pa.array(FIRST_DAY + microseconds, pa.timestamp("us", "UTC")),
            "country": _choose(random, COUNTRIES, count, skewed=True),
            "category": _choose(random, CATEGORIES, count),
            "platform": _choose(random, ("ios", "android", "web"), count),
            "age": random.integers(13, 95, count, dtype=np.int32),
            "score": score,
            "label": (random.random(count) < score).astype(np.int32),
            "amount": np.exp(random.normal(3.0, 0.8, count)),
            "user": random.integers(0, max(1, rows // _ROWS_PER_USER), count),
            "shop": shop,
            "city": shop // 10,
            "region": shop // 100,
        }
    )


def _choose(
    random: np.random.Generator, values: tuple[str, ...], count: int, *, skewed: bool = False
) -> pa.Array:
    """That many of the values; skewed: the n-th comes 1/n times as often as the first."""
    weights = 1 / np.arange(1, len(values) + 1) if skewed else np.ones(len(values))
    codes = random.choice(len(values), count, p=weights / weights.sum())
    return pa.array(values).take(pa.array(codes))
