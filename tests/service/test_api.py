"""The resources over HTTP: who may see what, what is refused and how, and the limits."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import httpx
import pytest

from engine.errors import DataError
from engine.service import problems
from engine.service.admission.keyring import create_key, list_keys, revoke_key
from engine.service.app import make_app
from engine.service.data.datasets import SourceOwner, check_source, look_at_source
from engine.service.errors import ServiceError, SourceNotAllowed
from engine.service.problems import to_problem
from engine.service.settings import Settings
from engine.service.state import KEY_SECONDS
from engine.service.store.database import Database
from tests.service.conftest import command, connect, make_client, serving, wait_for

COUNT = "def calc_metric(df):\n    return float(df.count())\n"
METRICS = "/metrics/code-based-metrics"
SEGMENTS = [
    {"by": "country"},
    {"by": "age", "buckets": [18, 25, 40]},
    {"by": "country", "values": ["DE", None]},
    {"by": "ts", "buckets": ["2026-01-01", "2026-02-01"], "outer": True},
    {"label": "old", "where": "age > 60"},
]


def error(answer: httpx.Response, status: int, code: str = "unprocessable") -> Any:
    body = answer.json()
    assert (answer.status_code, set(body)) == (status, {"error"}), answer.text
    assert set(body["error"]) == {"code", "message", "hint", "problems"}
    assert body["error"]["code"] == code
    return body["error"]


def test_models_are_made_shown_changed_and_deleted(client):
    body = {"name": "m", "aggregation_period": "weekly", "retention": "12w", "zone": "Europe/Berlin"}
    made = client.ok("POST", "/models", json={**body, "segments": SEGMENTS})
    assert {name: made[name] for name in body} == body
    shown = [{k: v for k, v in one.items() if k not in ("id", "model_id")} for one in made["segments"]]
    assert shown == SEGMENTS
    assert client.ok("GET", "/models") == [made] and client.ok("GET", f"/models/{made['id']}") == made
    changed = client.ok("PUT", f"/models/{made['id']}", json={**body, "name": "n"})
    assert changed == {**made, "name": "n"}
    assert client.ok("PUT", f"/models/{made['id']}", json={**body, "segments": []})["segments"] == []
    client.ok("DELETE", f"/models/{made['id']}")
    error(client("GET", f"/models/{made['id']}"), 404, "not-found")
    error(client("PUT", f"/models/{made['id']}", json=body), 404, "not-found")


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"aggregation_period": "yearly"}, "hourly"),
        ({"retention": "90 days"}, "90d"),
        ({"retention": "9999999M"}, "retention"),
        ({"retention": "5000d", "aggregation_period": "hourly"}, "windows"),
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"name": "a\x00b"}, "control"),
        ({"name": " "}, "blank"),
        ({"name": 3}, "string"),
        ({"bogus": 1}, "bogus"),
        ({"segments": [{"by": "a", "where": "b"}]}, "a segment is"),
        ({"segments": [{"by": "a", "buckets": [3, 2]}]}, "ascend"),
        ({"segments": [{"by": "a", "buckets": ["x", "y"]}]}, "date"),
        ({"segments": [{"by": "a", "values": [1, "x"]}]}, "mixed"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(client, more, word):
    body = {"name": "m", "aggregation_period": "daily", "retention": "30d", **more}
    assert word in error(client("POST", "/models", json=body), 422)["message"]
    assert client.ok("GET", "/models") == []


def test_versions_and_segments_of_a_model(client, payments):
    model, version, dataset = client.model(payments)
    client.model(payments)
    [shown] = client.ok("GET", f"/model-versions?model_id={model}")
    assert shown["id"] == version and shown["serving_dataset"]["id"] == dataset
    assert shown["training_dataset"] is None
    segment = client.ok("POST", "/data-segments", json={"model_id": model, "by": "country"})
    assert client.ok("GET", f"/data-segments?model_id={model}") == [segment]
    assert client.ok("GET", f"/data-segments/{segment['id']}") == segment
    client.ok("DELETE", f"/data-segments/{segment['id']}")
    client.ok("DELETE", f"/model-versions/{version}")
    assert client.ok("GET", f"/model-versions?model_id={model}") == []
    assert len(client.ok("GET", "/model-versions")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "{root}/../x.parquet",
        "{root}/*/../../x",
        "s3://bucket/x",
        "https://h/x",
        "table",
        "~/x",
    ],
)
def test_a_source_outside_the_roots_is_refused(client, payments, source):
    model, _, _ = client.model(payments)
    source = source.format(root=payments.parent)
    body = {"model_id": model, "name": "v", "serving_dataset": {"source": source}}
    error(client("POST", "/model-versions", json=body), 422)
    body = {**body, "serving_dataset": {"source": str(payments)}, "training_dataset": {"source": source}}
    error(client("POST", "/model-versions", json=body), 422)


def test_no_link_pattern_or_name_leads_out_of_the_roots(client, payments, tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir(), outside.mkdir()
    (outside / "secret.parquet").write_bytes(payments.read_bytes())
    (inside / "ok.parquet").write_bytes(payments.read_bytes())
    settings = Settings(data_roots=(str(inside),))
    check_source(str(inside / "*.parquet"), settings)
    (inside / "way").symlink_to(outside)
    (inside / "leak.parquet").symlink_to(outside / "secret.parquet")
    refused = [
        inside / "way/secret.parquet", inside / "way", inside / "leak.parquet", inside / "way/../../x",
        inside / "*/../x", f"{inside}/**/**/x", f"file://{outside}/secret.parquet", "~/x", "~root/x", "",
        str(inside) + "x", "/proc/self/environ", "file:///etc/passwd", "FILE:///etc/passwd", "x" * 3000,
    ]  # fmt: skip
    for source in refused:
        with pytest.raises(SourceNotAllowed) as refusal:
            check_source(str(source), settings)
        problem = to_problem(refusal.value)
        assert problem.status == 422 and str(outside) not in problem.message
    # What a pattern finds is looked at again before each run, for links come and go.
    for source in (inside / "*.parquet", inside / "*/*.parquet", inside / "nothing", inside / ("x" * 300)):
        with pytest.raises(DataError) as error:
            look_at_source(str(source), settings)
        assert str(outside) not in str(error.value)
    look_at_source(str(inside / "o*.parquet"), settings)


@pytest.mark.parametrize("backend", ["sc://host:1", "snowflake://NAME"])
def test_elsewhere_a_bare_name_is_a_table_and_is_to_be_opened(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(backend=backend, tables=("metrics.*",))
    check_source("metrics.payments", settings)
    check_source(str(tmp_path / "x.parquet"), settings)
    for source in ("secrets.payments", "payments", "x.parquet", "metrics", "secrets.metrics.x"):
        with pytest.raises(SourceNotAllowed):
            check_source(source, settings)
    every = replace(settings, tables=("*",))
    check_source("metrics.payments", every)
    for source in ("parquet.`/etc/passwd`", "parquet./etc/passwd", "text.`s3://b/x`", "a b", "a.b.c.d.e"):
        with pytest.raises(SourceNotAllowed):
            check_source(source, every)


def test_places_in_object_stores_and_names_in_catalogs_are_open_to_accounts_by_name():
    roots, tables = ("acme=s3://bucket/acme", "bolt=s3://bucket/bolt"), ("acme=shop.sales.*",)
    settings = Settings(data_roots=roots, tables=tables)
    acme, bolt = SourceOwner("acme", alone=False), SourceOwner("bolt", alone=False)
    for source in ("s3://bucket/acme", "s3://bucket/acme/*.parquet", "delta:s3://bucket/acme/t@v3"):
        look_at_source(source, settings, acme)
        with pytest.raises(DataError):
            look_at_source(source, settings, bolt)
    look_at_source("iceberg:shop.sales.orders", settings, acme)
    with pytest.raises(DataError):
        look_at_source("iceberg:shop.sales.orders", settings, bolt)
    for source in (
        "s3://bucket/acme-not/x", "s3a://bucket/acme/x", "s3://bucket/acme/../bolt/x", "s3://bucket/acme//x",
        "s3://u:p@bucket/acme/x", "delta:s3://bucket/bolt/t", "iceberg:shop.secret.orders",
    ):  # fmt: skip
        with pytest.raises(DataError):
            look_at_source(source, settings, acme)


@pytest.mark.parametrize(
    "way", ["../x", "%2e%2e/x", "%2E./x", "..%2fx", "..\\x", "a%5C..%5cx", "%252e%252e/x"]
)
def test_urls_do_not_lead_out_of_what_was_opened(way):
    settings = Settings(backend="sc://host:1", data_roots=("s3://bucket/data",))
    check_source("s3://bucket/data/2026-01/x.parquet", settings)
    with pytest.raises(SourceNotAllowed):
        check_source(f"s3://bucket/data/{way}", settings)


def test_urls_and_tables_that_were_opened_may_be_named(settings, engine):
    wide = replace(settings, data_roots=("s3://bucket/data",), tables=("metrics.*",))
    with serving(make_app(wide, engine=engine)) as url, connect(url) as http:
        client = make_client(http, settings)
        for source in ("s3://bucket/data/x.parquet", "metrics.payments"):
            client.model(source)
        model = client.ok("GET", "/models")[0]["id"]
        for source in ("s3://bucket/database", "s3://bucket/data/../x", "secrets.payments"):
            body = {"model_id": model, "name": "v", "serving_dataset": {"source": source}}
            error(client("POST", "/model-versions", json=body), 422)


def test_a_source_that_does_not_compile_is_refused_with_every_problem(client, payments):
    model, _, _ = client.model(payments)
    code = "import os\ndef calc_metric(df):\n    return open('x')\n"
    body = {"model_id": model, "name": "m", "code": code}
    said = error(client("POST", METRICS, json=body), 422, "source-refused")
    assert [(one["line"], one["column"], one["code"]) for one in said["problems"]] == [
        (1, 8, "import-refused"),
        (3, 12, "name-refused"),
    ]
    assert all(one["message"] and one["hint"] for one in said["problems"])
    assert client.ok("GET", METRICS) == []
    metric = client.metric(model, COUNT)
    error(client("PUT", f"{METRICS}/{metric}", json={"code": code}), 422, "source-refused")
    assert client.ok("GET", f"{METRICS}/{metric}")["version"] == 1
    long = {**body, "code": "#" * 300_000}
    error(client("POST", METRICS, json=long), 422, "source-too-large")


def test_a_metric_keeps_the_versions_of_its_code(client, payments):
    model, _, _ = client.model(payments)
    metric = client.metric(model, COUNT)
    path = f"{METRICS}/{metric}"
    assert client.ok("PUT", path, json={"name": "new"})["version"] == 1
    assert client.ok("PUT", path, json={"code": COUNT})["version"] == 1
    assert client.ok("PUT", path, json={"code": COUNT + "#"})["version"] == 2
    assert [one["code"] for one in client.ok("GET", f"{path}/versions")] == [COUNT, COUNT + "#"]
    client.ok("DELETE", path)
    error(client("GET", path), 404, "not-found")


def test_nothing_of_another_workspace_is_visible(client, http, settings, payments):
    model, version, dataset = client.model(payments)
    metric = client.metric(model, COUNT)
    segment = client.ok("POST", "/data-segments", json={"model_id": model, "by": "country"})["id"]
    for names in (("other", "fraud"), ("acme", "other")):
        stranger = make_client(http, settings, *names)
        for path in ("/models", "/model-versions", "/data-segments", METRICS):
            assert stranger.ok("GET", path) == []
            assert stranger.ok("GET", path, params={"model_id": model} if path != "/models" else {}) == []
        there = [
            f"/models/{model}", f"/model-versions/{version}", f"/data-segments/{segment}",
            f"{METRICS}/{metric}",
            f"{METRICS}/{metric}/results", f"{METRICS}/{metric}/versions",
        ]  # fmt: skip
        for path in there:
            answer = error(stranger("GET", path), 404, "not-found")
            missing = error(stranger("GET", path.replace(path.split("/")[-1], "nope")), 404, "not-found")
            assert path.endswith(("results", "versions")) or answer == missing
        for path in there[:4]:
            error(stranger("DELETE", path), 404, "not-found")
        body = {"model_id": model, "name": "m", "code": COUNT}
        error(stranger("POST", METRICS, json=body), 404, "not-found")
        foreign = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z", "model_id": model}
        error(stranger("POST", "/metrics/recalculate", json=foreign), 404, "not-found")
        # Whether the account in the path exists makes no difference.
        answers = [
            http.get(f"/api/v1/{account}/fraud/models", headers={"Authorization": f"Bearer {stranger.key}"})
            for account in ("acme" if names[0] == "other" else "other", "nobody")
        ]
        assert error(answers[0], 403, "forbidden") == error(answers[1], 403, "forbidden")
    assert client.ok("GET", f"{METRICS}/{metric}")["id"] == metric and dataset


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer cm_nonsense", "Basic abc", "Bearer \x7f"])
def test_without_a_key_nothing_is_answered(http, client, header):
    headers = {} if header is None else {"Authorization": header}
    answer = http.get("/api/v1/acme/fraud/models", headers=headers)
    error(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_keys_are_kept_as_digests(client, settings):
    database = Database(settings.database)
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT digest FROM keys").all()
    database.close()
    assert len(found) == 1 and client.key not in str(found)


def test_every_error_has_the_one_shape(http, client, payments):
    error(http.get("/nope"), 404, "not-found")
    error(client("PATCH", "/models"), 405, "method-not-allowed")
    for body in (b"{", b'{"name": "\\ud800"}', b"[" * 100_000, b'{"name": "\xff"}'):
        for headers in ({"Content-Type": "application/json"}, {}):
            error(client("POST", "/models", content=body, headers=headers), 422)
    error(client("POST", "/models", json={"name": "x" * 2_000_000}), 413, "too-large")
    error(client("POST", "/models", content=(b"x" * 1000 for _ in range(2000))), 413, "too-large")
    metric = client.metric(client.model(payments)[0], COUNT)
    for query in ("after=x", "after=9.9.9", "limit=0", "start=yesterday", "format=xml", "version=0"):
        error(client("GET", f"{METRICS}/{metric}/results?{query}"), 422)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01", "2026-01-02T00:00:00Z"),
        ("2026-01-01T01:00:00Z", "2026-01-01T23:00:00Z"),
        ("2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
    ],
)
def test_a_range_that_cannot_be_recalculated_is_refused(client, payments, start, end):
    model, _, _ = client.model(payments)
    error(client("POST", "/metrics/recalculate", json={"model_id": model, "start": start, "end": end}), 422)


def test_requests_are_limited(settings, engine):
    with (
        serving(make_app(replace(settings, requests_per_minute=5), engine=engine)) as url,
        connect(url) as http,
    ):
        client = make_client(http, settings)
        answers = [client("GET", "/models") for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        error(answers[-1], 429, "too-many-requests")
        assert int(answers[-1].headers["retry-after"]) > 0
        error(
            client("POST", "/models", content=b"{"), 429, "too-many-requests"
        )  # before anybody looks at what it says
        make_client(http, settings).ok("GET", "/models")
        assert http.get("/healthz").status_code == 200


def test_probes_counters_and_documentation(http, client):
    client.ok("GET", "/models")
    assert http.get("/healthz").json()["status"] == http.get("/readyz").json()["status"] == "ok"
    text = http.get("/metrics").text
    route = "/api/v1/{account}/{workspace}/models"
    assert f'calcmetric_http_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in text
    assert 'calcmetric_work{state="due"}' in text
    assert f"{route}/{{model_id}}" in http.get("/openapi.json").json()["paths"]


def test_the_pages_of_documentation_need_nothing_from_elsewhere(http):
    for page in ("/docs", "/redoc"):
        text = http.get(page).text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
        assert loaded and all(address.startswith("/") for address in loaded)
        assert all(http.get(address).status_code == 200 for address in loaded)


def test_every_error_of_the_service_has_an_answer():
    assert set(ServiceError.__subclasses__()) == set(problems._OF_SERVICE)


def test_every_error_is_described_with_the_one_shape(http):
    document = http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for name, method in methods.items():
            for status, answer in method["responses"].items():
                if status >= "4":
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorBody"}, (path, name, status)
            always = {"401", "403", "422", "429", "503"}
            assert not path.startswith("/api") or always <= set(method["responses"])
    assert set(document["components"]["schemas"]["ErrorDetail"]["required"]) == {
        "code", "message", "hint", "problems",
    }  # fmt: skip


def test_keys_are_listed_and_revoked(client, settings):
    ours = ["--database", settings.database]

    def run(*words):
        done = subprocess.run(command("keys", *words, *ours), capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    status, shown, _ = run("list")
    [_, line] = shown.splitlines()
    assert status == 0 and line.split("\t")[1:3] == ["acme", "fraud"] and client.key not in shown
    second = create_key(settings.database, "acme", "fraud")
    assert len(list_keys(settings.database)) == 2 and list_keys(settings.database, "nobody") == []
    client.ok("GET", "/models")
    assert run("revoke", line.split("\t")[0])[0] == 0
    wait_for(lambda: client("GET", "/models").status_code != 200, KEY_SECONDS + 1)
    error(client("GET", "/models"), 401, "unauthorized")
    assert revoke_key(settings.database, second).revoked_at
    assert run("revoke", "nonsense")[0] == 3 and "Traceback" not in run("revoke", "nonsense")[2]


def test_without_the_extra_the_command_says_what_to_install():
    program = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from engine.cli import main; main(['keys', 'create', '--account', 'a', '--workspace', 'w'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert "pip install 'calcmetric[server]'" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--account", "a/b", "--workspace", "w"], "--account"),
        (["--account", "a", "--workspace", "w", "--database", "mysql://h/x"], "sqlite:///"),
        ([], "--operator"),
        (["--account", "a"], "--workspace"),
        (["--account", "a", "--workspace", "w", "--operator"], "--operator"),
        (["--values", "--operator"], "--values"),
    ],
)
def test_keys_that_make_no_sense_are_refused(options, words, tmp_path):
    words_ = command("keys", "create", *options)
    done = subprocess.run(words_, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "") and words in done.stderr
