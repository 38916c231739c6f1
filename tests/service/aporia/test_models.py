"""Signing in, models and versions, as Aporia's clients ask for them; our own clients lose nothing."""

from __future__ import annotations

from engine.service.store.database import Database
from engine.service.work.planning import load_models
from tests.service.conftest import make_client

COUNT = "def calc_metric(df):\n    return float(df.count())\n"


def test_a_key_signs_in_to_its_own_workspace_only(client, http, settings):
    def sign_in(path: str, key: str) -> int:
        return int(http.get(path, headers={"Authorization": f"Bearer {key}"}).status_code)

    place = "/v1/identity-service/accounts/acme/workspaces/{}"
    mine = place.format(client.workspace)
    assert sign_in(mine, client.key) == 200
    assert sign_in(mine, "cm_wrong") == 401
    assert sign_in(place.format("other"), client.key) == 403
    assert sign_in(mine, make_client(http, settings, "evil").key) == 403


def test_a_model_is_made_and_changed_in_its_words(client):
    made = client.ok("POST", "/models", json={"name": "m", "type": "multi-label"})
    assert made["aggregation_period"] == "daily" and made["retention"] == "90d"
    assert (made["type"], made["icon"], made["color"], made["owner"]) == (
        "multi-label", "general", "#3564C9", None
    )  # fmt: skip
    looks = {"description": "d", "icon": "ltv", "color": "#60DFE8", "owner": "me@acme.example"}
    place = f"/models/{made['id']}"
    changed = client.ok("PUT", place, json={"name": "m", "model_type": "ranking", **looks})
    assert changed == {**made, **looks, "type": "ranking"}
    assert client.ok("PUT", place, json={"owner": None})["owner"] is None
    for wrong in ({"type": "nope"}, {"icon": "nope"}, {"color": "red"}, {"kind": 1}):
        assert client("PUT", place, json=wrong).status_code == 422
    assert client.ok("GET", place)["description"] == "d"


def test_what_a_change_leaves_out_stays(client):
    body = {"name": "m", "aggregation_period": "hourly", "retention": "5d", "zone": "Europe/Berlin"}
    made = client.ok("POST", "/models", json={**body, "segments": [{"by": "country"}]})
    place = f"/models/{made['id']}"
    assert client.ok("PUT", place, json={"description": "d"}) == {**made, "description": "d"}
    assert client("PUT", place, json={"aggregation_period": "hourly", "retention": "29y"}).status_code == 422


def test_a_version_without_data(client):
    model = client.ok("POST", "/models", json={"name": "m"})["id"]
    made = client.ok("POST", "/model-versions", json={"name": "v1", "model_id": model})
    assert made["is_active"] is True and made["health"]["status"] == "no-data"
    assert made["serving_dataset"]["id"] is None and made["training_dataset"] is None
    place = f"/model-versions/{made['id']}"
    assert client.ok("PUT", place, json={"is_active": False, "name": "v2"}) == {
        **made, "is_active": False, "name": "v2"
    }  # fmt: skip
    assert client.ok("GET", f"/model-versions?model_id={model}")[0]["is_active"] is False
    assert client.ok("DELETE", place)["deleted"]
    assert client("PUT", place, json={"is_active": True}).status_code == 404


def test_nothing_is_planned_of_a_version_that_is_not_active(client, settings, payments):
    model, version, dataset = client.model(payments)
    client.ok("PUT", f"/model-versions/{version}", json={"is_active": False})
    database = Database(settings.database)
    try:
        with database.reading() as session:
            [planned] = load_models(session, model)
    finally:
        database.close()
    assert planned.datasets == {}
    assert client.validate(client.metric(model, COUNT), dataset)["status"] == "success"
    client.ok("DELETE", f"/model-versions/{version}")
    assert client.ok("GET", "/model-versions") == []


def test_what_is_not_offered_says_so(client, http):
    workspace = f"acme/{client.workspace}"
    headers = {"Authorization": f"Bearer {client.key}"}
    for path in (
        f"/api/v1/{workspace}/monitors",
        f"/api/v1/{workspace}/monitors/abc",
        f"/api/v1/{workspace}/dashboards",
        f"/api/v1/{workspace}/metrics/custom-metrics",
        f"/v1/crud-service/{workspace}/metrics/custom-metrics/abc",
        f"/v1/messaging-service/{workspace}/integrate/query/SLACK",
        f"/v1/metrics-agency/{workspace}/default_metrics/get_status",
    ):
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer = http.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not-offered")
        assert http.get(path).status_code == 401
