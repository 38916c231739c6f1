"""Queries: by version, stage, time and segment, of code and of built-in metrics, stored or calculated now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from engine.service.aporia.asking import member_of
from engine.service.store.tables import StoredResult
from tests.service.conftest import make_client

COUNT = "def calc_metric(df):\n    return float(df.count())\n"
NAMED = "def calc_metric(df) -> dict[str, float]:\n    return {'a': float(df.count()), 'b': float('nan')}\n"
FAILS = "def calc_metric(df):\n    return df.count() / 0\n"


class Asker:
    """Asks for metrics of one model, as `AporiaMetrics` does."""

    def __init__(self, elsewhere: Callable[..., Any], model: str) -> None:
        self.elsewhere, self.model = elsewhere, model

    def __call__(self, *metrics: dict[str, Any]) -> list[dict[str, Any]]:
        body = {"model_id": self.model, "metrics": [{**one, "id": str(n)} for n, one in enumerate(metrics)]}
        answer = self.elsewhere("metrics-reducer", "POST", "/query", json=body)
        assert answer.status_code == 200, answer.text
        found = {int(one["id"]): one for entry in answer.json() for one in entry["metrics"]}
        return [found[place] for place in range(len(metrics))]


def asked(
    name: str = "code",
    *,
    time: tuple[datetime, datetime] | None = None,
    segment: tuple[str, str] | None = None,
    version: str | None = None,
    stage: str = "serving",
    baseline: dict[str, Any] | None = None,
    **parameters: Any,
) -> dict[str, Any]:
    span = None if time is None else {"start": time[0].isoformat(), "end": time[1].isoformat()}
    of = None if segment is None else {"id": segment[0], "value": segment[1]}
    data = {"dataset_type": stage, "time_range": span, "model_version": version, "segment": of}
    datasets = {"data": data} | ({} if baseline is None else {"baseline": baseline})
    return {"metric": name, "parameters": parameters, "datasets": datasets}


@pytest.fixture
def model(client, payments):
    return client.model(payments)


@pytest.fixture
def ask(elsewhere, model):
    return Asker(elsewhere, model[0])


@pytest.fixture(scope="module")
def rows(payments):
    return pq.read_table(payments)


def values(answers: list[dict[str, Any]]) -> list[float]:
    assert [one["error"] for one in answers] == [None] * len(answers)
    return [one["value"] for one in answers]


def between(rows: pa.Table, start: datetime, end: datetime, country: str | None = None) -> pa.Table:
    inside = pc.and_(pc.greater_equal(rows["ts"], start), pc.less(rows["ts"], end))
    inside = inside if country is None else pc.and_(inside, pc.equal(rows["country"], country))
    return rows.filter(inside)


def midnight(days_ago: int) -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


def test_a_code_by_time_and_segment(client, ask, model, rows):
    metric = client.metric(model[0], COUNT)

    def segment(**spelled: Any) -> str:
        body = {"model_id": model[0], "name": "s", **spelled}
        return str(client.ok("POST", "/data-segments", json=body)["id"])

    country = segment(field_name="country", values=["DE"])
    ages = segment(field_name="age", values=[20, 30, 40])
    groups = segment(terms_values=[["age < 30", "young"], ["age >= 30", "old"]])
    top = client.ok("POST", "/data-segments", json={"model_id": model[0], "by": "country"})["id"]
    span = (midnight(5), midnight(3) + timedelta(hours=7))
    inside = between(rows, *span)
    young = inside.filter(pc.less(inside["age"], 30)).num_rows
    thirties = inside.filter(
        pc.and_(pc.greater_equal(inside["age"], 30), pc.less(inside["age"], 40))
    ).num_rows
    found = ask(
        asked(id=metric, time=span),
        asked(id=metric, time=span, segment=(country, "DE")),
        asked(id=metric, time=span, segment=(ages, "30.0")),
        asked(id=metric, time=span, segment=(ages, "30")),
        asked(id=metric, time=span, segment=(groups, "young")),
        asked(id=metric, time=span, segment=(top, "FR")),
        asked(id=metric, time=(midnight(5), midnight(4)), version=model[1]),
    )
    assert values(found) == [
        inside.num_rows, between(rows, *span, "DE").num_rows, thirties, thirties, young,
        between(rows, *span, "FR").num_rows, between(rows, midnight(5), midnight(4)).num_rows,
    ]  # fmt: skip
    assert found[1]["segment"] == {"id": country, "value": "DE"} and found[0]["segment"] is None
    wrong = ask(
        asked(id=metric, time=span, segment=(country, "FR")),
        asked(id=metric, time=span, segment=(ages, "40")),
        asked(id=metric, time=span, segment=(groups, "DE")),
        asked(id=metric, time=span, segment=(top, "GB")),
    )
    assert [one["value"] for one in wrong] == [None] * 4
    assert "it has 20, 30" in wrong[1]["error"]["message"] and wrong[3]["error"]["code"] == "no-segment"


def test_what_was_calculated_is_not_calculated_again(client, ask, model, calculated):
    metric = client.metric(model[0], COUNT)
    body = {"model_id": model[0], "name": "g", "terms_values": [["age < 30", "young"]]}
    group = client.ok("POST", "/data-segments", json=body)["id"]
    client.ok("POST", "/data-segments", json={"model_id": model[0], "by": "country"})
    country = client.ok("GET", "/data-segments")[1]["id"]
    with calculated(model[0]).session() as session:  # so that stored numbers are known from calculated ones
        for stored in session.scalars(sa.select(StoredResult)):
            stored.value = (stored.value or 0) + 1_000_000
    day = (midnight(3), midnight(2))
    odd = (midnight(3), midnight(2) + timedelta(hours=1))
    answers = ask(
        asked(id=metric), asked(id=metric, time=day), asked(id=metric, time=day, segment=(country, "DE"))
    )
    assert all(value >= 1_000_000 for value in values(answers))
    # Of what is said by a condition it is not sure that it was the same one.
    fresh = ask(asked(id=metric, time=odd), asked(id=metric, time=day, segment=(group, "young")))
    assert all(value < 1_000_000 for value in values(fresh))


def test_several_numbers_nan_and_failures(client, ask, model):
    named, fails = client.metric(model[0], NAMED), client.metric(model[0], FAILS)
    good, bad, empty = ask(
        asked(id=named),
        asked(id=fails),
        asked("mean", column="age", time=(midnight(900), midnight(899))),
    )
    assert good["value"]["b"] is None and good["value"]["a"] > 0
    assert bad["value"] is None and "ZeroDivisionError" in bad["error"]["message"]
    assert (empty["value"], empty["error"]) == (None, None)


def test_what_makes_no_sense_stops_no_other(client, ask, model, payments):
    metric = client.metric(model[0], COUNT)
    other = client.metric(client.model(payments)[0], COUNT)
    version = client.ok("POST", "/model-versions", json={"model_id": model[0], "name": "empty"})["id"]
    untimed = {"model_id": model[0], "name": "v", "serving_dataset": {"source": str(payments)}}
    answers = ask(
        asked("count"),
        asked(),
        asked(id="nope"),
        asked(id=other),
        asked("nope"),
        asked("custom_metric", id=metric),
        asked("mean"),
        asked("mean", column="nope"),
        asked("mean", column="age", k=3),
        asked("count", column="age"),
        asked("precision", column="age"),
        asked("psi", column="age"),
        asked("count", version="nope"),
        asked("count", version=version),
        asked("count", stage="training"),
        asked("count", segment=("nope", "x")),
        asked("count", time=(midnight(1), midnight(2))),
        asked("count", baseline={"dataset_type": "training"}),
        asked("count", baseline={"dataset_type": "serving"}),
    )
    assert answers[0]["error"] is None and answers[0]["value"] > 0
    assert all(one["error"] and one["value"] is None for one in answers[1:])
    assert answers[4]["error"]["code"] == "not-offered"
    late = client.ok("POST", "/model-versions", json=untimed)["id"]
    several, without = ask(asked("count"), asked("count", version=late, time=(midnight(2), midnight(1))))
    assert "2 active versions" in several["error"]["message"]
    assert "no column of time" in without["error"]["message"]
    assert values(ask(asked("count", version=late))) == [400]


def test_instants_with_two_offsets(client, ask, model, rows):
    """The client adds one to each, whether there is one already or not."""
    body = asked("count", time=(midnight(5), midnight(4)))
    span = body["datasets"]["data"]["time_range"]
    body["datasets"]["data"]["time_range"] = {name: f"{text}+00:00" for name, text in span.items()}
    assert values(ask(body)) == [between(rows, midnight(5), midnight(4)).num_rows]
    body["datasets"]["data"]["time_range"] = {"start": "yesterday", "end": "today"}
    assert ask(body)[0]["error"]["code"] == "unprocessable"


def test_a_query_sees_one_workspace(client, http, settings, ask, model):
    evil = make_client(http, settings, "evil")
    headers = {"Authorization": f"Bearer {evil.key}"}
    body = {"model_id": model[0], "metrics": [{**asked("count"), "id": "0"}]}
    place = "/v1/metrics-reducer/{}/{}/query"
    theirs, mine = place.format("evil", "fraud"), place.format(client.account, client.workspace)
    assert http.post(theirs, json=body, headers=headers).status_code == 404
    assert http.post(mine, json=body, headers=headers).status_code == 403
    assert http.post(theirs, json={**body, "metrics": []}, headers=headers).status_code == 422


def test_numbers_and_times_without_measure(client, http, settings, payments):
    """Each is a problem of its own metric, and no mistake of the service."""
    looks = {"baseline": {"kind": "previous"}}
    model = client.model(payments, **looks)
    shift = client.metric(model[0], "def calc_metric(df, baseline):\n    return float(baseline.count())\n")
    huge = {"model_id": model[0], "by": "age", "values": [10**400, 20]}
    made = client("POST", "/data-segments", json=huge)
    assert made.status_code == 422
    ages = client.ok("POST", "/data-segments", json={**huge, "values": [2**31 - 1, 20]})["id"]
    ever = (datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
    headers = {"Authorization": f"Bearer {client.key}"}
    place = f"/v1/metrics-reducer/{client.account}/{client.workspace}/query"

    def ask(*metrics: dict[str, Any]) -> Any:
        body = {"model_id": model[0], "metrics": [{**one, "id": str(n)} for n, one in enumerate(metrics)]}
        return http.post(place, json=body, headers=headers)

    before = {
        "dataset_type": "serving",
        "time_range": {"start": "1000-01-01T00:00:00Z", "end": "1000-01-02T00:00:00Z"},
    }
    answer = ask(
        asked("count"),
        asked(id=shift, time=ever),
        asked("ks_distance", column="age", time=ever, baseline=before),
        asked("count", segment=(ages, str(2**31 - 1))),
        asked("count", segment=(ages, "20")),
    )
    assert answer.status_code == 200
    found = [one for entry in answer.json() for one in entry["metrics"]]
    [count, *problems, none, some] = sorted(found, key=lambda one: int(one["id"]))
    assert count["value"] > some["value"] > 0 and none["value"] == 0
    assert all("the previous window would begin too early" in one["error"]["message"] for one in problems)
    for name in ("threshold", "quantile", "k"):
        one = asked("precision", column="age")
        one["parameters"][name] = 10**400
        refused = ask(one)
        assert refused.status_code == 422 or refused.json()[0]["metrics"][0]["error"]


def test_the_time_just_before_is_the_calendars(client, elsewhere, model):
    """What is asked for is what is compared with, or refused: of a whole month that is the month before."""
    ask = Asker(elsewhere, model[0])
    march = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))

    def against(start: datetime) -> dict[str, Any]:
        span = {"start": start.isoformat(), "end": march[0].isoformat()}
        return asked("ks_distance", column="age", time=march, baseline={"time_range": span})

    month, days = ask(against(datetime(2026, 2, 1, tzinfo=UTC)), against(march[0] - (march[1] - march[0])))
    assert (month["value"], month["error"]) == (None, None)  # no rows, and no problem
    assert "from 2026-02-01T00:00:00+00:00 to 2026-03-01" in days["error"]["message"]


def test_text_that_is_called_as_null_is_shown():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    null, text = (
        {"group": "c", "value": one, "type": kind} for one, kind in ((None, "null"), ("None", "string"))
    )
    member = member_of({"by": "c"}, "None", now)
    assert member.among([None, null, text]) == text == member.among([text, null])
    assert member.among([null]) == null and member.among([None]) is None
