"""Validation: begun, polled, shared, told again, restarted, cancelled."""

import ast
import builtins
import threading
from typing import Any

import pytest

from engine.service.app import make_app
from engine.service.schemas import ValidateBody
from tests.service.conftest import Client, connect, make_client, serving, write_payments

pytestmark = pytest.mark.spark

COUNT = "def calc_metric(df):\n    print('seen')\n    return float(df.count())\n"
SLOW = """
def calc_metric(df):
    n = 0
    for i in range(4000000000):
        n = n + i
    return n
"""
VALIDATE = "/metrics/code-based-metrics/validate"


@pytest.fixture
def ready(client, payments):
    """A model, its dataset."""
    model, _, dataset = client.model(
        payments, segments=[{"by": "country"}, {"by": "age", "buckets": [20, 40]}]
    )
    return client, model, dataset


def test_the_final_answer_has_everything(ready):
    client, model, dataset = ready
    metric = client.metric(model, COUNT)
    seen: list[Any] = []
    answer = client.validate(metric, dataset, seen=seen)
    assert answer["status"] == "success" and answer["warnings"] == []
    assert seen == sorted(seen) and seen[-1] == answer["progress"] == 100
    # Ten of the twenty days are within the retention.
    assert answer["value"] == answer["result"]["rows"] == pytest.approx(200, abs=2)
    assert answer["printed"] == "seen\n" and answer["seconds"] > 0
    parts = {one["segment"]["value"]: one["value"] for one in answer["segments"]}
    assert set(parts) == {"DE", "FR", "[20,40)"}
    assert parts["DE"] + parts["FR"] == answer["value"]
    assert answer["metric_version"] == 1
    assert client.validate(metric, dataset) == answer


@pytest.mark.parametrize(
    ("expression", "code", "line"),
    [
        pytest.param("df.agg({'aeg': 'avg'}).first()[0]", "raised", 2, marks=pytest.mark.slow),
        ("[1]", "returned-collection", None),
    ],
)
def test_a_metric_that_fails_says_where(ready, expression, code, line):
    client, model, dataset = ready
    answer = client.validate(
        client.metric(model, f"def calc_metric(df):\n    return {expression}\n"), dataset
    )
    assert (answer["status"], answer["value"]) == ("failed", None)
    assert (answer["error"]["code"], answer["error"]["line"]) == (code, line)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("n = df.count()\n    return 1.0 if n > 1 else 'one'", "breaks-on-one-row"),
        ("return 1.0 if df.count() else 'none'", "breaks-without-rows"),
        pytest.param("return float(df.first()['age'])", "breaks-without-rows", marks=pytest.mark.slow),
        ("return 1.0 / df.groupBy('age').count().toPandas()['count'].iloc[0]", "breaks-without-rows"),
        pytest.param(
            "ages = df.toPandas()['age']\n    return 1.0 / float(len(ages) - 1)",
            "breaks-on-one-row",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_small_frames_are_tried_too(ready, body, code):
    client, model, dataset = ready
    answer = client.validate(client.metric(model, f"def calc_metric(df):\n    {body}\n"), dataset)
    assert answer["status"] == "success"
    [warning] = [warning for warning in answer["warnings"] if warning["code"] == code]
    assert warning["message"] and warning["hint"]
    assert warning["line"] == (body.count("\n") + 2 if "raised" in warning["message"] else None)


def test_it_is_made_again_only_when_code_or_data_change_or_it_is_asked_for(ready, payments, tmp_path, app):
    client, model, _ = ready
    own = payments.parent / f"{tmp_path.name}.parquet"
    write_payments(own)
    body = {"model_id": model, "name": "v2", "serving_dataset": {"source": str(own)}}
    dataset = client.ok("POST", "/model-versions", json=body)["serving_dataset"]["id"]
    metric = client.metric(model, COUNT)
    counter = app.state.service.telemetry.validations.labels("success")

    def ended():
        return counter._value.get()

    first = client.validate(metric, dataset)
    assert (client.validate(metric, dataset), ended()) == (first, 1)
    assert client.validate(metric, dataset, restart=True)["value"] == first["value"] == 400
    assert ended() == 2
    own.touch()
    again = client.validate(metric, dataset)
    assert (again["value"], ended()) == (400, 3), again
    code = COUNT.replace("float(", "-float(")
    client.ok("PUT", f"/metrics/code-based-metrics/{metric}", json={"code": code})
    answer = client.validate(metric, dataset)
    assert (answer["value"], answer["metric_version"], ended()) == (-400, 2, 4)


def test_what_a_poll_saw_pending_answers_for_nothing_newer(ready):
    client, model, dataset = ready
    metric = client.metric(model, SLOW)
    body = ValidateBody(metric_id=metric, dataset_id=dataset, restart=True).model_dump()
    assert client.ok("POST", VALIDATE, json=body)["status"] == "pending"
    client.ok("DELETE", VALIDATE, params={"metric_id": metric, "dataset_id": dataset})
    assert client.ok("POST", VALIDATE, json=body)["error"]["code"] == "cancelled"
    client.ok("PUT", f"/metrics/code-based-metrics/{metric}", json={"code": COUNT})
    answer = client.validate(metric, dataset)
    assert (answer["status"], answer["metric_version"]) == ("success", 2)


def test_two_clients_that_poll_share_one_run(ready, app):
    client, model, dataset = ready
    metric, answers = client.metric(model, COUNT), []
    polls = [
        threading.Thread(target=lambda: answers.append(client.validate(metric, dataset))) for _ in range(4)
    ]
    for poll in polls:
        poll.start()
    for poll in polls:
        poll.join()
    assert len(answers) == 4 and all(answer == answers[0] for answer in answers)
    assert app.state.service.telemetry.validations.labels("success")._value.get() == 1


def test_it_can_be_cancelled(ready):
    client, model, dataset = ready
    metric = client.metric(model, SLOW)
    body = ValidateBody(metric_id=metric, dataset_id=dataset, restart=False).model_dump()
    assert client.ok("POST", VALIDATE, json=body)["status"] == "pending"
    place = {"metric_id": metric, "dataset_id": dataset}
    assert client.ok("DELETE", VALIDATE, params=place)["cancelled"]
    answer = client.ok("POST", VALIDATE, json=body)
    assert (answer["status"], answer["error"]["code"]) == ("failed", "cancelled")
    assert client("DELETE", VALIDATE, params=place).status_code == 404


@pytest.mark.slow
def test_what_a_stopped_server_left_is_made_by_the_next(ready, settings, engine, http):
    client, model, dataset = ready
    metric = client.metric(model, COUNT)
    with (
        serving(make_app(settings, engine=engine)) as url,
        connect(url) as other,
    ):
        body = {"metric_id": metric, "dataset_id": dataset}
        Client(other, client.account, client.workspace, client.key).ok("POST", VALIDATE, json=body)
    assert client.validate(metric, dataset)["status"] == "success"


def test_the_server_never_reads_a_source_itself(ready, monkeypatch):
    client, model, dataset = ready
    calls = []
    for module, name in ((builtins, "compile"), (builtins, "exec"), (builtins, "eval"), (ast, "parse")):
        real = getattr(module, name)

        def watched(source, *more, real=real, **options):
            if "calc_metric" in str(source):
                calls.append(source)
            return real(source, *more, **options)

        monkeypatch.setattr(module, name, watched)
    metric = client.metric(model, COUNT + "# never here")
    assert client.validate(metric, dataset)["status"] == "success" and calls == []
    body = {"model_id": model, "name": "m", "code": "def calc_metric(df):\n  return " + "(" * 100_000}
    assert client("POST", "/metrics/code-based-metrics", json=body).status_code == 422 and calls == []


def test_a_run_has_a_log_for_its_own_workspace_alone(ready, http, settings):
    client, model, dataset = ready
    path = f"/runs/{client.validate(client.metric(model, COUNT), dataset)['run_id']}/log"
    log = client.ok("GET", path)
    assert [line["message"] for line in log] == ["validation begins", "validation ended"]
    assert log[1]["details"]["status"] == "success"
    stranger = make_client(http, settings, "acme", "other")
    unknown = stranger("GET", "/runs/nope/log")
    assert stranger("GET", path).json() == unknown.json() and unknown.status_code == 404


def test_a_dataset_of_another_model_or_workspace_is_not_found(ready, http, settings, payments):
    client, model, dataset = ready
    _, _, foreign = client.model(payments)
    metric = client.metric(model, COUNT)
    stranger = make_client(http, settings, "other", "fraud")
    for who, which in ((client, foreign), (client, "nope"), (stranger, dataset)):
        answer = who("POST", VALIDATE, json={"metric_id": metric, "dataset_id": which})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")
