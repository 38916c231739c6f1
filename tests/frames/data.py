"""A small table with everything that makes grouping hard, and a way to ask a backend about it."""

from __future__ import annotations

import struct
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from engine.backends.base import Backend
from engine.context import UNBOUNDED
from engine.frames import (
    Cells,
    FramePlan,
    FrameSet,
    cell_query,
    count_queries,
    frame_keys,
    frames_of,
    interpret_cells,
    interpret_counts,
    number_rows,
    plan_frames,
)
from engine.frames.build import aggregated, call, filtered, literal, long, named, projected
from engine.models import Dataset
from tests.opened import opened

# The last Sunday of October, when Berlin's clocks show 02:00 to 03:00 twice.
FIRST = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
TRUE = literal(pb.Expression.Literal(boolean=True))
ROWS = 24 * 4 * 4  # four days, one row each quarter of an hour
OTHER_NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000000))[0]


def cycle(values: list[Any], kind: pa.DataType) -> pa.Array:
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
        self.source = opened(path)
        self.session = backend.open_session()
        self.schema = self.analyze(self.source)

    def analyze(self, relation: pb.Relation) -> pb.DataType:
        request = pb.AnalyzePlanRequest()
        request.schema.plan.root.CopyFrom(relation)
        return self.session.analyze(request, UNBOUNDED.unordered()).schema.schema

    def table(self, relation: pb.Relation) -> pa.Table:
        batches = [
            pa.ipc.open_stream(response.arrow_batch.data).read_all()
            for response in self.session.execute(pb.Plan(root=relation), UNBOUNDED.unordered())
            if response.HasField("arrow_batch")
        ]
        return pa.concat_tables(batches)

    def plan(self, timestamp: str | None = None, retention: str | None = None, **options: Any) -> FramePlan:
        return plan_on(self.schema, timestamp, retention, **options)

    def counted(self, plan: FramePlan, source: pb.Relation) -> FrameSet:
        """The frames by one query for each group."""
        return interpret_counts(plan, [self.table(query) for query in count_queries(plan, source)])

    def cells(self, plan: FramePlan, source: pb.Relation) -> Cells:
        """The finest cells, by one query."""
        names = tuple(f"k{i}" for i in range(len(frame_keys(plan))))
        *keys, rows = self.table(cell_query(plan, source, names, 100_000)).columns
        return Cells(keys, rows.to_numpy())

    def frames(self, timestamp: str | None = None, retention: str | None = None, **options: Any) -> FrameSet:
        """The frames, after checking that all ways to tell which rows are in them say the same."""
        plan = self.plan(timestamp, retention, **options)
        frames = self.counted(plan, self.source)
        self.check_predicates(frames)
        assert shape(interpret_cells(plan, self.cells(plan, self.source))) == shape(frames)
        self.check_families(plan, self.source, frames)
        return frames

    def check_predicates(self, frames: FrameSet) -> None:
        """Each frame's own predicate finds as many rows."""
        counts = [
            named(call("count_if", planned.predicate or TRUE), f"c{i}")
            for i, planned in enumerate(frames.frames)
        ]
        keys = self.table(aggregated(self.source, [], [*counts, named(call("count", long(1)), "n")]))
        assert [planned.rows for planned in frames.frames] == list(keys.to_pylist()[0].values())[:-1]

    def check_families(self, plan: FramePlan, source: pb.Relation, frames: FrameSet) -> None:
        """The keys of each family find as many rows of each frame, and its condition as many in all."""
        keys = [named(key, f"k{i}") for i, key in enumerate(frame_keys(plan))]
        inside = [
            named(
                call("coalesce", family.inside or TRUE, literal(pb.Expression.Literal(boolean=False))), name
            )
            for family, name in zip(frames.families, (f"f{i}" for i in count()), strict=False)
        ]
        numbering = number_rows(plan, frames)
        numbers = [named(numbering.expression, "number")] if numbering else []
        rows = self.table(projected(filtered(source, plan.inside), [*keys, *inside, *numbers]))
        for number, family in enumerate(frames.families):
            known = {p.frame.index: p.rows for p in frames.frames if p.family == number}
            assert set(family.frames.values()) <= known.keys()
            assert rows.column(f"f{number}").to_pylist().count(True) == sum(known.values())
            if family.keys:
                found = frames_of(family, [rows.column(key) for key in family.keys]).tolist()
                assert {frame: n for frame, n in Counter(found).items() if frame >= 0} == {
                    frame: n for frame, n in known.items() if n
                }
                if numbering:
                    assert numbering.frames(family)[rows.column("number").to_numpy()].tolist() == found

    def close(self) -> None:
        self.session.close()


def plan_on(
    schema: pb.DataType, timestamp: str | None = None, retention: str | None = None, **options: Any
) -> FramePlan:
    dataset = Dataset("hard.parquet", timestamp, retention)
    return plan_frames(schema, dataset, check_expression=str.strip, **options)


def local(table: pa.Table) -> pb.Relation:
    """A table that travels within the plan, in one batch at least."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for batch in table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]:
            writer.write_batch(batch)
    return pb.Relation(local_relation=pb.LocalRelation(data=sink.getvalue().to_pybytes()))


def shape(frames: FrameSet) -> object:
    """All of a set of frames, so that it can be compared: NaN equals itself, and 1, 1.0 and True do not."""
    return (
        [
            (repr(p.frame), p.rows, [c.SerializeToString() for c in p.conditions], p.family)
            for p in frames.frames
        ],
        frames.cut,
        [
            (family.keys, family.inside and family.inside.SerializeToString(), repr(family.frames))
            for family in frames.families
        ],
    )
