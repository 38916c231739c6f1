"""Lists over HTTP: pages, what they leave out, queries that are refused, and the document of all that."""

import re
from typing import Any

import pytest

from engine.service import lists

COUNT = "def calc_metric(df):\n    return float(df.count())\n"
METRICS = "/metrics/code-based-metrics"


def names(answer: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in answer]


@pytest.fixture
def models(client):
    body = {"aggregation_period": "daily", "retention": "10d"}
    return [client.ok("POST", "/models", json={**body, "name": f"m{n}"}) for n in range(5)]


def test_pages_hold_everything_once_oldest_first(client, models):
    seen, path = [], "/models?limit=2"
    while path:
        answer = client("GET", path)
        seen += answer.json()
        following = answer.links.get("next")
        path = following and following["url"].removeprefix("/api/v1/acme/fraud")
    assert seen == models == client.ok("GET", "/models")
    (place,) = re.findall(r"after=(\d+)", client("GET", "/models?limit=3").headers["link"])
    client.ok("DELETE", f"/models/{models[2]['id']}")
    assert names(client.ok("GET", "/models", params={"after": place})) == ["m3", "m4"]


def test_without_a_limit_a_list_is_its_newest_part(client, models, monkeypatch):
    monkeypatch.setattr(lists, "MOST", 3)
    monkeypatch.setattr(lists.Page.read, "__defaults__", (3,))
    answer = client("GET", "/models")
    assert names(answer.json()) == ["m2", "m3", "m4"]
    assert answer.links["first"]["url"] == "/api/v1/acme/fraud/models?limit=3"
    assert models[-1] == answer.json()[-1]


def test_every_list_has_pages_and_keeps_its_filter(client, payments):
    model, version, _ = client.model(payments)
    client.model(payments)
    body = {"model_id": model, "name": "v2", "serving_dataset": {"source": str(payments), "timestamp": "ts"}}
    client.ok("POST", "/model-versions", json=body)
    for n in range(2):
        client.ok("POST", "/data-segments", json={"model_id": model, "by": ("age", "country")[n]})
        metric = client.metric(model, COUNT, name=f"metric {n}")
    client.ok("PUT", f"{METRICS}/{metric}", json={"code": COUNT + "# 2"})
    paths = ["/model-versions", "/data-segments", METRICS]
    for path in [
        *(f"{one}?model_id={model}&limit=1" for one in paths),
        f"{METRICS}/{metric}/versions?limit=1",
    ]:
        answer = client("GET", path)
        [first] = answer.json()
        following = answer.links["next"]["url"].removeprefix("/api/v1/acme/fraud")
        [second] = client.ok("GET", following)
        assert first != second and "next" not in client("GET", following).links
    assert client.ok("GET", f"/model-versions?model_id={model}")[0]["id"] == version


def test_codes_are_shown_by_their_ids_alone(client, payments):
    model, _, _ = client.model(payments)
    metric = client.metric(model, COUNT)
    [listed] = client.ok("GET", METRICS)
    whole = client.ok("GET", f"{METRICS}/{metric}")
    assert whole == {**listed, "code": COUNT}


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 30])
def test_a_place_that_no_page_told_is_refused(client, after):
    assert client("GET", f"/models?after={after}").status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/models?limti=3", "query.limti"),
        ("GET", "/model-versions?model=1", "query.model"),
        ("GET", "/models?limit=1&limit=2", "query.limit"),
        ("GET", "/models/x?verbose=1", "query.verbose"),
        ("POST", "/models?dry_run=1", "query.dry_run"),
        ("DELETE", "/models/x?force=true", "query.force"),
        ("GET", f"{METRICS}/x/results?segement=a", "query.segement"),
    ],
)
def test_a_query_that_names_what_there_is_not_is_refused(client, http, method, path, field):
    answer = client(method, path)
    [problem] = answer.json()["error"]["problems"]
    assert (answer.status_code, problem["field"]) == (422, field)
    assert http.request(method, f"/api/v1/acme/fraud{path}").status_code == 401  # who asks is looked at first


def test_the_older_name_of_a_parameter_says_the_same_or_is_refused(client, http, payments):
    path = f"{METRICS}/{client.metric(client.model(payments)[0], COUNT)}/results"
    for query in ("kind=period", "window=period", "kind=period&window=period"):
        client.ok("GET", f"{path}?{query}")
    answer = client("GET", f"{path}?kind=period&window=retention")
    [problem] = answer.json()["error"]["problems"]
    assert (answer.status_code, problem["field"]) == (422, "kind")
    assert "'period'" in problem["message"] and "`window` says 'retention'" in problem["message"]
    described = http.get("/openapi.json").json()["paths"]
    [listed] = [one["get"]["parameters"] for path, one in described.items() if path.endswith("_id}/results")]
    assert {one["name"] for one in listed if one.get("deprecated")} == {"window"}


def test_other_routes_take_any_query(http):
    for path in ("/healthz?x=1", "/readyz?x=1", "/docs?x=1", "/openapi.json?x=1"):
        assert http.get(path).status_code == 200


def test_two_models_of_one_name_are_a_conflict(client, http, settings, models):
    body = {"name": "m0", "aggregation_period": "daily"}
    answer = client("POST", "/models", json=body)
    said = answer.json()["error"]
    assert (answer.status_code, said["code"]) == (409, "conflict")
    assert models[0]["id"] in said["message"] and "PUT" in said["hint"]
    assert client("PUT", f"/models/{models[1]['id']}", json=body).status_code == 409
    assert client("PUT", f"/models/{models[0]['id']}", json=body).status_code == 200
    from tests.service.conftest import make_client

    assert make_client(http, settings, workspace="other")("POST", "/models", json=body).status_code == 200


def test_the_document_has_the_key_and_every_field_of_every_answer(http):
    document = http.get("/openapi.json").json()
    [(name, scheme)] = document["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, methods in document["paths"].items():
        for method in methods.values():
            open_to_keys = path.startswith(("/api/v1/", "/v1/"))
            assert ([{name: []}] == method.get("security")) == open_to_keys, path
            if path != "/metrics":
                schema = method["responses"]["200"]["content"]["application/json"]["schema"]
                assert "$ref" in (schema.get("items") or schema), path
    fields = document["components"]["schemas"]["VersionShown"]["properties"]
    assert {"serving_dataset", "training_dataset", "health"} <= set(fields)
