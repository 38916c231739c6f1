"""A guest whose questions really run."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.context import UNBOUNDED
from engine.spark.plans import DefineView, Fetch, RunSql, bind, define_view, parse_request, sql_relation
from sandbox.contract.framing import Method
from tests.spark.plans.corpus import Call
from tests.spark.plans.offline import Offline, request

ROWS = 20


def frame() -> pb.Relation:
    """Ids 0 to 19 with a = id % 4, b = id / 2, c = 'x' or 'y'; of 40 rows half are filtered out."""
    relation = pb.Relation()
    source = relation.filter.input.project
    source.input.range.end = 2 * ROWS
    source.input.range.step = 1
    for text in ("id", "CAST(id % 4 AS INT) AS a", "id / 2.0D AS b", "IF(id % 2 = 0, 'x', 'y') AS c"):
        source.expressions.add().expression_string.expression = text
    relation.filter.condition.expression_string.expression = f"id < {ROWS}"
    return relation


class Guest:
    """One guest on a real server: what it asks is parsed, bound and run as a gateway would."""

    def __init__(self, session: BackendSession) -> None:
        self.session = session
        self.offline = Offline()
        self.views: dict[str, pb.Relation] = {}
        self.queries = 0

    def rows(self, relation: pb.Relation) -> list[dict[str, Any]]:
        parsed = parse_request(Method.EXECUTE, request(relation))
        assert isinstance(parsed, Fetch)
        self.queries += 1
        plan = pb.Plan()
        plan.root.CopyFrom(bind(parsed.relation, frame=frame(), views=self.views, scope=f"q{self.queries}"))
        rows: list[dict[str, Any]] = []
        for response in self.session.execute(plan, UNBOUNDED):
            if response.HasField("arrow_batch"):
                rows += pa.ipc.open_stream(response.arrow_batch.data).read_all().to_pylist()
        return rows

    def run(self, call: Call) -> list[dict[str, Any]]:
        built = call(self.offline.df, self.offline.spark)
        return self.rows(self.offline.plan(built).root)

    def view(self, name: str, call: Call) -> None:
        built = call(self.offline.df, self.offline.spark)
        _, payload = self.offline.ask(lambda: built.createOrReplaceTempView(name))
        parsed = parse_request(Method.EXECUTE, payload)
        assert isinstance(parsed, DefineView)
        self.views[parsed.name] = define_view(parsed, self.views)

    def sql(self, text: str, args: Any = None, **frames: Any) -> pb.Relation:
        _, payload = self.offline.ask(lambda: self.offline.spark.sql(text, args, **frames))
        parsed = parse_request(Method.EXECUTE, payload)
        assert isinstance(parsed, RunSql)
        return sql_relation(parsed, self.views)
