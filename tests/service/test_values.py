"""Newest values at /metrics: which, to whom, and how many at most."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from docs.tools import dashboard
from engine.service.admission.keyring import create_operator_key, create_values_key, list_keys
from engine.service.app import make_app
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import ModelVersion
from engine.service.telemetry.observe import Telemetry
from engine.service.telemetry.values import NewestValues, newest_values
from tests.service.conftest import connect, make_client, serving
from tests.service.databases import BOTH
from tests.service.newest import DAY, NULL, TEXT, add_states, database, fill, result

__all__ = ["database"]  # a fixture


def shown(values: NewestValues) -> dict[tuple[str, str, str], float]:
    """The samples by name, segment and status."""
    return {
        (sample.name, sample.labels.get("segment", ""), sample.labels.get("status", "")): sample.value
        for family in text_string_to_metric_families(values.text().decode())
        for sample in family.samples
    }


@BOTH
def test_the_newest_result_of_each_segment_of_todays_code_is_shown(database: Database) -> None:
    fill(
        database,
        result(0, value=0.1),
        result(1, value=0.2),
        result(1, value=0.3, as_of=DAY + timedelta(days=3)),  # calculated once more
        result(1, value=9.9, as_of=DAY + timedelta(days=300)),  # of a clock that has gone back since
        result(5, value=9.9, metric_version_id="v1"),  # of an earlier code
        result(0, "country = D", value=0.4, segment=TEXT),
        result(2, "country = D", value=None, segment=TEXT),
        result(1, value=0.7, name="recall"),
    )
    found, count = newest_values(database, 100)
    assert count == 3
    told = {(one.labels[7], one.labels[9]): (one.status, one.value) for one in found}
    assert told == {("", ""): ("ok", 0.3), ("", "recall"): ("ok", 0.7), ("country = D", ""): ("raised", None)}
    assert found[0].labels == ("a", "w", "fraud", "rate", "k", "d", "period", "", "", "")
    assert found[0].end == DAY + timedelta(days=2)


def test_what_is_no_number_has_no_value_but_a_status(database: Database) -> None:
    label = 'country = D"E\\\n'
    fill(database, result(0, value=0.1), result(0, label, value=None, segment=TEXT))
    told = shown(NewestValues(database, 10))
    assert told["calcmetric_value", "", ""] == 0.1
    assert ("calcmetric_value", label, "") not in told
    assert told["calcmetric_value_state", label, "raised"] == 1
    assert told["calcmetric_value_rows", "", ""] == 10
    assert told["calcmetric_value_end_timestamp_seconds", "", ""] == (DAY + timedelta(days=1)).timestamp()
    assert not [value for value in told.values() if math.isnan(value)]


def test_series_are_capped_all_data_first_and_the_rest_is_told(database: Database) -> None:
    fill(database, *(result(0, f"country = {n}", segment=TEXT) for n in range(5)), result(0, value=0.1))
    told = shown(NewestValues(database, 3))
    assert (
        sum(name == "calcmetric_value" for name, _, _ in told) == 3 and ("calcmetric_value", "", "") in told
    )
    assert told["calcmetric_values_most", "", ""] == 3 and told["calcmetric_values_left_out", "", ""] == 3


def test_segments_that_look_the_same_are_told_apart_or_left_out(database: Database) -> None:
    label = "country = null"
    fill(
        database,
        result(0, label, value=0.1, segment=NULL, segment_key="1"),
        result(0, label, value=0.2, segment=TEXT, segment_key="2"),
        result(0, label, value=0.3, segment=TEXT, segment_key="3"),
    )
    text = NewestValues(database, 10).text().decode()
    lines = [line for line in text.splitlines() if line.startswith("calcmetric_value{")]
    assert len(lines) == len({line.rpartition(" ")[0] for line in lines}) == 2
    assert [float(line.rpartition(" ")[2]) for line in lines] == [0.1, 0.2]
    assert "calcmetric_values_left_out 1.0" in text


@BOTH
def test_states_of_rules_are_shown_crossed_ones_first_and_capped(database: Database) -> None:
    fill(database)
    add_states(database, ("", "ok"), ("a", "no_data"), ("b", "crossed"))
    text = NewestValues(database, 2).text().decode()
    found = [
        (sample.labels["segment"], sample.labels["segment_type"], sample.labels["state"], sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "calcmetric_rule_state"
    ]
    assert found == [("b", "string", "crossed", 1), ("", "", "ok", 1)]
    assert "calcmetric_rule_states_left_out 1.0" in text and "h.example" not in text
    with database.session() as session:
        session.execute(sa.update(ModelVersion).values(is_active=False))
    assert "calcmetric_rule_state{" not in NewestValues(database, 10).text().decode(), (
        "it is not watched any more"
    )


def test_values_are_looked_up_seldom(database: Database) -> None:
    clock = [0.0]
    fill(database, result(0, value=0.1))
    values = NewestValues(database, 10, lambda: clock[0])
    first = values.text()
    with database.session() as session:
        session.add(result(1, value=0.2))
    assert values.text() == first
    clock[0] = 60.0
    assert b" 0.2" in values.text() != first


def asked(http: httpx.Client, key: str) -> httpx.Response:
    return http.get("/metrics", headers={"Authorization": f"Bearer {key}"})


def test_values_are_off_unless_the_operator_wants_them(http, client, settings):
    key = create_values_key(settings.database)
    refused = asked(http, key)
    assert refused.status_code == 403 and "this service shows no values" in refused.text
    assert Settings().values is None


def test_a_key_for_values_opens_nothing_else_and_no_other_key_shows_values(settings, engine):
    app = make_app(replace(settings, values=10), engine=engine)
    with serving(app) as url, connect(url) as http:
        check_keys(http, settings)


def check_keys(http: httpx.Client, settings: Settings) -> None:
    client = make_client(http, settings)
    key, operator = create_values_key(settings.database), create_operator_key(settings.database)
    text = asked(http, key).text
    assert "calcmetric_values_most 10.0" in text and "calcmetric_account_" not in text
    assert "calcmetric_values_most" not in asked(http, operator).text + http.get("/metrics").text
    assert asked(http, client.key).status_code == 403
    for account in ("acme", ".", "%20"):
        path = f"/api/v1/{account}/values/models"
        answer = http.get(path, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code in (403, 404)
    assert ("", "values") in {(one.account, one.workspace) for one in list_keys(settings.database)}


def test_the_dashboard_is_current_and_asks_for_what_there_is(database: Database) -> None:
    pytest.importorskip("grafana_foundation_sdk")
    assert dashboard.FILE.read_text() == dashboard.dashboard(), "run: python -m docs.tools.dashboard"
    fill(database, result(0, value=0.1))
    told = NewestValues(database, 10).text() + Telemetry().text()
    names = {family.name for family in text_string_to_metric_families(told.decode())}
    asked_for = set(re.findall(r"calcmetric_\w+", dashboard.FILE.read_text()))
    assert len(asked_for) > 6 and {one.removesuffix("_total") for one in asked_for} <= names
