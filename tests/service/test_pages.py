"""The pages of the service: who sees what, texts of enemies, forms of other sites, and what is shown."""

import csv
import io
import re
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from engine.models.result import STATUSES
from engine.service.admission.keyring import create_key, create_values_key, revoke_key
from engine.service.admission.keys import digest_key
from engine.service.app import make_app
from engine.service.pages.differences import differences
from engine.service.pages.guard import local_path
from engine.service.pages.models import describe_group
from engine.service.pages.render import HEADERS
from engine.service.settings import Settings
from engine.service.store.tables import Metric, MetricVersion, Model, SignIn, StoredResult
from tests.display.shown import HOSTILE
from tests.service.conftest import serving
from tests.service.hostile_site import TODAY, Site, result
from tests.service.visiting import Seen, Visitor

PAGES = (
    "/",
    "/models/m1",
    "/metric/k1",
    "/metric/k1/segments",
    "/metric/k1/code",
    "/metric/k1/rules",
    "/metric/k1?version=1",
    "/runs",
    "/runs/run1",
    f"/metric/k1?{httpx.QueryParams({'segment': HOSTILE[0], 'name': HOSTILE[1]})}",
    f"/?{httpx.QueryParams({'q': HOSTILE[1]})}",
    "/metric/k1?segment=unknown",
)


@pytest.fixture(scope="module")
def visitor(site: Site) -> Visitor:
    """One who stays signed in."""
    return site.visitor()


@pytest.mark.parametrize("path", PAGES)
def test_texts_of_an_enemy_are_texts(visitor, path):
    seen = visitor.get(path)
    assert [attributes for tag, attributes in seen.tags if tag == "script"] == [
        {"src": next(a["src"] for t, a in seen.tags if t == "script"), "defer": ""}
    ]
    answer = visitor.http.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", [*PAGES, "/metric/k1/results.csv"])
def test_who_has_not_signed_in_is_asked_to(site, path):
    answer = httpx.get(site.url + path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=/")


@pytest.mark.parametrize(
    "path",
    [
        "/models/m2",
        "/metric/k2",
        "/metric/k2/segments",
        "/metric/k2/code",
        "/metric/k2/results.csv",
        "/runs/run2",
        "/nothing",
        "/metric/k1?data=m2v",
        "/metric/k1?version=9",
    ],
)
def test_what_is_of_others_is_not_there(visitor, path):
    seen = visitor.get(path, 404, headers={"Accept": "text/html"})
    assert "rival" not in seen.text


def test_the_newest_values_are_shown(visitor):
    assert "7.25" in visitor.get("/models/m1").text
    series = visitor.get("/metric/k1")
    assert "7.25" in series.text and "107 rows" in series.text
    rows = visitor.http.get("/metric/k1/results.csv?label=&kind=period").text.splitlines()
    assert len(rows) == 9 and ",7.25," in rows[-1]
    labelled = visitor.http.get("/metric/k1/results.csv", params={"label": HOSTILE[0]})
    assert len(labelled.text.splitlines()) > 8 and labelled.headers["x-content-type-options"] == "nosniff"
    assert labelled.headers["content-disposition"].startswith("attachment")
    heat = [attributes for tag, attributes in visitor.get("/metric/k1/segments").tags if tag == "td"]
    assert len(heat) == 6 * 8 and {"class": "b", "title": "raised"} in heat


def test_what_was_calculated_last_is_shown(site, visitor):
    with site.database.session() as session:
        for day, value in ((-1, 11.5), (0, 22.5)):
            as_of = TODAY + timedelta(days=day)
            session.add(result("k1v1", "m1d", -1, "", value, as_of=as_of))
    text = visitor.get("/metric/k1?version=1").text
    assert "22.5" in text and "11.5" not in text


def add_metric(site: Site, name: str, *results: StoredResult) -> None:
    """One more metric of the first model, with the id that its name is, and results of its code."""
    with site.database.session() as session:
        session.add(Metric(id=name, model_id="m1", name=name))
        session.flush()
        session.add(MetricVersion(id=f"{name}v1", metric_id=name, number=1, code="", sha256="0", warnings=[]))
        session.flush()
        session.add_all(results)


def test_numbers_at_the_ends_of_what_there_is_are_drawn(site, visitor):
    values = (1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -0.0, None, 1e-300)
    series = [result("endsv1", "m1d", day - 6, "", value) for day, value in enumerate(values)]
    lone = [result("endsv1", "m1d", -1, "lone", 5e-324), result("endsv1", "m1d", -1, "none", None)]
    others = [
        result("endsv1", "m1d", place - len(STATUSES), "statuses", None, status=status)
        for place, status in enumerate(STATUSES)
        if status != "ok"
    ]
    add_metric(site, "ends", *series, *lone, *others)
    for path in ("/models/m1", "/metric/ends", "/metric/ends?segment=lone", "/metric/ends?segment=none",
                 "/metric/ends?segment=statuses", "/metric/ends/segments"):  # fmt: skip
        page = visitor.get(path)
        drawn = [value for tag, attributes in page.tags if tag in ("polyline", "circle", "rect", "line")
                 for value in attributes.values()]  # fmt: skip
        assert not [value for value in drawn if re.search(r"nan|inf", value)], path
    assert "1.79769e+308" in visitor.get("/metric/ends").text
    assert "4.94066e-324" in visitor.get("/metric/ends?segment=lone").text


def test_of_thousands_of_segments_the_first_are_shown_and_the_rest_is_told(site, visitor):
    labels = ["", *(f"country = {number:04}" for number in range(1_200))]
    add_metric(site, "many", *(result("manyv1", "m1d", -1, label, 1.0) for label in labels))
    heat = visitor.get("/metric/many/segments")
    assert sum(tag == "tr" for tag, _ in heat.tags) == 1 + 1 + 300
    assert "900 more segments are not shown" in heat.text
    series = visitor.get("/metric/many?segment=country%20%3D%201199")
    assert sum(tag == "option" for tag, _ in series.tags) < 1_020 and "200 more segments" in series.text
    assert "country = 1199" in series.text, "the one that is looked at is there all the same"


def test_each_of_many_names_has_its_series(site, visitor):
    names = [f"n{number}" for number in range(20)]
    add_metric(
        site,
        "names",
        *(result("namesv1", "m1d", -day, "", 1.5, name=name) for day in (3, 2, 1) for name in names),
    )
    page = visitor.get("/metric/names?name=n7")
    assert [a.get("value") for tag, a in page.tags if tag == "option"][-23:-3] == names
    assert sum(tag == "tr" for tag, _ in page.tags) == 1 + 3
    heat = visitor.get("/metric/names/segments?name=n19")
    assert sum(tag == "td" for tag, _ in heat.tags) == 3


def test_csv_holds_what_is_shown_and_no_formula(site, visitor):
    formula = "=HYPERLINK(1)"
    told = {"printed": "@SUM(1)", "error": {"code": "raised", "message": "+1+1", "line": 1, "hint": ""}}
    add_metric(
        site, "sums", *(result("sumsv1", "m1d", -day, formula, None, **told) for day in (40, 2, 1)),
        result("sumsv1", "m1d", -1, "", 2.0),
    )  # fmt: skip
    page = visitor.get("/metric/sums", params={"segment": formula, "windows": 2})
    [shown, _] = [a["href"] for tag, a in page.tags if tag == "a" and "results.csv" in a["href"]]
    rows = list(csv.DictReader(io.StringIO(visitor.http.get(shown).text)))
    assert len(rows) == 2, "the window that is not shown is not in it"
    assert {(row["segment"], row["printed"], row["message"]) for row in rows} == {
        (f"'{formula}", "'@SUM(1)", "'+1+1")
    }


def test_what_was_deleted_while_it_was_shown_is_told(site, visitor):
    add_metric(site, "gone")
    sent = {"name": "n", "code": "def calc_metric(df):\n    return 1\n", "params": ""}
    rule = {"name": "n", "what": "above", "level": "1"}
    token = visitor.token("/metric/gone/edit")
    with site.database.session() as session:
        session.execute(sa.delete(Metric).where(Metric.id == "gone"))
    for path, fields in (("/metric/gone/edit", sent), ("/metric/gone/rules", rule),
                         ("/metric/gone/rules/r/delete", {}), ("/models/gone/new", sent)):  # fmt: skip
        answer = visitor.http.post(path, data={**fields, "form_token": token})
        assert answer.status_code == 404 and Seen(answer.text).wrong() == [], path
        visitor.get(path.removesuffix("/r/delete"), 404)
    visitor.get("/metric/gone", 404)
    visitor.get("/metric/gone/results.csv", 404)


def test_pages_of_models_and_finding_them(site, visitor):
    with site.database.session() as session:
        for number in range(60):
            session.add(
                Model(
                    account="acme",
                    workspace="fraud",
                    name=f"100% number {number}",
                    aggregation_period="daily",
                    retention="10d",
                    zone="UTC",
                )
            )
    first = visitor.get("/?q=100%25")
    assert "60 in this workspace" in first.text and "number 49" in first.text
    following = next(a["href"] for tag, a in first.tags if tag == "a" and "after" in a["href"])
    assert "number 59" in visitor.get(f"/{following}").text
    assert "number 10" not in visitor.get("/?q=_").text
    with site.database.session() as session:
        session.execute(sa.delete(Model).where(Model.name.startswith("100%")))


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_have_not(site):
    visitor = Visitor(site.url)
    before = visitor.http.get("/sign-in").headers["set-cookie"]
    answer = visitor.sign_in(site.key, "/metric/k1")
    assert answer.status_code == 303 and answer.headers["location"] == "/metric/k1"
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert cookie.partition(";")[0] != before.partition(";")[0], "a token from before would be another's"
    assert site.key not in cookie
    with site.database.reading() as session:
        kept = {one.digest for one in session.scalars(sa.select(SignIn))}
    assert not any(one in cookie for one in kept)
    secure = httpx.get(f"{site.url}/sign-in", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert secure.startswith("__Host-calcmetric=") and "Secure" in secure.split("; ")


@pytest.mark.parametrize("made", ["unknown", "revoked", "values", "empty"])
def test_other_keys_open_nothing(site, made):
    url = site.database.url.render_as_string(hide_password=False)
    key = {
        "unknown": lambda: "cm_unknown",
        "values": lambda: create_values_key(url),
        "revoked": lambda: create_key(url, "acme", "fraud"),
        "empty": lambda: "",
    }[made]()
    if made == "revoked":
        revoke_key(url, key)
    visitor = Visitor(site.url)
    assert visitor.sign_in(key).status_code == 401
    assert visitor.http.get("/").status_code == 303


@pytest.mark.parametrize("end", ["leave", "revoke", "expire"])
def test_a_session_ends(site, end):
    url = site.database.url.render_as_string(hide_password=False)
    key = create_key(url, "acme", "fraud")
    visitor = Visitor(site.url)
    visitor.sign_in(key)
    kept = dict(visitor.http.cookies)
    visitor.get("/")
    if end == "leave":
        assert visitor.send("/sign-out", {}).status_code == 303
    elif end == "revoke":
        revoke_key(url, key)
    else:
        with site.database.session() as session:
            of_key = SignIn.key_digest == digest_key(key)
            session.execute(sa.update(SignIn).where(of_key).values(expires_at=TODAY - timedelta(days=1)))
    assert httpx.get(site.url, cookies=kept).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_are_refused(site, headers):
    """Even with a token that is right, which they cannot know."""
    visitor = site.visitor()
    assert visitor.send("/sign-out", {}, headers=headers).status_code == 403
    visitor.get("/")
    assert visitor.send("/sign-out", {}, headers={"Origin": site.url}).status_code == 303


def test_a_form_needs_the_token_of_its_session(site):
    visitor, other = site.visitor(), site.visitor()
    for fields in ({}, {"form_token": ""}, {"form_token": other.token()}, {"form_token": "ä"}):
        assert visitor.http.post("/sign-out", data=fields).status_code == 403
        assert visitor.http.post("/sign-in", data={**fields, "key": site.key}).status_code == 403
    fresh = httpx.post(f"{site.url}/sign-in", data={"key": site.key, "form_token": "0" * 64})
    assert fresh.status_code == 403
    assert (
        visitor.http.post("/sign-out", content=b"%zz&=", headers={"Content-Type": "text/plain"}).status_code
        == 403
    )
    visitor.get("/")


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/metric/k1?a=b", "/metric/k1?a=b"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
        ("/a\nb", "/"),
        ("javascript:attack()", "/"),
        ("", "/"),
        ("/ä", "/"),
    ],
)
def test_nobody_is_led_elsewhere(wanted, path):
    assert local_path(wanted) == path


def test_files_of_pages_are_kept_and_nothing_else_is_there(site):
    page = httpx.get(f"{site.url}/sign-in").text
    for path in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page):
        answer = httpx.get(site.url + path)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    for path in ("/assets/nothing.css", "/assets/..%2Frender.py", "/assets/render.py"):
        assert httpx.get(site.url + path).status_code == 404
    assert httpx.get(f"{site.url}/api/v1/acme/fraud/models").headers["x-content-type-options"] == "nosniff"


def test_requests_of_pages_are_counted_with_the_key(tmp_path, engine, payments):
    url = f"sqlite:///{tmp_path}/service.db"
    key = create_key(url, "acme", "fraud")
    settings = Settings(
        database=url, data_roots=(f"*={payments.parent}",), calculate=False, requests_per_minute=9
    )
    with serving(make_app(settings, engine=engine)) as address:
        visitor = Visitor(address)
        visitor.sign_in(key)
        seen = [visitor.http.get("/").status_code for _ in range(12)]
        assert seen[0] == 200 and seen[-1] == 429
        # Guesses of keys are counted by their address, and told apart from what a key does.
        assert [Visitor(address).sign_in("cm_x").status_code for _ in range(12)][-1] == 429


def shown(earlier: str, later: str) -> list[tuple[str, str]]:
    return [(line.kind, line.text) for line in differences(earlier, later)]


def test_differences_of_codes():
    old = "".join(f"line {n}\n" for n in range(20))
    new = old.replace("line 10\n", "line ten\nand more\n")
    assert shown(old, old) == []
    assert shown(old, new) == [
        ("skipped", ""),
        ("same", "line 7"),
        ("same", "line 8"),
        ("same", "line 9"),
        ("removed", "line 10"),
        ("added", "line ten"),
        ("added", "and more"),
        ("same", "line 11"),
        ("same", "line 12"),
        ("same", "line 13"),
        ("skipped", ""),
    ]
    numbers = [(line.before, line.after) for line in differences(old, new)]
    assert numbers[4:8] == [(11, None), (None, 11), (None, 12), (12, 13)]
    assert shown("a\nb", "b") == [("removed", "a"), ("same", "b")]
    assert shown("a", "a\n") == []
    many = "\n".join("x" for _ in range(5_000))
    assert len(shown(many, many.replace("x", "y"))) == 10_000


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"by": "country", "top": 10}, "country, the 10 largest"),
        ({"label": "big", "where": "amount > 100"}, "big: amount > 100"),
        ({"terms": {"big": "amount > 100", "new": "age < 1"}}, "big: amount > 100; new: age < 1"),
    ],
)
def test_groups_of_segments_are_told_in_words(group, words):
    assert describe_group(group) == words
