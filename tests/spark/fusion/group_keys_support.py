"""A small awkward table, and plans over it answered in two ways: frame by frame, and at once by key."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from engine.backends.base import Backend
from engine.context import UNBOUNDED
from engine.frames import count_queries, interpret_counts, plan_frames
from engine.frames.build import case, filtered, literal, long
from engine.models import Dataset, SegmentGroup
from engine.spark.fusion.chain import Chain, parse_chain, stack
from engine.spark.fusion.group_keys import KeyedPlan, add_group_keys, key_names, keyed_base
from engine.spark.plans import bind
from tests.opened import opened
from tests.spark.plans.offline import Offline

Query = Callable[[Any], Any]

NAN, INF = math.nan, math.inf
SEGMENTS = ("a", "ü", None, "one", "gone")  # ordinary, unicode, null, a single row, no row


def make_table() -> pa.Table:
    """Forty rows: of the segments in turn, each row of `x` twice, and one row alone in its segment."""
    segments = [("a", "ü", None)[i % 3] for i in range(39)] + ["one"]
    xs = [1.5, NAN, None, -0.0, 0.0, INF, -INF, 2.25, 1.5, -3.0]
    count = len(segments)
    return pa.table(
        {
            "id": pa.array(range(count), pa.int64()),
            "seg": pa.array(segments, pa.string()),
            "n": pa.array([(None, 1, 2, 2, 7)[i * i % 5] for i in range(count)], pa.int32()),
            "x": pa.array([xs[i // 4 % 10] for i in range(count)], pa.float64(), from_pandas=False),
            "y": pa.array([(i * 37 % 101) / 8 for i in range(count)], pa.float64()),
            "s": pa.array([("p", "q", None, "é", "")[i % 5] for i in range(count)], pa.string()),
            "d": pa.array([date(2026, 1, 1 + i % 7) if i % 11 else None for i in range(count)]),
            "m": pa.array(
                [Decimal(i % 13) / 4 if i % 6 else None for i in range(count)], pa.decimal128(8, 2)
            ),
            "flag": pa.array([(True, False, None)[i % 7 % 3] for i in range(count)], pa.bool_()),
            "xs": pa.array(
                [list(range(i % 4)) if i % 5 else None for i in range(count)], pa.list_(pa.int32())
            ),
            "st": pa.array([{"a": i % 3, "b": str(i % 2)} for i in range(count)]),
        }
    )


def chain_of(offline: Offline, query: Query) -> Chain:
    """The chain that PySpark sends for a query."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of windows without partitions
        return parse_chain(offline.plan(query(offline.df)).root)


@dataclass(frozen=True)
class Answer:
    """Names, types and rows, in order."""

    names: list[str]
    types: list[str]
    rows: list[str]

    def sorted(self) -> Answer:
        return Answer(self.names, self.types, sorted(self.rows))


class Both:
    """One session over the table."""

    def __init__(self, backend: Backend, folder: Path) -> None:
        path = folder / "group_keys" / "awkward.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(make_table(), path, row_group_size=9)
        self.source = opened(path)
        self.offline = Offline()
        self.session = backend.open_session()
        group = SegmentGroup.by_value("seg", values=SEGMENTS)
        schema = self._schema(self.source)
        plan = plan_frames(schema, Dataset(str(path)), segments=[group], check_expression=str)
        counted = interpret_counts(plan, [self.table(query) for query in count_queries(plan, self.source)])
        self.conditions = [frame.predicate for frame in counted.frames[1:]]
        nothing = pb.Expression(literal=pb.Expression.Literal(boolean=False))
        self.empty = filtered(self.source, nothing)

    def table(self, relation: pb.Relation) -> pa.Table:
        return self._run(relation)[0]

    def direct(self, chain: Chain, segment: int | None) -> Answer:
        """A frame's own answer; of all rows without a segment."""
        condition = None if segment is None else self.conditions[segment]
        return self._direct(chain, filtered(self.source, condition))

    def carried(self, chain: Chain, keys: int = 2) -> KeyedPlan:
        """The plan over all segments; its second key is null in one segment and NaN in another."""
        names = key_names(chain, self.columns_of(chain, 0), keys)
        branches = [(c, long(i)) for i, c in enumerate(self.conditions) if c is not None]
        doubles = [pb.Expression.Literal(double=value) for value in (NAN, 1.0)]
        doubles.insert(0, pb.Expression.Literal(null=pb.DataType(double=pb.DataType.Double())))
        awkward = [(c, literal(doubles[min(i, 2)])) for i, (c, _) in enumerate(branches)]
        values = [case(branches, long(-1)), case(awkward, literal(doubles[2]))]
        base = keyed_base(chain.read, self.source, list(zip(names, values, strict=False)))
        return add_group_keys(chain, base, names, lambda n: self.columns_of(chain, n))

    def split(self, chain: Chain) -> list[Answer | None]:
        """The segments' answers out of one query; None for one that had ties, and must ask for itself."""
        keys = key_names(chain, self.columns_of(chain, 0), 2)
        carried = self.carried(chain)
        table = self.table(carried.relation)
        assert set(keys) <= set(table.column_names)
        segment_of = table.column(keys[0]).to_pylist()
        guest = [i for i, name in enumerate(table.column_names) if name not in (*keys, *(carried.rank or ()))]
        answers: list[Answer | None] = []
        for segment in range(len(self.conditions)):
            part = table.filter(pa.array([value == segment for value in segment_of], pa.bool_()))
            if carried.rank and part.column(carried.rank[0]) != part.column(carried.rank[1]):
                answers.append(None)
            elif part.num_rows:
                answers.append(_answer(part.select(guest), part.num_rows))
            else:
                answers.append(self._direct(chain, self.empty))
        return answers

    def columns_of(self, chain: Chain, steps: int) -> tuple[str, ...]:
        bound = bind(stack(chain.read, chain.steps[:steps]), frame=self.source, views={})
        return tuple(field.name for field in self._schema(bound).struct.fields)

    def close(self) -> None:
        self.session.close()

    def _direct(self, chain: Chain, frame: pb.Relation) -> Answer:
        return _answer(*self._run(bind(stack(chain.read, chain.steps), frame=frame, views={})))

    def _run(self, relation: pb.Relation) -> tuple[pa.Table, int]:
        """Rows, and how many; rows without columns are only counted."""
        responses = self.session.execute(pb.Plan(root=relation), UNBOUNDED)
        batches = [response.arrow_batch for response in responses if response.HasField("arrow_batch")]
        tables = [pa.ipc.open_stream(batch.data).read_all() for batch in batches]
        return pa.concat_tables(tables), sum(batch.row_count for batch in batches)

    def _schema(self, relation: pb.Relation) -> pb.DataType:
        request = pb.AnalyzePlanRequest()
        request.schema.plan.root.CopyFrom(relation)
        return self.session.analyze(request, UNBOUNDED).schema.schema


def _answer(table: pa.Table, count: int) -> Answer:
    columns = [column.to_pylist() for column in table.columns]
    rows = [json.dumps([_plain(column[row]) for column in columns]) for row in range(count)]
    return Answer(table.column_names, [str(kind) for kind in table.schema.types], rows)


def _plain(value: Any) -> Any:
    """A value as text: floats to ten digits, as sums depend on the order of rows."""
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value if value is None else repr(value)
