"""Names that Spark reads as questions about its server, unless a column has them."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.plans import parse_request
from engine.spark.plans.requests import Fetch
from sandbox.contract.framing import Method
from tests.spark.plans.hostile import Build
from tests.spark.plans.offline import placeholder, request

NAMES = ["user", "current_user", "session_user", "current_database", "current_schema", "current_catalog"]


def _selecting(name: str) -> bytes:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    relation.project.expressions.add().unresolved_attribute.unparsed_identifier = name
    return request(relation)


@pytest.mark.parametrize(
    "name", [*NAMES, "current_path", "`user`", "USER", "`Current_User`", "u\u017fer", "current_u\u017fer"]
)
def test_a_bare_name_that_tells_about_the_server_is_refused(name: str) -> None:
    with pytest.raises(PlanRefused, match="another name") as refusal:
        parse_request(Method.EXECUTE, _selecting(name), columns=frozenset({"id", "user_id"}))
    assert refusal.value.code == "server-name"


@pytest.mark.parametrize("name", [*NAMES, "`user`", "USER"])
def test_a_column_of_the_frame_may_have_such_a_name(name: str) -> None:
    columns = frozenset({name.strip("`").title()})
    parsed = parse_request(Method.EXECUTE, _selecting(name), columns=columns)
    assert isinstance(parsed, Fetch)
    assert parsed.relation.project.expressions[0].unresolved_attribute.unparsed_identifier == name


@pytest.mark.parametrize("name", ["df.user", "s.current_user", "user.name", "user_id", "current_date", "now"])
def test_other_names_pass(name: str) -> None:
    parse_request(Method.EXECUTE, _selecting(name))


def test_hidden_columns_are_refused_even_if_the_frame_has_them() -> None:
    with pytest.raises(PlanRefused) as refusal:
        parse_request(Method.EXECUTE, _selecting("_metadata"), columns=frozenset({"_metadata"}))
    assert refusal.value.code == "hidden-column"


def _repeated(relation: str, field: str) -> Build:
    def build(message: pb.Relation) -> None:
        body = getattr(message, relation)
        place = body.left if hasattr(body, "left") else body.input
        place.CopyFrom(placeholder())
        getattr(body, field).append("user")

    return build


def _single(relation: str, field: str) -> Build:
    def build(message: pb.Relation) -> None:
        body = getattr(message, relation)
        body.input.CopyFrom(placeholder())
        setattr(body, field, "user")

    return build


def _expression(path: str) -> Build:
    def build(message: pb.Relation) -> None:
        message.project.input.CopyFrom(placeholder())
        kind, field = path.split(".")
        body = getattr(message.project.expressions.add(), kind)
        if field == "name_parts":
            body.name_parts.append("user")
        else:
            setattr(body, field, "user")

    return build


PLACES: dict[str, Build] = {
    "join": _repeated("join", "using_columns"),
    "asof join": _repeated("as_of_join", "using_columns"),
    "dropDuplicates": _repeated("deduplicate", "column_names"),
    "drop": _repeated("drop", "column_names"),
    "fillna": _repeated("fill_na", "cols"),
    "dropna": _repeated("drop_na", "cols"),
    "replace": _repeated("replace", "cols"),
    "describe": _repeated("describe", "cols"),
    "approxQuantile": _repeated("approx_quantile", "cols"),
    "freqItems": _repeated("freq_items", "cols"),
    "crosstab": _single("crosstab", "col1"),
    "cov": _single("cov", "col2"),
    "corr": _single("corr", "col1"),
    "colRegex": _expression("unresolved_regex.col_name"),
    "text": _expression("expression_string.expression"),
}


@pytest.mark.parametrize("place", PLACES)
def test_names_given_as_text_are_looked_at_too(place: str) -> None:
    relation = pb.Relation()
    PLACES[place](relation)
    with pytest.raises(PlanRefused) as refusal:
        parse_request(Method.EXECUTE, request(relation))
    assert refusal.value.code == "server-name"
    parse_request(Method.EXECUTE, request(relation), columns=frozenset({"user"}))


TEXTS = ["`u\u017fer`", "max(`\u017fession_user`)", "current_u\u017fer", "`current_databa\u017fe`"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_folded_as_java_does(text: str) -> None:
    relation = pb.Relation()
    relation.filter.input.CopyFrom(placeholder())
    relation.filter.condition.expression_string.expression = text
    with pytest.raises(PlanRefused):
        parse_request(Method.EXECUTE, request(relation), columns=frozenset({"id", "user_id"}))


def test_a_new_column_may_be_called_so() -> None:
    relation = pb.Relation()
    relation.to_df.input.CopyFrom(placeholder())
    relation.to_df.column_names.append("user")
    parse_request(Method.EXECUTE, request(relation))
