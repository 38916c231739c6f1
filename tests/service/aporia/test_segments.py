"""Data segments in both spellings, over one store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import UsageError
from engine.service.aporia.segments import definition_of_field, definition_of_terms
from engine.service.segments import groups_of, names_of
from engine.service.store.tables import DataSegment, StoredResult

METRIC = "def calc_metric(df):\n    return float(df.count())\n"


@pytest.fixture
def model(client, payments):
    return client.model(payments)


def test_values_edges_and_terms(client, elsewhere, model):
    def extended(segment: str) -> Any:
        return elsewhere("crud-service", "GET", f"/data-segments/{segment}").json()

    terms = [["age < 30", "young"], ["age >= 30", "old"]]
    spelled: dict[str, dict[str, Any]] = {
        "countries": {"field_name": "country", "values": ["DE", "FR"]},
        "ages": {"field_name": "age", "values": [20, 30, 40]},
        "groups": {"terms_values": terms},
    }
    made = {}
    for name, body in spelled.items():
        whole = {"name": name, "model_id": model[0], **body, "is_global_filter": name == "ages"}
        made[name] = client.ok("POST", "/data-segments", json=whole)
        assert made[name]["name"] == name and made[name]["health"]["status"] == "good"
    assert (made["countries"]["by"], made["countries"]["values"]) == ("country", ["DE", "FR"])
    assert (made["ages"]["buckets"], made["ages"]["values"]) == ([20, 30, 40], [20, 30, 40])
    assert made["groups"]["values"] == ["young", "old"] and made["groups"]["terms_values"] == terms
    assert made["groups"]["terms"] == {"young": "age < 30", "old": "age >= 30"}
    assert made["groups"]["field_name"] is None
    listed = client.ok("GET", f"/data-segments?is_manually_created=true&model_id={model[0]}")
    assert listed == list(made.values()) == client.ok("GET", f"/data-segments?model_id={model[0]}")
    answer = client.validate(client.metric(model[0], METRIC), model[2])
    labels = [one["segment"]["value"] for one in answer["segments"]]
    assert labels == ["DE", "FR", "[20,30)", "[30,40)", "young", "old"]
    ages, groups = extended(made["ages"]["id"]), extended(made["groups"]["id"])
    assert ages["field"]["type"] == "numeric" and ages["create_composite_segments"]
    assert not ages["is_custom_segment"] and ages["values"] == [20, 30, 40]
    assert groups["field"] is None and groups["is_custom_segment"]
    assert extended(made["countries"]["id"])["field"]["type"] == "categorical"


def test_our_own_segments_are_seen_in_the_other_spelling(client, model):
    ours: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
        ({"by": "country"}, ("country", "country", [], None)),
        ({"by": "age", "buckets": [20, 30], "outer": True}, ("age", "age", [20, 30], None)),
        ({"label": "big", "where": "age > 60"}, ("big", None, ["big"], [["age > 60", "big"]])),
        (
            {"terms": {"a": "age > 1", "b": "age > 2"}},
            ("a | b", None, ["a", "b"], [["age > 1", "a"], ["age > 2", "b"]]),
        ),
    ]
    for body, shown in ours:
        made = client.ok("POST", "/data-segments", json={"model_id": model[0], **body})
        assert {name: made[name] for name in body} == body
        names = ("name", "field_name", "values", "terms_values")
        assert tuple(made[name] for name in names) == shown


def test_a_segment_is_changed(client, model):
    body = {"name": "c", "model_id": model[0], "field_name": "country", "values": ["DE"]}
    made = client.ok("POST", "/data-segments", json=body)
    place = f"/data-segments/{made['id']}"
    assert client.ok("PUT", place, json={"values": ["FR", "DE"]})["values"] == ["FR", "DE"]
    assert client.ok("PUT", place, json={"name": "d", "is_global_filter": True})["values"] == ["FR", "DE"]
    changed = client.ok("PUT", place, json={"terms_values": [["age > 30", "old"]]})
    assert changed["terms"] == {"old": "age > 30"} and "by" not in changed and changed["is_global_filter"]
    assert client.ok("PUT", place, json={"field_name": "age", "values": [1, 99]})["buckets"] == [1, 99]
    assert client.ok("GET", place)["name"] == "d"
    refused: tuple[dict[str, Any], ...] = (
        {"field_name": "nope"},
        {"terms_values": [["age > 1", "x"], ["age > 2", "x"]]},
        {"terms_values": [["age > 1", "x"]], "values": [1, 2]},
        {"terms_values": [["age > 1"]]},
        {"values": []},
        {"terms": {"x": "age > 1"}},
    )
    for wrong in refused:
        assert client("PUT", place, json=wrong).status_code == 422, wrong
    assert client("PUT", "/data-segments/other", json={"name": "x"}).status_code == 404


def test_what_is_no_segment_is_refused(client, model):
    wrong_ones: tuple[dict[str, Any], ...] = (
        {"name": "x"},
        {"field_name": "country", "values": ["DE"]},
        {"name": "x", "field_name": "country"},
        {"name": "x", "field_name": "country", "values": ["DE"], "terms_values": [["age > 1", "a"]]},
        {"name": "x", "by": "country", "terms_values": [["age > 1", "a"]]},
        {"name": "x", "terms_values": [["age > ", "a"]]},
        {"name": "x", "field_name": "nope", "values": ["DE"]},
    )
    for wrong in wrong_ones:
        answer = client("POST", "/data-segments", json={"model_id": model[0], **wrong})
        assert answer.status_code == 422, wrong


@pytest.mark.parametrize(
    ("values", "kind", "shape"),
    [
        ([1, 2], None, "buckets"),
        ([1, 2], "categorical", "values"),
        ([2, 1], None, "values"),
        ([1], None, "values"),
        ([True, False], None, "values"),
        (["a"], "text", "values"),
        ([1], "numeric", "buckets"),
        (["2026-01-01"], "datetime", "buckets"),
    ],
)
def test_the_type_of_a_field_says_what_its_values_are(values, kind, shape):
    assert definition_of_field("f", values, kind) == {"by": "f", shape: values}


def test_terms_of_one_name_are_refused():
    with pytest.raises(UsageError, match="same name"):
        definition_of_terms([["a > 1", "x"], ["a > 2", "x"]])


def test_two_groups_may_use_the_same_labels(client, elsewhere, model, calculated):
    """Each condition keeps its own rows, in results and queries; so does one that is given twice."""

    def make(name: str, edge: int) -> dict[str, Any]:
        terms = [[f"age >= {edge}", "high"], [f"age < {edge}", "low"]]
        body = {"name": name, "model_id": model[0], "terms_values": terms}
        made: dict[str, Any] = client.ok("POST", "/data-segments", json=body)
        return made

    first, second, third, again = make("forty", 40), make("sixty", 60), make("sixty", 65), make("again", 40)
    assert [one.get("group") for one in (first, second, third, again)] == [None, "sixty", third["id"], None]
    for _ in range(2):  # the same values of the same field, too
        body = {"name": "c", "model_id": model[0], "field_name": "country", "values": ["DE"]}
        client.ok("POST", "/data-segments", json=body)
    metric = client.metric(model[0], METRIC)
    edges = {"high": 40, "sixty: high": 60, f"{third['id']}: high": 65}
    tried = client.validate(metric, model[2])
    assert tried["status"] == "success" and len(tried["segments"]) == 3 * 2 + 1
    with calculated(model[0]).session() as session:
        stored = session.scalars(sa.select(StoredResult).where(StoredResult.kind == "retention")).all()
        rows = {one.label: one.value for one in stored}
        assert {rows[label] for label in edges} == set(_rows_from(tried, "high"))
        for one in stored:  # so that stored numbers are known from calculated ones
            one.value = (one.value or 0) + 1_000_000
            one.created_at += timedelta(days=1)
    for segment, label in ((first, "high"), (second, "sixty: high"), (again, "high")):
        body = {"id": "0", "metric": "code", "parameters": {"id": metric}}
        asked = {"dataset_type": "serving", "segment": {"id": segment["id"], "value": "high"}}
        body |= {"datasets": {"data": asked}}
        whole = {"model_id": model[0], "metrics": [body]}
        [answer] = elsewhere("metrics-reducer", "POST", "/query", json=whole).json()
        assert answer["metrics"][0]["value"] == rows[label] + 1_000_000
    # What one of them is called stays, whatever becomes of the others.
    client.ok("DELETE", f"/data-segments/{first['id']}")
    place = f"/data-segments/{second['id']}"
    terms = second["terms_values"]
    assert client.ok("PUT", place, json={"terms_values": terms})["group"] == "sixty"
    assert client.ok("PUT", place, json={"terms_values": [["age > 1", "all"]]})["group"] == "sixty"


def _rows_from(tried: dict[str, Any], value: str) -> list[float]:
    return [one["value"] for one in tried["segments"] if one["segment"]["value"] == value]


def test_names_of_groups_from_before_there_were_names():
    def group(number: int, written: int, **definition: Any) -> DataSegment:
        at = datetime(2026, 1, written, tzinfo=UTC)
        return DataSegment(id=f"s{number}", name=None, definition=definition, created_at=at, changed_at=None)

    groups = [
        group(1, 3, label="big", where="amount > 3"),
        group(2, 1, label="big", where="amount > 1"),
        group(3, 2, terms={"big": "amount > 1", "small": "amount < 1"}),
        group(4, 4, by="big"),
    ]
    assert names_of(groups) == {"s1": "s1"}
    assert groups_of(groups)["s1"].name == "s1" and groups_of(groups)["s2"].name == "big"
