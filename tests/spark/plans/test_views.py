"""Views and spark.sql: what the guest gets back passes again, and nothing else can be read."""

from __future__ import annotations

from typing import Any

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import BackendError, PlanRefused
from engine.spark.plans import (
    DefineView,
    DropView,
    Fetch,
    RunSql,
    ViewExists,
    bind,
    canonical,
    define_view,
    parse_request,
    sql_relation,
)
from engine.spark.plans.caps import FIRST_BOUND_ID, FIRST_VIEW_ID, MAX_PLAN_BYTES, MAX_VIEW_BYTES, MAX_VIEWS
from engine.spark.plans.rebuild import rebuild
from engine.spark.plans.trees import relations, walk, with_plan_ids
from sandbox.contract.framing import Method
from tests.spark.plans.offline import Offline, placeholder, request, some_frame


def _view(offline: Offline, name: str, views: dict[str, pb.Relation], text: str = "a > 1") -> None:
    source = offline.df if not views else offline.spark.table(next(iter(views)))
    _, payload = offline.ask(lambda: source.filter(text).createOrReplaceTempView(name))
    parsed = parse_request(Method.EXECUTE, payload)
    assert isinstance(parsed, DefineView)
    views[parsed.name] = define_view(parsed, views)


def _sql(offline: Offline, views: dict[str, pb.Relation], text: str, **frames: Any) -> pb.Relation:
    _, payload = offline.ask(lambda: offline.spark.sql(text, **frames))
    parsed = parse_request(Method.EXECUTE, payload)
    assert isinstance(parsed, RunSql)
    return sql_relation(parsed, views)


def _texts(relation: pb.Relation) -> list[str]:
    return [here.query for here in walk(relation) if isinstance(here, pb.SQL)]


def _references(relation: pb.Relation) -> list[str]:
    return [
        reference.subquery_alias.alias
        for here in walk(relation)
        if isinstance(here, pb.WithRelations)
        for reference in here.references
    ]


def test_sql_over_a_view_passes_again(offline: Offline) -> None:
    views: dict[str, pb.Relation] = {}
    _view(offline, "Scored", views)
    relation = _sql(offline, views, "SELECT avg(b) FROM SCORED s WHERE s.a > 2")
    assert _texts(relation) == ["WITH `scored` AS (SELECT * FROM _calcmetric_view_0) "
                                "(SELECT avg(b) FROM `scored` s WHERE s.a > 2)"]  # fmt: skip
    parsed = parse_request(Method.EXECUTE, request(relation))
    assert isinstance(parsed, Fetch)
    assert parsed.relation == relation
    assert rebuild(parsed.relation) == relation


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "WITH x AS (SELECT a FROM scored) SELECT * FROM x ORDER BY a",
        "WITH scored AS (SELECT a FROM scored WHERE a > 3) SELECT * FROM scored",
        "SELECT * FROM scored UNION ALL SELECT * FROM scored ORDER BY 1 LIMIT 3",
        "SELECT * FROM scored l JOIN SCORED r ON l.id = r.id;",
        "SELECT /*+ BROADCAST(scored) */ max(a) -- the largest\nFROM scored -- end",
        "SELECT * FROM (SELECT a FROM scored) WHERE a IN (SELECT label FROM scored)",
    ],
)
def test_queries_pass_again(offline: Offline, text: str) -> None:
    views: dict[str, pb.Relation] = {}
    _view(offline, "scored", views)
    relation = _sql(offline, views, text)
    assert rebuild(relation) == relation
    result = bind(relation, frame=some_frame(), views=views, scope="q1")
    assert all(name.startswith("_calcmetric_view_q1_") for name in _references(result))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM customers",
        "SELECT * FROM scored JOIN customers",
        "SELECT * FROM frame",
        "SELECT * FROM _calcmetric_view_0",
        "SELECT * FROM `_calcmetric_view_0`",
        "SELECT * FROM text.`/etc/passwd`",
        "SELECT _metadata.file_path FROM scored",
        "SELECT reflect('java.lang.Runtime', 'getRuntime') FROM scored",
        "DROP TABLE scored",
        "CREATE TEMP VIEW x AS SELECT 1",
        "SET spark.sql.ansi.enabled=false",
        "SELECT 1) SELECT * FROM (SELECT 1",
        "",
    ],
)
def test_queries_are_refused(offline: Offline, text: str) -> None:
    views: dict[str, pb.Relation] = {}
    _view(offline, "scored", views)
    with pytest.raises(PlanRefused):
        _sql(offline, views, text)


def test_formatted_frames_have_equal_forms(offline: Offline) -> None:
    forms = {
        canonical(
            _sql(offline, {}, "SELECT avg({c}) FROM {d} JOIN {e}", d=offline.df, c=offline.df.a, e=other)
        )
        for other in (offline.df.filter("a > 1"), offline.df.filter("a > 1"))
    }
    assert len(forms) == 1


def test_arguments_are_kept(offline: Offline) -> None:
    views = {"v": placeholder()}
    relation = _sql(offline, views, "SELECT * FROM v WHERE a > :least", args={"least": 3})
    assert relation.with_relations.root.sql.named_arguments["least"].literal.integer == 3
    relation = _sql(offline, views, "SELECT * FROM v WHERE a > ? AND c = ?", args=[3, "x"])
    assert [item.literal.integer for item in relation.with_relations.root.sql.pos_arguments] == [3, 0]


def test_view_keeps_its_meaning_when_the_view_in_it_changes(offline: Offline) -> None:
    views: dict[str, pb.Relation] = {}
    _view(offline, "v", views, "a > 1")
    _view(offline, "w", views, "a > 2")
    before = canonical(bind(offline_table(offline, "w"), frame=some_frame(), views=views))
    views["v"] = placeholder()
    assert canonical(bind(offline_table(offline, "w"), frame=some_frame(), views=views)) == before


def test_view_can_be_redefined_over_itself(offline: Offline) -> None:
    views: dict[str, pb.Relation] = {}
    for text in ("a > 1", "a > 2", "a > 3"):
        _view(offline, "v", views, text)
    result = bind(offline_table(offline, "v"), frame=some_frame(), views=views)
    conditions = [item.filter.condition.expression_string.expression for item in relations(result)]
    assert [text for text in conditions if text.startswith("a >")] == ["a > 3", "a > 2", "a > 1"]


def offline_table(offline: Offline, name: str) -> pb.Relation:
    return rebuild(offline.plan(offline.spark.table(name)).root)


def test_view_exists() -> None:
    view = DefineView("v", placeholder(), replace=False)
    views = {"v": define_view(view, {})}
    with pytest.raises(BackendError) as caught:
        define_view(view, views)
    assert caught.value.condition == "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"


def test_views_of_views_are_bounded() -> None:
    views = {"v0": placeholder()}
    with pytest.raises(PlanRefused) as caught:
        for index in range(40):
            relation = pb.Relation()
            for side in (relation.set_op.left_input, relation.set_op.right_input):
                side.read.named_table.unparsed_identifier = f"v{index}"
            views[f"v{index + 1}"] = define_view(DefineView(f"v{index + 1}", relation, True), views)
    assert caught.value.code == "plan-too-large"


def test_plan_ids_inside_views_are_not_the_guests(offline: Offline) -> None:
    views: dict[str, pb.Relation] = {}
    _view(offline, "v", views)
    relation = _sql(offline, views, "SELECT * FROM v")
    assert all(FIRST_VIEW_ID <= here.plan_id < FIRST_BOUND_ID for here in with_plan_ids(relation))


def test_hand_made_references_are_refused() -> None:
    """Names of references decide what SQL text reads; only the engine gives them."""
    for name in ("customers", "_calcmetric_view_", "_calcmetric_view_x", "_calcmetric_view_٣"):
        relation = pb.Relation()
        relation.with_relations.root.sql.query = "SELECT 1"
        alias = relation.with_relations.references.add().subquery_alias
        alias.alias = name
        alias.input.CopyFrom(placeholder())
        with pytest.raises(PlanRefused) as caught:
            parse_request(Method.EXECUTE, request(relation))
        assert caught.value.code == "read-refused"


def test_text_below_something_else_sees_no_references() -> None:
    """Spark resolves references only for text that is itself the root."""
    relation = pb.Relation()
    sql = relation.with_relations.root.limit.input.sql
    sql.query = "SELECT * FROM _calcmetric_view_0"
    alias = relation.with_relations.references.add().subquery_alias
    alias.alias = "_calcmetric_view_0"
    alias.input.CopyFrom(placeholder())
    with pytest.raises(PlanRefused):
        parse_request(Method.EXECUTE, request(relation))


def test_nested_queries_get_different_references(offline: Offline) -> None:
    views: dict[str, pb.Relation] = {}
    _view(offline, "v", views)
    views["w"] = _sql(offline, views, "SELECT * FROM v")
    outer = _sql(offline, views, "SELECT * FROM v JOIN w ON v.id = w.id")
    result = bind(outer, frame=some_frame(), views=views, scope="q7")
    names = _references(result)
    assert len(names) == len(set(names)) == 3


@pytest.mark.parametrize("name", ["a b", "x.y", "frame", "_calcmetric_x", "", "a`", "x" * 200, "é"])
def test_view_names_are_plain_words(name: str) -> None:
    message = pb.ExecutePlanRequest()
    view = message.plan.command.create_dataframe_view
    view.name, view.replace = name, True
    view.input.CopyFrom(placeholder())
    with pytest.raises(PlanRefused) as caught:
        parse_request(Method.EXECUTE, message.SerializeToString())
    assert caught.value.code == "view-refused"


def _holding(size: int) -> pb.Relation:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    for start in range(0, size, 1 << 20):
        relation.project.expressions.add().literal.string = "x" * min(1 << 20, size - start)
    return relation


def _twice(name: str) -> pb.Relation:
    relation = pb.Relation()
    relation.set_op.left_input.read.named_table.unparsed_identifier = name
    relation.set_op.right_input.read.named_table.unparsed_identifier = name
    return relation


def test_views_of_views_do_not_grow_beyond_a_request() -> None:
    views = {"v0": define_view(DefineView("v0", _holding(MAX_PLAN_BYTES // 2 - (1 << 20)), True), {})}
    views["v1"] = define_view(DefineView("v1", _twice("v0"), True), views)
    for refused in (
        lambda: define_view(DefineView("v2", _twice("v1"), True), views),
        lambda: bind(_twice("v1"), frame=some_frame(), views=views),
        lambda: sql_relation(RunSql("SELECT * FROM v0 JOIN v1", (), (), ()), views),
    ):
        with pytest.raises(PlanRefused, match="too large") as caught:
            refused()
        assert caught.value.code == "plan-too-large"


def test_views_of_one_frame_are_bounded_in_number_and_together() -> None:
    many = {f"v{index}": placeholder() for index in range(MAX_VIEWS)}
    with pytest.raises(PlanRefused, match=f"more than {MAX_VIEWS}"):
        define_view(DefineView("one_more", placeholder(), True), many)
    define_view(DefineView("v3", placeholder(), True), many)
    large = _holding(MAX_VIEW_BYTES // 3)
    with pytest.raises(PlanRefused, match="MiB"):
        define_view(DefineView("c", large, True), {"a": large, "b": large})
    define_view(DefineView("b", large, True), {"a": large, "b": large})


def test_views_are_asked_for_and_dropped_by_their_names(offline: Offline) -> None:
    catalog = offline.spark.catalog
    assert parse_request(*offline.ask(lambda: catalog.tableExists("Sales"))) == ViewExists("sales")
    assert parse_request(*offline.ask(lambda: catalog.dropTempView("`Sales`"))) == DropView("sales")


@pytest.mark.parametrize(
    "name", ["a.b", "`a.b`", "Frame", "_calcmetric_view_0", "parquet.`/etc`", "", "x" * 200]
)
def test_names_that_no_view_can_have_are_refused(offline: Offline, name: str) -> None:
    for ask in (offline.spark.catalog.tableExists, offline.spark.catalog.dropTempView):
        with pytest.raises(PlanRefused):
            parse_request(*offline.ask(lambda ask=ask: ask(name)))  # type: ignore[misc]


def test_the_rest_of_the_catalog_is_refused(offline: Offline) -> None:
    elsewhere = pb.ExecutePlanRequest()
    elsewhere.plan.root.catalog.table_exists.table_name = "v"
    elsewhere.plan.root.catalog.table_exists.db_name = "other"
    _, dropped = offline.ask(lambda: offline.spark.catalog.dropGlobalTempView("v"))
    for payload in (elsewhere.SerializeToString(), dropped):
        with pytest.raises(PlanRefused) as caught:
            parse_request(Method.EXECUTE, payload)
        assert caught.value.code == "catalog-refused"
