"""A small awkward table in parts, and ways to ask for aggregates of a part: directly, and from the cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from engine.backends.base import Backend
from engine.context import UNBOUNDED
from engine.frames.build import aggregated, call, column, filtered, literal, named
from engine.spark.fusion.cells import CellsPlan, Rolled, plan_cells
from engine.spark.fusion.chain import Chain, parse_chain, stack
from engine.spark.plans import Fetch, bind, parse_request
from sandbox.contract.framing import Method
from tests.opened import opened
from tests.spark.plans.offline import Offline

NAN, INF = float("nan"), float("inf")
KINDS = ("plain", "odd", "null", "one", "same", "zeros")
GROUPS = ("a", "b", "c")
ROWS = 40  # of each kind but "one"


def make_table() -> pa.Table:
    """Kinds of rows, spread over groups. In each kind the columns go wrong in another way."""
    draw = np.random.default_rng(7)
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        for i in range(1 if kind == "one" else ROWS):
            x, y = float(draw.normal(5, 2)), float(draw.lognormal(1, 1))
            row = {
                "kind": kind, "part": GROUPS[i % 3], "x": x, "y": x + y, "far": 1e7 + x, "farther": 1e9 + x,
                "i": int(draw.integers(-50, 100)), "year": 2020 + int(draw.integers(0, 5)), "big": 2**60 + i,
                "small": np.float32(x), "flag": bool(draw.integers(0, 2)), "text": "zÉ😀aB"[i % 5],
                "raw": bytes([i, 255 - i]), "day": date(2026, 1, 1) + timedelta(days=i * 7 % 90),
                "at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=i * 77),
                "wall": datetime(2026, 1, 1, i % 24), "wide": Decimal(i + 1).scaleb(-18),
                "price": Decimal(int(draw.integers(-999, 99999))).scaleb(-2),
                "ex": x, "zero": 1.0 + i, "same": 0.1,
            }  # fmt: skip
            if kind == "null" or (kind == "plain" and i % 4 == 0):
                row |= dict.fromkeys(("x", "i", "small", "flag", "text", "raw", "day", "at", "price", "ex"))
            if kind == "plain" and i % 5 == 0:
                row["y"] = None
            if kind == "odd":
                row["x"] = [NAN, x, 1.5][i % 3]
                row["ex"] = [NAN, INF, 2.5, -INF][i // 3 % 4]
            if kind == "same":
                row |= {"x": 0.1, "i": 3, "y": 7.0}
            if kind == "zeros":
                row["zero"] = [0.0, -0.0, 3.0][i // 7 % 3]
            rows.append(row)
    types = {
        "i": pa.int32(), "small": pa.float32(), "price": pa.decimal128(10, 2), "wide": pa.decimal128(38, 18),
        "at": pa.timestamp("us", "UTC"), "wall": pa.timestamp("us"), "year": pa.int16(),
    }  # fmt: skip
    arrays = {
        name: pa.array([row[name] for row in rows], types.get(name), from_pandas=False) for name in rows[0]
    }
    return pa.table(arrays)


Metric = Callable[[Any], Any]


class Bench:
    """One backend over the table."""

    def __init__(self, backend: Backend, folder: Path, offline: Offline) -> None:
        path = folder / "cells" / f"awkward-{backend.name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(make_table(), path)
        self.source = opened(path)
        self.session = backend.open_session()
        request = pb.AnalyzePlanRequest()
        request.schema.plan.root.CopyFrom(self.source)
        self.schema = self.session.analyze(request, UNBOUNDED.unordered()).schema.schema
        self.offline = offline

    def relation(self, metric: Metric) -> pb.Relation:
        """What a guest would send."""
        parsed = parse_request(Method.EXECUTE, self.offline.fetch(metric(self.offline.df)))
        assert isinstance(parsed, Fetch)
        return parsed.relation

    def plan(self, metric: Metric, **options: Any) -> CellsPlan:
        return plan_cells(parse_chain(self.relation(metric)), schema=self.schema, **options)

    def fetch(self, relation: pb.Relation, frame: pb.Relation | None = None) -> pa.Table:
        bound = bind(relation, frame=frame or self.source, views={}, scope="q")
        batches = [
            pa.ipc.open_stream(response.arrow_batch.data).read_all()
            for response in self.session.execute(pb.Plan(root=bound), UNBOUNDED.unordered())
            if response.HasField("arrow_batch")
        ]
        return pa.concat_tables(batches).combine_chunks()

    def direct(self, metric: Metric, where: dict[str, str]) -> pa.Table:
        """The answer of one part of the rows."""
        frame = self.source
        for name, value in where.items():
            text = literal(pb.Expression.Literal(string=value))
            frame = filtered(frame, call("==", column(name), text))
        return self.fetch(self.relation(metric), frame)

    def cells(self, base: pb.Relation, states: Sequence[pb.Expression]) -> pa.Table:
        """The states of all cells; those asked twice once."""
        distinct = {state.SerializeToString(deterministic=True): state for state in states}
        columns = [named(state, f"s{i}") for i, state in enumerate(distinct.values())]
        table = self.fetch(aggregated(base, [column("kind"), column("part")], columns))
        places = {key: i + 2 for i, key in enumerate(distinct)}
        wanted = [table.column(places[state.SerializeToString(deterministic=True)]) for state in states]
        return pa.table(
            [table.column(0), table.column(1), *wanted], names=[*"kp", *map(str, range(len(wanted)))]
        )

    def rolled(self, chain: Chain, plan: CellsPlan) -> dict[str, tuple[Rolled, int]]:
        """Of each part: what was rolled up, and its slot there."""
        return roll(plan, self.cells(stack(chain.read, plan.lower), plan.states))

    def close(self) -> None:
        self.session.close()


def roll(plan: CellsPlan, table: pa.Table) -> dict[str, tuple[Rolled, int]]:
    """Roll up three families: all rows, by kind, by part. A value that does not occur has a slot too."""
    states = table.columns[2:]
    found: dict[str, tuple[Rolled, int]] = {}
    everything = np.zeros(len(table), np.int64)
    for values, codes in (
        (("all",), everything),
        ((*KINDS, "absent"), np.array([KINDS.index(k) for k in table["k"].to_pylist()])),
        (GROUPS, np.array([GROUPS.index(p) for p in table["p"].to_pylist()])),
    ):
        rolled = plan.roll_up(states, codes, len(values))
        found |= {value: (rolled, slot) for slot, value in enumerate(values)}
    return found


def part(name: str) -> dict[str, str]:
    """How to tell the rows of a part."""
    if name == "all":
        return {}
    return {"part": name} if name in GROUPS else {"kind": name}
