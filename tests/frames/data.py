"""A small table with everything that makes grouping hard, and a way to ask a backend about it."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from engine.backends.base import Backend
from engine.frames import FramePlan, FrameSet, count_queries, interpret_counts, plan_frames
from engine.frames.build import aggregated, call, literal, long, named
from engine.models import Dataset

# The last Sunday of October, when Berlin's clocks show 02:00 to 03:00 twice.
FIRST = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
ROWS = 24 * 4 * 4  # four days, one row each quarter of an hour
OTHER_NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000000))[0]


def cycle(values: list, kind: pa.DataType) -> pa.Array:
    return pa.array([values[i % len(values)] for i in range(ROWS)], kind, from_pandas=False)


def make_table() -> pa.Table:
    instants = [FIRST + timedelta(minutes=15 * i, microseconds=i % 3) for i in range(ROWS)]
    walls = [instant.replace(tzinfo=None) for instant in instants]
    return pa.table(
        {
            "ts": pa.array(
                [t if i % 50 else None for i, t in enumerate(instants)], pa.timestamp("us", "UTC")
            ),
            "wall": pa.array([t if i % 60 else None for i, t in enumerate(walls)], pa.timestamp("us")),
            "day": pa.array([t.date() if i % 70 else None for i, t in enumerate(walls)], pa.date32()),
            "country": cycle(["US", "US", None, "DE", "`q`'s", "US", "", "DE", "null"], pa.string()),
            "income": cycle([1.5, float("nan"), None, -0.0, 0.0, float("inf"), OTHER_NAN], pa.float64()),
            "ratio": cycle([0.1, None, float("nan"), 2.5], pa.float32()),
            "age": cycle([17, 18, 24, 25, None, 64, 65, -3, 40], pa.int32()),
            "big": cycle([2**60, 2**60 + 1, -(2**63), None], pa.int64()),
            "tiny": cycle([1, -1, 127], pa.int8()),
            "price": cycle([Decimal("1.50"), Decimal("-2.25"), None, Decimal("0.00")], pa.decimal128(12, 2)),
            "new": cycle([True, False, False, None], pa.bool_()),
            "born": cycle([date(1999, 12, 31), None, date(2026, 10, 25)], pa.date32()),
            "seen": cycle(
                [FIRST, None, FIRST + timedelta(days=400, microseconds=7)], pa.timestamp("us", "UTC")
            ),
            "told": cycle([datetime(2026, 10, 25, 2, 30), None], pa.timestamp("us")),
            "odd name.x": cycle([1, 2, 2], pa.int64()),
            "device": pa.array(
                [{"os": "ios" if i % 3 else None} if i % 5 else None for i in range(ROWS)],
                pa.struct([("os", pa.string())]),
            ),
        }
    )


class Asker:
    """One session on a backend over the table."""

    def __init__(self, backend: Backend, folder: Path) -> None:
        path = folder / "frames" / "hard.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(make_table(), path, row_group_size=100)
        read = pb.Read(data_source=pb.Read.DataSource(format="parquet", paths=[str(path)]))
        self.source = pb.Relation(read=read)
        self.session = backend.open_session()
        self.schema = self.analyze(self.source)

    def analyze(self, relation: pb.Relation) -> pb.DataType:
        request = pb.AnalyzePlanRequest()
        request.schema.plan.root.CopyFrom(relation)
        return self.session.analyze(request).schema.schema

    def table(self, relation: pb.Relation) -> pa.Table:
        batches = [
            pa.ipc.open_stream(response.arrow_batch.data).read_all()
            for response in self.session.execute(pb.Plan(root=relation))
            if response.HasField("arrow_batch")
        ]
        return pa.concat_tables(batches)

    def plan(self, timestamp: str | None = None, retention: str | None = None, **options) -> FramePlan:
        dataset = Dataset("hard.parquet", timestamp, retention)
        return plan_frames(self.schema, dataset, check_expression=str.strip, **options)

    def frames(self, timestamp: str | None = None, retention: str | None = None, **options) -> FrameSet:
        """Plan, count, interpret; then check that each frame's own predicate finds as many rows."""
        plan = self.plan(timestamp, retention, **options)
        frames = interpret_counts(plan, [self.table(query) for query in count_queries(plan, self.source)])
        everything = literal(pb.Expression.Literal(boolean=True))
        counts = [
            named(call("count_if", planned.predicate or everything), f"c{i}")
            for i, planned in enumerate(frames.frames)
        ]
        keys = self.table(aggregated(self.source, [], [*counts, named(call("count", long(1)), "n")]))
        assert [planned.rows for planned in frames.frames] == list(keys.to_pylist()[0].values())[:-1]
        return frames

    def close(self) -> None:
        self.session.close()
