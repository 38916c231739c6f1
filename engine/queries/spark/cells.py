"""The answers of all frames from the finest cells."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.arrow import arrow_stream
from engine.frames import FrameSet
from engine.frames.build import aggregated, column, named
from engine.queries.answers import FrameNumbers, SplitAnswers, named_as, split_rows
from engine.queries.asking import Asker, FrameSource, SchemaProbe
from engine.queries.first_queries import StateTable
from engine.queries.key_columns import extras, flat, separate_keys
from engine.spark.fusion.cells import CellsPlan, Rolled
from engine.spark.fusion.chain import Chain
from engine.spark.fusion.group_keys import add_group_keys, key_names

_FRAME: Final = "_calcmetric_frame"


def ask_states(source: FrameSource, chain: Chain, plan: CellsPlan, asker: Asker) -> StateTable:
    """The merge states of every cell.

    Raises:
        NotFusable, BackendLost, Interrupted: as `FrameSource.fetch`.
    """
    keys = source.keys
    names = key_names(chain, source.columns, len(keys))
    lower = Chain(chain.read, plan.lower)
    base = source.keyed(chain.read, list(zip(names, keys, strict=True)))
    carried = add_group_keys(lower, base, names, lambda steps: source.columns_after(lower, steps, asker))
    states = [named(state, f"_calcmetric_s{i}") for i, state in enumerate(plan.states)]
    relation = aggregated(carried.relation, [column(name) for name in names], states)
    table = source.fetch(relation, asker, base=base, unordered=True).table
    arrays = [flat(table.column(i)) for i in range(table.num_columns)]
    return StateTable(tuple(arrays[: len(keys)]), tuple(arrays[len(keys) :]))


class RolledUp:
    """The values of every frame that has rows at the aggregate, and how sure they are.

    Attributes:
        coarse: whether the precise form of the states would make more frames sure.
    """

    def __init__(self, source: FrameSource, plan: CellsPlan, states: StateTable, frames: FrameSet) -> None:
        states = states.ordered()
        parts: list[tuple[FrameNumbers, Rolled]] = []
        for number, family in enumerate(frames.families):
            codes = source.place(number, family, states.keys, len(states.states[0]))
            slots, places = _slots(codes)
            parts.append((slots, plan.roll_up(states.states, places, len(slots))))
        there = [one.rows > 0 for _, one in parts]
        unsure = np.concatenate([one.unsure | one.coarse for _, one in parts])
        slots = np.concatenate([slots for slots, _ in parts])
        reached = np.concatenate(there)
        self._direct = slots[reached & unsure]
        sure = reached & ~unsure
        self._frames = slots[sure]
        mask = pa.array(sure)
        self._values = [
            pa.concat_arrays([one.values[i] for _, one in parts]).filter(mask)
            for i in range(len(parts[0][1].values))
        ]
        self.coarse = any(bool((one.coarse & (one.rows > 0)).any()) for _, one in parts)
        self._plan = plan

    def split(self, source: FrameSource, chain: Chain, probe: SchemaProbe, asker: Asker) -> SplitAnswers:
        """The answers.

        Raises:
            NotFusable, BackendLost, Interrupted: as `FrameSource.fetch`.
        """
        if self._plan.outputs is None:
            return self._finish(source, chain, probe, asker)
        schema = probe.result()
        table = named_as(schema, [self._values[output] for output in self._plan.outputs])
        return split_rows(schema, table, self._frames, self._direct)

    def _finish(self, source: FrameSource, chain: Chain, probe: SchemaProbe, asker: Asker) -> SplitAnswers:
        """Let the backend compute what stands above the aggregates, on one row for each frame."""
        plan = self._plan
        names = [f"_calcmetric_a{i}" for i in range(len(self._values))]
        rows = pa.table([*self._values, pa.array(self._frames)], names=[*names, _FRAME])
        base = pb.Relation(common=chain.read.common)
        base.subquery_alias.alias = chain.read.read.named_table.unparsed_identifier
        base.subquery_alias.input.local_relation.data = arrow_stream(rows).to_pybytes()
        top = plan.position + 1
        kept = Chain(chain.read, (*chain.steps[:top], *plan.upper))
        # What stands above may use the names that columns get by themselves, so they are given by name here.
        own = source.columns_after(kept, top, asker) if plan.upper else _names(probe.result())
        project = pb.Relation(common=plan.common)
        project.project.expressions.extend(
            _renamed(one, name) for one, name in zip(plan.finishing, own, strict=True)
        )
        small = Chain(chain.read, (project, *plan.upper))
        carried = add_group_keys(
            small, base, (_FRAME,), lambda steps: source.columns_after(kept, plan.position + steps, asker)
        )
        fetched = source.fetch(carried.relation, asker, base=base)
        schema = probe.result()
        part = separate_keys(fetched, schema, extras(carried, (_FRAME,)))
        frames = flat(part.carried[_FRAME]).to_numpy()
        return split_rows(schema, part.own, frames, self._direct, self._frames)


def _slots(frames: FrameNumbers) -> tuple[FrameNumbers, FrameNumbers]:
    """The frames that occur, in order, and for each cell the place of its frame among them, or -1."""
    slots, places = np.unique(frames, return_inverse=True)
    outside = int(np.searchsorted(slots, 0))
    return slots[outside:], np.maximum(places - outside, -1)


def _names(schema: pb.DataType) -> list[str]:
    return [field.name for field in schema.struct.fields]


def _renamed(expression: pb.Expression, name: str) -> pb.Expression:
    """An expression whose column has a name of our choice, and keeps its metadata."""
    result = named(expression, name)
    if expression.WhichOneof("expr_type") == "alias":
        result.alias.CopyFrom(expression.alias)
        result.alias.name[:] = [name]
    return result
