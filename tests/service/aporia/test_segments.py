"""Data segments in both spellings, over one store."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import UsageError
from engine.service.aporia.segments import definition_of_field, definition_of_terms

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
