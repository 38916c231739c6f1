"""Plans that end in a global aggregate, as one query of merge states and its evaluation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.cells.aggregates import Form, recipe
from engine.spark.fusion.cells.collation import collates
from engine.spark.fusion.cells.finishing import aggregate_call, take_apart, without_alias
from engine.spark.fusion.cells.groups import CellStates, Longs, Mask
from engine.spark.fusion.cells.merges import Merge
from engine.spark.fusion.cells.states import States
from engine.spark.fusion.chain import Chain, body
from engine.spark.fusion.expression_traits import inspect
from engine.spark.plans.relation_traits import RowTrait, traits_of
from engine.spark.plans.trees import Call, counts_rows, outermost, with_plan_ids

# The steps that may stand below and above the aggregate. Not a trait: others, such as fill_na, are row-wise
# as well, but nobody has shown yet that cells answer them exactly.
_ROW_WISE: Final = frozenset(
    {"project", "filter", "with_columns", "drop", "with_columns_renamed", "to_df", "subquery_alias", "hint"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Rolled:
    """The aggregates of each slot.

    Attributes:
        values: one array for each aggregate, with one value for each slot.
        rows: how many rows reached the aggregate. Slots without rows get the answer of an empty frame.
        unsure: slots that have to run by themselves.
        coarse: slots that the precise form of the plan would answer; none are in that form.
    """

    values: tuple[pa.Array, ...]
    rows: Longs
    unsure: Mask
    coarse: Mask


@dataclass(frozen=True, slots=True, eq=False)
class CellsPlan:
    """How to answer a plan for many frames from one query.

    Attributes:
        lower: the row-wise steps below the aggregate, from the frame upwards, without what only moves rows.
        states: aggregate expressions without names, to compute for each cell over the output of `lower`.
        outputs: which aggregate each column of the answer is, if all are aggregates by themselves and no
            step stands above; otherwise None. The columns' names are those of the direct answer.
        finishing: where `outputs` is None, the projection of a relation that has the values of aggregate i
            as column `_calcmetric_a{i}`. Columns without an alias lack the name of the direct answer, which
            `upper` may use: the caller names them.
        upper: the row-wise steps above that projection.
        position: where the aggregate stands in the chain's steps.
        common: that of the aggregate: steps above may refer to its plan id.
        merges: what makes an aggregate of its states.
    """

    lower: tuple[pb.Relation, ...]
    states: tuple[pb.Expression, ...]
    outputs: tuple[int, ...] | None
    finishing: tuple[pb.Expression, ...]
    upper: tuple[pb.Relation, ...]
    position: int
    common: pb.RelationCommon
    merges: tuple[Merge, ...]

    def roll_up(self, columns: Sequence[pa.Array], codes: npt.NDArray[np.integer[Any]], size: int) -> Rolled:
        """Merge the states of cells into slots.

        Args:
            columns: one for each state, with a value for each cell.
            codes: the slot of each cell, or -1 for none.
            size: the number of slots.
        """
        whole = [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns]
        with np.errstate(all="ignore"):
            cells = CellStates(whole, codes, size)
            merged = [merge.merge(cells) for merge in self.merges]
            rows = cells.count(0)
        unsure, coarse = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        for one in merged:
            unsure |= one.unsure
            coarse |= one.coarse
        return Rolled(tuple(one.values for one in merged), rows, unsure & (rows > 0), coarse & (rows > 0))


def plan_cells(chain: Chain, *, precise: bool = False, schema: pb.DataType | None = None) -> CellsPlan:
    """Plan a chain with one global aggregate.

    Args:
        chain: the plan.
        precise: ask second moments in a form that does not cancel, about a tenth dearer.
        schema: of the frame, which may have text with a collation.

    Raises:
        NotFusable: the plan has another form, or something in it is not known to be right.
    """
    place = next((i for i, step in enumerate(chain.steps) if _is_aggregate(step)), None)
    if place is None:
        raise NotFusable("no global aggregate")
    step = chain.steps[place]
    lower = _lower(chain.steps[:place])
    _check_ids(chain.read, chain.steps[:place], step)
    aggregates = _Aggregates(Form(States(), precise, collates(schema, lower, step)))
    expressions = _columns(step)
    finishing = tuple(take_apart(expression, aggregates.number) for expression in expressions)
    upper = _upper(chain.steps[place + 1 :])
    bare = [aggregate_call(without_alias(expression)) for expression in expressions]
    calls = [call for call in bare if call is not None]
    simple = not upper and len(calls) == len(bare)
    return CellsPlan(
        lower=lower,
        states=tuple(aggregates.form.states.expressions),
        outputs=tuple(aggregates.number(call) for call in calls) if simple else None,
        finishing=() if simple else finishing,
        upper=upper,
        position=place,
        common=step.common,
        merges=tuple(aggregates.merges),
    )


class _Aggregates:
    """Numbers aggregate calls; equal ones are one."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.merges: list[Merge] = []
        self._numbers: dict[bytes, int] = {}

    def number(self, call: Call) -> int:
        key = call.SerializeToString(deterministic=True)
        if key not in self._numbers:
            self.merges.append(self._merge(call))
            self._numbers[key] = len(self.merges) - 1
        return self._numbers[key]

    def _merge(self, call: Call) -> Merge:
        if getattr(call, "is_distinct", False):
            raise NotFusable("a distinct aggregate")
        if counts_rows(call):
            return recipe("count", [_ONE_ROW])(self.form, [_ONE_ROW])
        arguments = [without_alias(argument) for argument in call.arguments]
        traits = inspect(*arguments)
        if traits.aggregates or traits.stars or traits.generators:
            raise NotFusable("an aggregate of aggregates, of all columns or of generated rows")
        _check_row_wise(arguments, "an aggregate")
        return recipe(call.function_name, arguments)(self.form, arguments)


def _is_aggregate(step: pb.Relation) -> bool:
    kind = step.WhichOneof("rel_type")
    return kind == "aggregate" or (kind == "project" and inspect(*step.project.expressions).aggregates)


def _columns(step: pb.Relation) -> Sequence[pb.Expression]:
    if step.WhichOneof("rel_type") == "project":
        return list(step.project.expressions)
    aggregate = step.aggregate
    if aggregate.group_type != pb.Aggregate.GROUP_TYPE_GROUPBY or aggregate.grouping_expressions:
        raise NotFusable("a grouped aggregate")
    return list(aggregate.aggregate_expressions)


def _lower(steps: Iterable[pb.Relation]) -> tuple[pb.Relation, ...]:
    kept = []
    for step in steps:
        kind = str(step.WhichOneof("rel_type"))
        if kind not in _ROW_WISE and not _only_moves_rows(step):
            raise NotFusable(f"{kind.replace('_', ' ')} below an aggregate")
        _check_row_wise(outermost(body(step), pb.Expression), "a step below an aggregate")
        if not _only_moves_rows(step):
            kept.append(step)
    return tuple(kept)


def _only_moves_rows(step: pb.Relation) -> bool:
    """Whether a step may be left out; a hint may not, as Spark refuses some of them."""
    return traits_of(step).rows is RowTrait.MOVED and not step.HasField("hint")


def _upper(steps: Iterable[pb.Relation]) -> tuple[pb.Relation, ...]:
    """The steps above, each of which makes at most one row of one."""
    kept = []
    for step in steps:
        kind = str(step.WhichOneof("rel_type"))
        if _only_moves_rows(step) or (kind == "limit" and step.limit.limit >= 1):
            continue
        if kind not in _ROW_WISE:
            raise NotFusable(f"{kind.replace('_', ' ')} above an aggregate")
        expressions = outermost(body(step), pb.Expression)
        traits = inspect(*expressions)
        if traits.generators or traits.stars or traits.aggregates:
            raise NotFusable("generators, stars or aggregates above an aggregate")
        _check_row_wise(expressions, "a step above an aggregate")
        kept.append(step)
    return tuple(kept)


def _check_row_wise(expressions: Sequence[pb.Expression], where: str) -> None:
    traits = inspect(*expressions)
    if traits.aggregates or traits.windows or traits.random or traits.foreign:
        raise NotFusable(f"windows, random functions or queries in {where}")


def _check_ids(read: pb.Relation, steps: Sequence[pb.Relation], step: pb.Relation) -> None:
    """Columns of the rows are those of the chain itself: without that they could not be moved."""
    known = {read.common.plan_id, *(below.common.plan_id for below in steps)}
    for message in (*map(body, steps), body(step)):
        if any(here.plan_id not in known for here in with_plan_ids(message)):
            raise NotFusable("a column of another DataFrame")


_ONE_ROW: Final = pb.Expression(literal=pb.Expression.Literal(long=1))
