"""Stand-ins for what a native session asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyspark.sql.connect.proto as pb

from engine.backends.native.backend import NativeSession, NativeSpark
from engine.context import UNBOUNDED, QueryContext


class FakeSpark:
    """Spark, as far as a native session asks it: it notes that, and answers nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection(self, context: QueryContext = UNBOUNDED) -> None:
        self.asked.append("start")

    def heard(self, tenant: str) -> None:
        """Who is at work matters to nobody here."""

    def place_of(self, tenant: str) -> FakeSpark:
        return self

    def open_session(self, tenant: str = "") -> FakeSpark:
        return self

    def execute(self, plan: pb.Plan, _: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        self.asked.append("execute")
        return iter(())

    def analyze(self, request: pb.AnalyzePlanRequest, _: QueryContext) -> pb.AnalyzePlanResponse:
        self.asked.append("analyze")
        return pb.AnalyzePlanResponse()

    def give_way(self, *, low: bool) -> bool:
        return True

    is_private = None
    is_warming = False

    def close(self) -> None:
        self.asked.append("close")

    disturbed = 0


class CountingSession(NativeSession):
    """A session that counts by whom it was answered, as the report of a run does.

    Attributes:
        answered: how often natively (""), or why not.
    """

    def __init__(self, backend: NativeSpark, tenant: str = "") -> None:
        super().__init__(backend, tenant)
        self.answered: Counter[str] = Counter()

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        return super().execute(plan, context.told(self._count))

    def analyze(self, request: pb.AnalyzePlanRequest, context: QueryContext) -> pb.AnalyzePlanResponse:
        return super().analyze(request, context.told(self._count))

    def _count(self, reason: str) -> None:
        self.answered[reason] += 1


def plan_of(relation: pb.Relation) -> pb.Plan:
    plan = pb.Plan()
    plan.root.CopyFrom(relation)
    return plan
