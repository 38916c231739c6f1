"""What Spark itself understands of generated queries that pass: no relation but the frame.

The session has a view for each name that the grammar gives to common table expressions and aliases, with a
canary in it: a name that the checker takes for the guest's own, and Spark for the session's, shows. The whole
way is gone: check, common table expressions for the views, binding, and then Spark's own plans of the text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.base import BackendSession
from engine.backends.spark.backend import LocalSpark
from engine.context import UNBOUNDED
from engine.errors import BackendError, PlanRefused
from engine.spark.plans import RunSql, bind, sql_relation
from engine.spark.text import check_query
from tests.hostile.grammar import OTHERS, VIEWS, Grammar
from tests.hostile.roles import HARMFUL
from tests.hostile.second_reading import read_bound
from tests.spark.plans.offline import placeholder
from tests.spark.text.frame import FRAME

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]

TEXTS = 2_000
_READERS = 3
CANARY = "select 'canary' as canary, array(1) as arr, 1 as id, 2 as x"
# What reads something, and what does something, in Spark's text of a plan.
_READS = re.compile(r"\b(?:FileScan|BatchScan|LogicalRDD|HiveTableRelation|\w+Command)\b|canary")
_CALLS = re.compile(rf"\b(?:{'|'.join(sorted(HARMFUL - {'user', 'version', 'secret', 'identifier'}))})\(")
_MISSING = ("TABLE_OR_VIEW_NOT_FOUND", "UNRESOLVABLE_TABLE_VALUED_FUNCTION", "UNRESOLVED_ROUTINE")


@pytest.fixture(scope="module")
def session(spark_backend: LocalSpark) -> Iterator[BackendSession]:
    opened = spark_backend.open_session()
    for name in (*OTHERS, *VIEWS, "frame", "scored", "S", "ID", "N", "FLAG", "ARR", "ST", "M", "D", "Y"):
        view = pb.CreateDataFrameViewCommand(
            input=_sql(CANARY), name="`" + name.replace("`", "``") + "`", replace=True
        )
        list(opened.execute(pb.Plan(command=pb.Command(create_dataframe_view=view)), UNBOUNDED))
    yield opened
    opened.close()


def _sql(text: str) -> pb.Relation:
    return pb.Relation(common=pb.RelationCommon(plan_id=1), sql=pb.SQL(query=text))


def _explain(session: BackendSession, root: pb.Relation) -> str:
    """Spark's parsed, analysed and physical plans."""
    modes = pb.AnalyzePlanRequest.Explain
    asked = modes(plan=pb.Plan(root=root), explain_mode=modes.EXPLAIN_MODE_EXTENDED)
    return session.analyze(pb.AnalyzePlanRequest(explain=asked), UNBOUNDED).explain.explain_string


def test_the_canary_shows_where_it_is_read(session: BackendSession) -> None:
    for text in (
        "select * from `e``f`",
        "with q as (select 1) select * from t",
        "select (select max(id) from `a.b`)",
    ):
        assert _READS.search(_explain(session, _sql(text))), text


@pytest.mark.parametrize(
    "text",
    [
        # To Spark a table called values, and others after it; sqlglot reads rows of VALUES.
        "with `values` as (select 1 as k) select * from values w, secret",
        "with `values` as (select 1 as k) select * from values abs(null), secret",
        "select * from values (1) as u(i), secret",
    ],
)
def test_what_is_refused_would_have_read_elsewhere(session: BackendSession, text: str) -> None:
    with pytest.raises(PlanRefused):
        check_query(text, views=VIEWS)
    assert _READS.search(_explain(session, _sql(text)))


def _passing() -> Iterator[tuple[str, pb.Relation]]:
    """Texts that pass, and what would be sent for them."""
    draw, frame, views = random.Random(42), _sql(FRAME), dict.fromkeys(VIEWS, placeholder())
    for number in range(TEXTS):
        text = Grammar(draw).text()
        try:
            relation = sql_relation(RunSql(text, (), (), ()), views)
            bound = bind(relation, frame=frame, views=views, scope=f"n{number}")
        except PlanRefused:
            continue
        read_bound(bound, frame)
        yield text, bound


def _check_reading(session: BackendSession, text: str, bound: pb.Relation) -> bool:
    """See what Spark takes a text for; whether it understands it."""
    try:
        plan = _explain(session, bound)
    except BackendError as error:
        assert not error.condition.startswith(_MISSING), (text, error.detail[:300])
        assert not _READS.search(error.detail), (text, error.detail[:2_000])  # it mostly holds the plan
        return False
    assert not _READS.search(plan), (text, plan[:2_000])
    assert not _CALLS.search(plan), (text, plan[:2_000])
    return True


def test_spark_finds_no_relation_but_the_frame_in_what_passes(session: BackendSession) -> None:
    # Spark reads some while the next ones are made.
    with ThreadPoolExecutor(_READERS) as readers:
        asked = [readers.submit(_check_reading, session, *passing) for passing in _passing()]
        understood = [one.result() for one in asked]
    assert len(understood) > TEXTS / 4
    assert sum(understood) > TEXTS / 10
