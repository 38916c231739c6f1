"""What is known while a chain is rewritten from the frame upwards. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.chain import Chain
from engine.spark.plans.relation_traits import ColumnTrait, traits_of
from engine.spark.text.hidden import fold


@dataclass(frozen=True, slots=True)
class ChainState:
    """The chain as far as it is rewritten.

    Attributes:
        steps: the new steps.
        carried: columns beside the guest's: the keys, and those of a limit.
        total: a frame without rows may have rows by now, so that no step may remove a frame's last row.
        single_row: there is exactly one row for each frame.
        rank: names of the row number and the rank, above a sort with a limit.
        in_order: nothing has stirred the rows since that sort.
    """

    steps: tuple[pb.Relation, ...] = ()
    carried: tuple[str, ...] = ()
    total: bool = False
    single_row: bool = False
    rank: tuple[str, str] | None = None
    in_order: bool = False

    def then(self, *steps: pb.Relation, **changes: Any) -> ChainState:
        """The state above further steps."""
        return replace(self, steps=(*self.steps, *steps), **changes)

    def check_may_remove(self, what: str) -> None:
        """Check that a step may take away rows.

        Raises:
            NotFusable: a frame that has none left would be taken for an empty one, or ties would be hidden.
        """
        self.check_may_mix(what)
        if self.total:
            raise NotFusable(f"{what} above an aggregate of all rows")

    def check_may_mix(self, what: str) -> None:
        """Check that a step may compute over several rows.

        Raises:
            NotFusable: which rows a limit took may be down to chance, and nobody could tell any longer.
        """
        if self.rank is not None:
            raise NotFusable(f"{what} above a limit")


@dataclass(frozen=True, slots=True)
class StepPlace:
    """Where in a chain a step stands.

    Attributes:
        chain: the plan.
        index: how many steps are below.
        keys: names of the key columns.
        columns_of: names of the columns that the guest sees above so many steps.
    """

    chain: Chain
    index: int
    keys: tuple[str, ...]
    columns_of: Callable[[int], tuple[str, ...]]

    def columns(self) -> tuple[str, ...]:
        """Names of the step's input columns, as the guest sees them.

        Raises:
            NotFusable: a name does not say which column is meant.
        """
        names = self.columns_of(self.index)
        if len({fold(name) for name in names}) != len(names):
            raise NotFusable("several columns of one name")
        return names

    def above(self) -> tuple[pb.Relation, ...]:
        """The steps above this one."""
        return self.chain.steps[self.index + 1 :]

    def since(self, plan_id: int) -> Iterator[pb.Relation]:
        """The steps above the one of a plan id, and below this one.

        Raises:
            NotFusable: there is no such step.
        """
        below = [self.chain.read, *self.chain.steps[: self.index]]
        for place, relation in enumerate(below):
            if relation.common.HasField("plan_id") and relation.common.plan_id == plan_id:
                return iter(below[place + 1 :])
        raise NotFusable("a column of another DataFrame")


def same_columns(step: pb.Relation) -> bool:
    """Whether a step's output has the columns of its input."""
    return traits_of(step).columns is ColumnTrait.SAME
