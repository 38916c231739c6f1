"""What a call's plans are about: its frames, its views, and the settings that it asks under."""

from __future__ import annotations

from dataclasses import replace

import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.errors import PlanRefused
from engine.frames.relations import depends_on_settings, pinned
from engine.queries.asking import fresh_scope
from engine.queries.calls import CallInProgress
from engine.queries.spark.own_settings import TIME_ZONE, Combinations, changed_settings
from engine.spark import plans
from engine.tenants.ledger import Account
from sandbox.contract.settings import BASELINE


class PlanScope:
    """What the names in the plans of one call stand for.

    Attributes:
        frame: the rows of the placeholder.
        baseline: those of the second placeholder; None: the call has one frame.
        views: the temporary views, by their names; they live as long as the call.
        settings: those of the call's own that it has made.
    """

    def __init__(self, state: CallInProgress, account: Account) -> None:
        """Begin without views.

        Args:
            state: the call; what it sets is put into its context.
            account: views are taken from it.
        """
        self.frame = state.call.relation
        self.baseline = state.call.baseline
        self.views: dict[str, pb.Relation] = {}
        self.settings: dict[str, str] = {}
        self._state = state
        self._account = account
        self._view_bytes = 0

    @property
    def zoned(self) -> bool:
        """Whether the call asks in a time zone of its own."""
        return TIME_ZONE in self.settings

    def close(self) -> None:
        """The call has ended."""
        self._account.give(self._view_bytes)
        self._view_bytes = 0

    def keep_view(self, name: str, relation: pb.Relation) -> None:
        """Let a name stand for a plan.

        Raises:
            PlanRefused: there is no room for it.
        """
        size = relation.ByteSize()
        if not self._account.take(size):
            raise PlanRefused(
                "plan-too-large",
                f"there is no room for the view {name!r}: the views and answers of this run take too much",
                "make views of DataFrames that carry less data of their own",
            )
        self._view_bytes += size
        self.views[name] = relation

    def set(self, request: plans.ConfigSet, session: BackendSession, combinations: Combinations) -> None:
        """Ask what follows under other settings.

        Args:
            request: what is set.
            session: asks under them.
            combinations: is told of them.

        Raises:
            PlanRefused: one may not be set, or not any more, or not over these frames.
            BackendError: Spark has no such value.
        """
        settings = changed_settings(self.settings, request)
        if settings == self.settings:
            return
        keys = ", ".join(sorted(dict(request.pairs)))
        if self.views:  # Spark gives a view the meaning that it had when it was made
            raise PlanRefused(
                "config-refused",
                f"spark.conf.set of {keys} is refused while there are temporary views",
                "set it before the views are made, or drop them first",
            )
        call = self._state.call
        frames = [one for one in (call.relation, call.baseline) if one is not None]
        fixed = next(filter(None, map(depends_on_settings, frames)), "")
        if settings and fixed:
            raise PlanRefused(
                "config-refused",
                f"spark.conf.set of {keys} is refused: {fixed}, which would mean something else then",
                "cut segments by values or ranges of a column; or write zones into the expressions, as in "
                "F.from_utc_timestamp(column, zone)",
            )
        combination = tuple(sorted(settings.items()))
        if combination:
            combinations.note(combination)
            session.refuse_settings(combination)
        self._state.context = replace(self._state.context, settings=combination)
        self.frame, *others = [pinned(one) for one in frames] if settings else frames
        self.baseline = others[0] if others else None
        self.settings = settings

    def frames_read(self, relation: pb.Relation) -> frozenset[str]:
        """Which placeholders a plan reads; of a call of one frame nobody need know."""
        return frozenset() if self.baseline is None else plans.frames_read(relation)

    def expanded(self, relation: pb.Relation) -> pb.Relation:
        """A plan with its views in it."""
        return plans.expand_views(relation, self.views, plans.FIRST_VIEW_ID) if self.views else relation

    def bind(self, relation: pb.Relation) -> pb.Relation:
        """A plan over the rows of the frames."""
        baseline, scope = self.baseline, fresh_scope()
        if baseline is None:
            return plans.bind(relation, frame=self.frame, views=self.views, scope=scope)
        relation = plans.expand_views(relation, self.views, plans.FIRST_VIEW_ID)
        if self.frames_read(relation) == {BASELINE}:
            return plans.bind(plans.over_one_frame(relation), frame=baseline, views={}, scope=scope)
        return plans.bind(relation, frame=self.frame, views={}, scope=scope, baseline=baseline)
