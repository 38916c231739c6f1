"""The session that tries natively first: Java starts when it is needed; what fails is asked of Spark."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyspark.sql.connect.proto as pb
import pytest

from engine import Dataset, SegmentGroup
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.native.backend import NativeSpark
from engine.backends.spark.backend import LocalSpark
from engine.context import UNBOUNDED, QueryContext
from engine.errors import BackendError, BackendStartError, EngineClosed, Interrupted
from engine.threads import Pending
from tests.servers import engine_on
from tests.spark.native.conftest import Tables
from tests.spark.native.plans import NATIVE, SPARKS
from tests.spark.native.stand_ins import CountingSession, FakeSpark, plan_of

EXAMPLES = Path(__file__).parents[3] / "examples"


class FailingDuckDb:
    """A process that cannot be asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.ended: list[str] = []

    def server(self, context: QueryContext = UNBOUNDED) -> Any:
        raise self.error


def session_on(error: Exception) -> tuple[CountingSession, FakeSpark]:
    spark: Any = FakeSpark()
    duckdb: Any = FailingDuckDb(error)
    return CountingSession(NativeSpark(spark, duckdb)), spark


@pytest.mark.parametrize(
    "error",
    [
        BackendError("overflow", exception="duckdb.ConversionException"),
        BackendStartError("no"),
        Interrupted("deadline"),
    ],
)
def test_what_fails_natively_is_asked_of_spark(error: Exception, hostile: Tables) -> None:
    session, spark = session_on(error)
    assert list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED)) == []
    assert spark.asked == ["start", "execute"]
    assert "" not in session.answered


def test_a_cancelled_question_is_asked_of_nobody_else(hostile: Tables) -> None:
    session, spark = session_on(Interrupted("cancelled"))
    with pytest.raises(Interrupted):
        list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    assert spark.asked == []


def test_types_are_told_without_asking_anybody(hostile: Tables, edges: Tables) -> None:
    session, spark = session_on(BackendError("never asked"))
    request = pb.AnalyzePlanRequest()
    request.schema.plan.root.CopyFrom(hostile.plan(NATIVE["average"]))
    assert session.analyze(request, UNBOUNDED).schema.schema.struct.fields[0].name == "avg(y)"
    assert spark.asked == []
    request.schema.plan.root.CopyFrom(edges.plan(SPARKS["a function that is not known"]))
    session.analyze(request, UNBOUNDED)
    assert spark.asked == ["start", "analyze"]


def test_what_was_lost_is_asked_of_spark_alone(hostile: Tables) -> None:
    session, spark = session_on(BackendError("never asked"))
    list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED.isolate()))
    assert spark.asked == ["start", "execute"]
    session.close()
    assert spark.asked[-1] == "close"


class SharedSpark(FakeSpark):
    """Spark that tells who is at work, and has another place for a tenant that was sent away."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work: set[str] = set()
        self.elsewhere = FakeSpark()

    def heard(self, tenant: str) -> None:
        self.at_work.add(tenant)

    def place_of(self, tenant: str) -> FakeSpark:
        return self.elsewhere if tenant == "evil" else self

    def open_session(self, tenant: str = "") -> FakeSpark:
        return self.place_of(tenant)


def test_who_was_sent_away_starts_no_server_of_the_others_and_these_are_known(hostile: Tables) -> None:
    spark: Any = SharedSpark()
    duckdb: Any = FailingDuckDb(BackendError("overflow"))
    backend = NativeSpark(spark, duckdb)
    for tenant in ("good", "evil"):
        list(backend.open_session(tenant).execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED))
    assert spark.at_work == {"good", "evil"}
    assert spark.asked == spark.elsewhere.asked == ["start", "execute"]


class SlowSpark(FakeSpark):
    """Spark that opens no session until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.opening, self.go_on = threading.Event(), threading.Event()

    def open_session(self, tenant: str = "") -> FakeSpark:
        self.opening.set()
        assert self.go_on.wait(60)
        return self


def test_a_session_that_spark_is_slow_to_open_holds_nothing_else_up(hostile: Tables) -> None:
    spark: Any = SlowSpark()
    duckdb: Any = FailingDuckDb(BackendError("never asked"))
    session = NativeSpark(spark, duckdb).open_session()
    asking = Pending(
        lambda: list(session.execute(plan_of(hostile.plan(NATIVE["average"])), UNBOUNDED)), "asking"
    )
    assert spark.opening.wait(60)
    looking = Pending(lambda: (session.disturbed, session.close()), "looking")
    assert looking.done.wait(60), "it waits for the session on Spark"
    spark.go_on.set()
    with pytest.raises(EngineClosed):
        asking.wait()
    assert spark.asked == ["start", "close"], "what was opened for a closed session is released"


def test_a_run_over_segments_starts_no_java(
    data_dir: Path, spool_dir: Path, shared_options: Mapping[str, Any]
) -> None:
    folder = data_dir / "native-run"
    folder.mkdir()
    (folder / "payments.parquet").write_bytes((EXAMPLES / "payments.parquet").read_bytes())
    backend = NativeSpark(LocalSpark((data_dir,), spool_dir), LocalDuckDb((data_dir,), spool_dir))
    source = "def calc_metric(df):\n    return df.filter('age > 30').agg({'score': 'avg'}).collect()[0][0]\n"
    try:
        with engine_on(backend, **shared_options) as engine:
            run = engine.evaluate(
                source,
                Dataset(folder / "payments.parquet", timestamp="ts"),
                segments=[SegmentGroup.by_value("country"), SegmentGroup.by_buckets("age", [20, 40, 60])],
            )
            apart = engine.evaluate(
                source,
                Dataset(folder / "payments.parquet"),
                segments=[SegmentGroup.by_value("plan")],
                fuse=False,
            )
    finally:
        backend.close()
    for one in (run, apart):
        assert {result.status for result in one.results} == {"ok"}
        assert [answered.by for answered in one.report.answered] == ["native"]
    assert run.overall.value == pytest.approx(apart.overall.value)
    assert backend.spark.generation is None
