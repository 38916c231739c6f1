"""On real Spark: checked text gives what the author's own gives, and nothing that passes reads elsewhere."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.base import BackendSession
from engine.backends.spark.backend import LocalSpark
from engine.context import UNBOUNDED
from engine.errors import BackendError, PlanRefused
from engine.spark.text import check_expression, check_query, known_functions
from engine.spark.text.lexer import lex
from tests.spark.text.frame import DATA, FRAME, VIEWS, expressions, queries

pytestmark = [pytest.mark.spark, pytest.mark.slow]

# A view of the same session that no guest was given.
SECRET = "select 'secret' as canary, array(1) as arr, 1 as id"


@pytest.fixture(scope="module")
def session(spark_backend: LocalSpark) -> Iterator[BackendSession]:
    session = spark_backend.open_session()
    for name, text in (("v", FRAME), ("w", "select * from v where id < 3"), ("secret", SECRET)):
        view = pb.CreateDataFrameViewCommand(input=relation(text), name=name, replace=True)
        list(session.execute(pb.Plan(command=pb.Command(create_dataframe_view=view)), UNBOUNDED))
    yield session
    session.close()


def relation(text: str) -> pb.Relation:
    return pb.Relation(common=pb.RelationCommon(plan_id=1), sql=pb.SQL(query=text))


def project(texts: list[str]) -> pb.Relation:
    items = [
        pb.Expression(expression_string=pb.Expression.ExpressionString(expression=text)) for text in texts
    ]
    made = pb.Project(input=relation("select * from v"), expressions=items)
    return pb.Relation(common=pb.RelationCommon(plan_id=2), project=made)


def fetch(session: BackendSession, root: pb.Relation) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """Names and types by Spark's schema, and the columns' values in a form that tells NaN from NaN not."""
    batches, schema = [], None
    for response in session.execute(pb.Plan(root=root), UNBOUNDED):
        if response.HasField("schema"):
            schema = response.schema
        if response.HasField("arrow_batch"):
            batches.extend(pa.ipc.open_stream(response.arrow_batch.data))
    assert schema is not None
    columns = [
        [repr(value) for batch in batches for value in batch.column(index).to_pylist()]
        for index in range(len(schema.struct.fields))
    ]
    return [(field.name, str(field.data_type)) for field in schema.struct.fields], columns


@pytest.mark.parametrize("section", ["values", "aggregates", "windows"])
def test_expressions_give_the_same_names_types_and_values(session: BackendSession, section: str) -> None:
    texts = [text for text in expressions()[section] if text not in ("st.*",)]
    for start in range(0, len(texts), 15):
        group = texts[start : start + 15]
        pairs = [form for text in group for form in (text, check_expression(text))]
        described, columns = fetch(session, project(pairs))
        assert len(described) == len(pairs)
        for index, text in enumerate(group):
            assert described[2 * index] == described[2 * index + 1], text
            assert columns[2 * index] == columns[2 * index + 1], text


@pytest.mark.parametrize("text", [*expressions()["alone"], "st.*"])
def test_expressions_that_stand_alone_give_the_same(session: BackendSession, text: str) -> None:
    assert fetch(session, project([text])) == fetch(session, project([check_expression(text)]))


def test_queries_give_the_same_names_types_and_rows(session: BackendSession) -> None:
    for text in queries():
        names, columns = fetch(session, relation(text))
        checked_names, checked_columns = fetch(session, relation(check_query(text, views=VIEWS).text))
        assert checked_names == names, text
        assert sorted(zip(*checked_columns, strict=True)) == sorted(zip(*columns, strict=True)), text


def test_no_mutation_that_passes_reads_what_it_must_not(session: BackendSession) -> None:
    """Spark itself says what a text reads: neither a view that is not the guest's nor a file."""
    generator = random.Random(20240229)
    words = [*(DATA / "words.txt").read_text(encoding="utf-8").split(), *["secret"] * 20]
    passed = 0
    for _ in range(4_000):
        text = mutate(generator, generator.choice(queries()), words)
        try:
            checked = check_query(text, views=VIEWS)
        except PlanRefused:
            continue
        if checked.text in queries():
            continue
        plan = explain(session, checked.text)
        passed += bool(plan)
        assert "canary" not in plan, text
        assert "/etc/passwd" not in plan or "/etc/passwd" in checked.text, text
        assert "FileScan" not in plan, text
    assert passed > 40


def mutate(generator: random.Random, query: str, words: list[str]) -> str:
    lexemes = [lexeme.text for lexeme in lex(query)]
    for _ in range(generator.randint(1, 3)):
        index = generator.randrange(len(lexemes))
        lexemes[index : index + generator.randint(0, 1)] = [generator.choice(words)]
    return " ".join(lexemes)


def explain(session: BackendSession, text: str) -> str:
    """The analyzed and physical plans of a query; empty if Spark refuses it."""
    modes = pb.AnalyzePlanRequest.Explain
    asked = modes(plan=pb.Plan(root=relation(text)), explain_mode=modes.EXPLAIN_MODE_EXTENDED)
    try:
        return session.analyze(pb.AnalyzePlanRequest(explain=asked), UNBOUNDED).explain.explain_string
    except BackendError:
        return ""


def test_every_function_of_the_server_is_classified(session: BackendSession) -> None:
    _, (names,) = fetch(session, relation("show all functions"))
    registered = {name.strip("'") for name in names}
    assert len(registered) > 500
    assert sorted(registered - known_functions().keys()) == []


@pytest.mark.parametrize(
    "text",
    [
        # What the checks exist for. (`${env:...}` is refused as well, but our own server does not replace it;
        # a cluster's may.)
        """from_json('{}', '{"type":"struct","fields":[{"name":"a","type":"string","nullable":true,"metadata":
           {"EXISTS_DEFAULT":"current_user()","CURRENT_DEFAULT":"1"}}]}').a is not null""",
        "user is not null",
        "reflect('java.lang.Math', 'abs', -1) = '1'",
    ],
)
def test_what_is_refused_would_have_worked(session: BackendSession, text: str) -> None:
    with pytest.raises(PlanRefused):
        check_expression(text)
    _, (values,) = fetch(session, project([text]))
    assert set(values) == {"True"}


def test_xpath_opens_no_external_entity(session: BackendSession) -> None:
    document = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///proc/self/status">]><a>&x;</a>'
    text = check_expression(f"xpath_string('{document}', '/a')")
    _, (values,) = fetch(session, project([text]))
    assert set(values) == {"''"}
