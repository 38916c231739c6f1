"""Queries for many frames at once, and what the direct plan's answer looks like."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import pyspark.sql.connect.proto as pb

from engine import plans
from engine.backends.base import BackendSession
from engine.backends.tables import Fetched, TooLarge, fetch
from engine.errors import BackendError, BackendLost, Interrupted
from engine.frames import FramePlan
from engine.frames.build import filtered
from engine.fusion.chain import Chain, stack
from engine.fusion.unfused import Unfused
from engine.ledger import Account, lone_account
from engine.sharing.once import Patience
from engine.threads import Pending

# Arrow bytes that one shared answer may bring.
MAX_BYTES: Final = 1 << 30


@dataclass(slots=True)
class Asker:
    """The call of calc_metric that asks.

    Attributes:
        run: whose call it is; equal for the calls of one run.
        frame: the frame's index.
        step: how many questions the call has asked before.
        patience: how long the call can wait.
        queries: queries that were sent on its behalf.
        notes: by whom they were answered; see `BackendSession.told`.
    """

    run: object
    frame: int
    step: int
    patience: Patience
    queries: int = 0
    notes: list[str] = field(default_factory=list)


def _ignore() -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Source:
    """The dataset, as queries for many frames read it.

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
    _names: dict[bytes, tuple[str, ...]] = field(default_factory=dict)

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
            asker: who asks.
            base: the only part of it that may read anything; an alias as `keyed_base` makes it.
            most_bytes: Arrow bytes that it may bring.
            unordered: whether the order of the rows means nothing.

        Raises:
            Unfused: it failed, took too long, or gave too much.
            BackendLost, Interrupted: as `BackendSession.execute`.
        """
        plans.check_bound(relation, base.subquery_alias.input)
        patience = asker.patience.half()
        asker.queries += 1
        with _as_unfused(asker.patience):
            return fetch(
                self.session.told(asker.notes.append),
                relation,
                deadline=patience.deadline,
                cancel=patience.cancel,
                most_bytes=most_bytes,
                account=self.account,
                unordered=unordered,
            )

    def type_of(self, relation: pb.Relation, asker: Asker) -> pb.DataType:
        """The type of a guest's plan over the full frame, which is that over every frame.

        Raises:
            Unfused, BackendLost, Interrupted: as `fetch`.
        """
        request = pb.AnalyzePlanRequest()
        bound = plans.bind(relation, frame=self.full, views={}, scope=fresh_scope())
        request.schema.plan.root.CopyFrom(bound)
        patience = asker.patience.half()
        asker.queries += 1
        with _as_unfused(asker.patience):
            session = self.session.told(asker.notes.append)
            answer = session.analyze(request, deadline=patience.deadline, cancel=patience.cancel)
        return answer.schema.schema

    def columns_after(self, chain: Chain, steps: int, asker: Asker) -> tuple[str, ...]:
        """The names of a guest's columns after the first steps of a chain; asked once.

        Raises:
            Unfused, BackendLost, Interrupted: as `fetch`.
        """
        if steps == 0:
            return self.columns
        part = stack(chain.read, chain.steps[:steps])
        key = plans.canonical(part)
        if key not in self._names:
            self._names[key] = tuple(field.name for field in self.type_of(part, asker).struct.fields)
        return self._names[key]


class Aside:
    """The type of a plan, asked on the side while the shared query runs."""

    def __init__(self, source: Source, relation: pb.Relation, asker: Asker) -> None:
        self._asker = Asker(asker.run, asker.frame, asker.step, asker.patience)
        self._into = asker
        self._schema = Pending(lambda: source.type_of(relation, self._asker), "calcmetric-schema")

    def result(self) -> pb.DataType:
        """Wait for it.

        Raises:
            Unfused, BackendLost, Interrupted: as `Source.fetch`.
        """
        patience = self._asker.patience
        try:
            return self._schema.wait(patience.deadline, patience.cancel)
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
def _as_unfused(patience: Patience) -> Iterator[None]:
    """A shared query that fails is no reason for a frame to fail: each then asks for itself."""
    try:
        yield
    except BackendLost as lost:
        if lost.alone:
            raise Unfused("the server died of the shared query") from None
        raise
    except BackendError as error:
        raise Unfused(f"the shared query failed ({error.condition or 'without a condition'})") from None
    except TooLarge:
        raise Unfused("more rows than are kept in memory") from None
    except Interrupted:
        patience.check()
        raise Unfused("the shared query took more than half of the time of a frame") from None
