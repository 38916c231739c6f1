"""Queries for many frames at once, and what the direct plan's answer looks like."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.tables import Fetched, TableTooLarge, fetch
from engine.context import QueryContext, RunId
from engine.errors import BackendError, BackendLost, Interrupted
from engine.frames import (
    Family,
    FramePlan,
    FrameSet,
    Numbering,
    PlannedFrame,
    frame_keys,
    frames_of,
    number_rows,
)
from engine.frames.build import filtered
from engine.frames.not_fusable import NotFusable
from engine.queries.answers import FrameNumbers, place_rows
from engine.spark import plans
from engine.spark.fusion.chain import Chain, stack
from engine.spark.fusion.group_keys import keyed_base
from engine.tenants.ledger import Account, lone_account
from engine.threads import Pending

# Arrow bytes that one shared answer may bring.
MAX_BYTES: Final = 1 << 30


@dataclass(slots=True)
class Asker:
    """The call of calc_metric that asks.

    Attributes:
        run: whose call it is.
        frame: the frame's index.
        step: how many questions the call has asked before.
        context: how long the call can wait.
        queries: queries that were sent on its behalf.
        notes: by whom they were answered; see `QueryContext.notes`.
    """

    run: RunId
    frame: int
    step: int
    context: QueryContext
    queries: int = 0
    notes: list[str] = field(default_factory=list)


def _ignore() -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class FrameSource:
    """The dataset, as queries for many frames read it; of what was made of its rows, see `ResultRows`.

    Attributes:
        session: where they run.
        relation: all rows.
        schema: their type, a struct.
        plan: what the run covers.
        spark: whether the backend is Spark itself, and not only speaks its protocol.
        account: what is kept is taken from it.
        on_disturbed: is told that calls lost time through others, of which no deadline knows.
    """

    session: BackendSession
    relation: pb.Relation
    schema: pb.DataType
    plan: FramePlan
    spark: bool
    account: Account = field(default_factory=lone_account)
    on_disturbed: Callable[[], None] = _ignore
    _names: dict[bytes, tuple[str, ...]] = field(default_factory=dict, init=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(field.name for field in self.schema.struct.fields)

    @property
    def texts(self) -> frozenset[str]:
        """The names of those columns that are text."""
        fields = self.schema.struct.fields
        return frozenset(field.name for field in fields if field.data_type.WhichOneof("kind") == "string")

    @property
    def splits(self) -> bool:
        """Whether there is any frame beside the full data over the whole range."""
        return bool(self.plan.groups or self.plan.windows)

    @property
    def full(self) -> pb.Relation:
        """The rows of the run's whole range."""
        return filtered(self.relation, self.plan.inside)

    @property
    def overall(self) -> pb.Relation:
        """The rows of frame 0; those of `full`, but for a baseline whose windows are others."""
        return filtered(self.relation, self.plan.overall)

    @property
    def keys(self) -> tuple[pb.Expression, ...]:
        """What tells all frames apart."""
        return frame_keys(self.plan)

    def rows_of(self, frame: PlannedFrame) -> pb.Relation:
        """The rows of a frame of a family."""
        return frame.relation(self.relation)

    def numbering(self, frames: FrameSet) -> Numbering | None:
        """One key in place of all `keys`; None if there is none, or no need of it."""
        return number_rows(self.plan, frames)

    def keyed(self, read: pb.Relation, keys: Sequence[tuple[str, pb.Expression]]) -> pb.Relation:
        """The base of a query for all frames; see `keyed_base`.

        Args:
            read: whose place it takes.
            keys: names and values of the key columns.
        """
        return keyed_base(read, self.full, keys)

    def keyed_family(
        self, read: pb.Relation, number: int, family: Family, names: Sequence[str]
    ) -> pb.Relation:
        """The base of a query for the frames of one family.

        Args:
            read: whose place it takes.
            number: the index of the family among those of the run's frames.
            family: the family whose frames are asked about.
            names: of the key columns, of which there are `family_keys`.
        """
        del number
        keys = [(name, self.keys[key]) for name, key in zip(names, family.keys, strict=True)]
        return keyed_base(read, filtered(self.full, family.inside), keys)

    def family_keys(self, family: Family) -> int:
        """How many key columns tell the frames of a family apart."""
        return len(family.keys)

    def frames_in(self, family: Family, keys: Sequence[pa.Array], count: int) -> FrameNumbers:
        """The frame of a family that each row of an answer by `keyed_family` is in, -1 if none."""
        return frames_of(family, keys) if keys else np.full(count, family.frames[()], np.int64)

    def place(self, number: int, family: Family, keys: Sequence[pa.Array], count: int) -> FrameNumbers:
        """The frame of a family that each row of an answer by `keyed` is in, -1 if none.

        Args:
            number: the index of the family among those of the run's frames.
            family: the family whose frames are asked about.
            keys: the columns of all `keys`.
            count: how many rows there are.
        """
        del number
        return place_rows(family, keys, count)

    def packed(self, keys: Sequence[pa.Array]) -> Sequence[pa.Array]:
        """Keys of many rows in the form in which the rows are placed fastest.

        Of keys in dictionary form each family looks at the different values only; null is one of them.
        """
        return [pc.dictionary_encode(key, null_encoding="encode") for key in keys]

    def fetch(
        self,
        relation: pb.Relation,
        asker: Asker,
        *,
        base: pb.Relation,
        most_bytes: int = MAX_BYTES,
        unordered: bool = False,
    ) -> Fetched:
        """Run a shared query, in half of the time that its asker has.

        Args:
            relation: the query.
            asker: the call that asks, whose time is used.
            base: the only part of it that may read anything; an alias as `keyed_base` makes it.
            most_bytes: Arrow bytes that it may bring.
            unordered: whether the order of the rows means nothing.

        Raises:
            NotFusable: it failed, took too long, or gave too much.
            BackendLost, Interrupted: as `BackendSession.execute`.
        """
        plans.check_bound(relation, base.subquery_alias.input)
        with asking(asker) as context:
            return fetch(
                self.session,
                relation,
                context.unordered() if unordered else context,
                most_bytes=most_bytes,
                account=self.account,
            )

    def type_of(self, relation: pb.Relation, asker: Asker) -> pb.DataType:
        """The type of a guest's plan over the full frame, which is that over every frame.

        Raises:
            NotFusable, BackendLost, Interrupted: as `fetch`.
        """
        request = pb.AnalyzePlanRequest()
        bound = plans.bind(relation, frame=self.full, views={}, scope=fresh_scope())
        request.schema.plan.root.CopyFrom(bound)
        with asking(asker) as context:
            answer = self.session.analyze(request, context)
        return answer.schema.schema

    def columns_after(self, chain: Chain, steps: int, asker: Asker) -> tuple[str, ...]:
        """The names of a guest's columns after the first steps of a chain; asked once.

        Raises:
            NotFusable, BackendLost, Interrupted: as `fetch`.
        """
        if steps == 0:
            return self.columns
        part = stack(chain.read, chain.steps[:steps])
        key = plans.canonical(part)
        if key not in self._names:
            self._names[key] = tuple(field.name for field in self.type_of(part, asker).struct.fields)
        return self._names[key]


class SchemaProbe:
    """The type of a plan, asked on the side while the shared query runs."""

    def __init__(self, source: FrameSource, relation: pb.Relation, asker: Asker) -> None:
        self._asker = Asker(asker.run, asker.frame, asker.step, asker.context)
        self._into = asker
        self._schema = Pending(lambda: source.type_of(relation, self._asker), "calcmetric-schema")

    def result(self) -> pb.DataType:
        """Wait for it.

        Raises:
            NotFusable, BackendLost, Interrupted: as `FrameSource.fetch`.
        """
        context = self._asker.context
        try:
            return self._schema.wait(context)
        finally:
            self._into.queries += self._asker.queries
            self._into.notes += self._asker.notes


def fresh_scope() -> str:
    """What makes a bound plan's references unique; see `plans.bind`.

    Made anew for each plan: they are names of the whole backend session while a plan is planned, and the
    calls and the metrics of `evaluate_many` have one session, as has whoever else uses a caller's own.
    """
    return uuid.uuid4().hex


@contextmanager
def asking(asker: Asker) -> Iterator[QueryContext]:
    """Ask a shared query, under the context that is given: for half of the time that its asker has.

    That it fails is no reason for a frame to fail: each then asks for itself.

    Raises:
        NotFusable: it failed, took too long, or gave too much.
        BackendLost, Interrupted: as `BackendSession.execute`.
    """
    asker.queries += 1
    try:
        yield asker.context.half().told(asker.notes.append)
    except BackendLost as lost:
        if lost.by_this_query:
            raise NotFusable("the server died of the shared query") from None
        raise
    except BackendError as error:
        raise NotFusable(f"the shared query failed ({error.condition or 'without a condition'})") from None
    except TableTooLarge:
        raise NotFusable("more rows than are kept in memory") from None
    except Interrupted:
        asker.context.check()
        raise NotFusable("the shared query took more than half of the time of a frame") from None
