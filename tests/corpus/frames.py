"""What the corpus runs on: its dataset, and the seven frames that every metric is computed for.

Each frame is written three times, for the three that must agree on it: as SQL for plain Spark, as a mask
for pandas, and as a place in the results of the engine. The engine gets the last as segment groups and a
time range (see `test_corpus.py`), so the frame's rows themselves are under test too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine import SegmentGroup
from examples.make_data import make_table

HERE = Path(__file__).parent
ROWS = 20_000
SEED = 7
AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
WEEK_AGO = datetime(2026, 4, 24, tzinfo=UTC)
BUCKET = ("age", "[25,40)")


@dataclass(frozen=True, slots=True)
class CorpusFrame:
    """One of the seven.

    Attributes:
        name: its name in expected.json.
        sql: its condition as Spark SQL; empty for all rows.
        mask: the same, for pandas.
        segment: (group, value) in the JSON of a run's results, None for the full frame.
        last_week: whether the engine computes it in the run with the time range.
    """

    name: str
    sql: str
    mask: Callable[[pd.DataFrame], pd.Series]
    segment: tuple[str, str | None] | None
    last_week: bool = False


FRAMES = (
    CorpusFrame("full", "", lambda p: p["score"] == p["score"], None),
    CorpusFrame("country_de", "country = 'DE'", lambda p: p["country"] == "DE", ("country", "DE")),
    CorpusFrame("country_null", "country is null", lambda p: p["country"].isna(), ("country", None)),
    CorpusFrame("business", "plan = 'business'", lambda p: p["plan"] == "business", ("business", "business")),
    CorpusFrame("age_25_40", "age >= 25 and age < 40", lambda p: p["age"].between(25, 39), BUCKET),
    CorpusFrame(
        "last_week",
        f"ts >= timestamp'{WEEK_AGO.isoformat()}' and ts < timestamp'{AS_OF.isoformat()}'",
        lambda p: p["ts"].between(WEEK_AGO, AS_OF, inclusive="left"),
        None,
        last_week=True,
    ),
    CorpusFrame("empty", "country = 'ZZ'", lambda p: p["country"] == "ZZ", ("country", "ZZ")),
)


def metric_paths(folder: Path = HERE) -> dict[str, Path]:
    """The metrics of the corpus, by name, or of another one that lies in a folder."""
    return {path.stem: path for path in sorted((folder / "metrics").glob("*.py"))}


def make_corpus_table() -> pa.Table:
    """The corpus dataset."""
    return make_table(ROWS, SEED)


def write_corpus_data(folder: Path) -> Path:
    """Write the corpus dataset into `folder`, and return the file's path."""
    path = folder / "payments.parquet"
    pq.write_table(make_corpus_table(), path)
    return path


def compute_fingerprint(table: pa.Table) -> str:
    """A hash of what the table holds, to tell changed data from changed numbers."""
    digest = hashlib.sha256()
    # Without zones, whose objects are of another library in older versions of pyarrow.
    plain = table.set_column(table.schema.get_field_index("ts"), "ts", table["ts"].cast(pa.timestamp("us")))
    for row in plain.to_pylist():
        digest.update(repr(row).encode())
    return digest.hexdigest()[:16]


# Of each kind, one of them without rows.
SEGMENTS = (
    SegmentGroup.by_value("country", values=["DE", None, "ZZ"]),
    SegmentGroup.where("business", "plan = 'business'"),
    SegmentGroup.by_buckets("age", [25, 40]),
)
