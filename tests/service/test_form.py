"""The form of a metric: sent without a script, checked and tried as the script does it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from engine.service.store.tables import Metric, ModelVersion, StoredDataset
from tests.display.shown import HOSTILE
from tests.service.hostile_site import Site
from tests.service.visiting import Seen, Visitor
from tests.waiting import wait_until

COUNT = "def calc_metric(df):\n    print('seen')\n    return float(df.count())\n"
WRONG = f"import os\n\n\ndef calc_metric(df):\n    return {HOSTILE[1]!r}\n"
SLOW = """
def calc_metric(df):
    n = 0
    for i in range(4000000000):
        n = n + i
    return n
"""


@pytest.fixture(scope="module")
def visitor(site: Site, payments) -> Visitor:
    """One who is signed in; the model has data that can be read, as well."""
    with site.database.session() as session:
        session.add(StoredDataset(id="real", model_id="m1", source=str(payments), timestamp="ts"))
        session.flush()
        session.add(ModelVersion(id="data", model_id="m1", name="real", serving_id="real"))
    return site.visitor()


def ask(visitor: Visitor, path: str, body: dict[str, Any], **more: Any) -> httpx.Response:
    """Ask what the script asks."""
    headers = {"X-Form-Token": visitor.token(), **more}
    return visitor.http.post(path, json=body, headers=headers)


def problems_of(page: str) -> list[str]:
    return [attributes["data-line"] for tag, attributes in Seen(page).tags if "data-line" in attributes]


def test_a_metric_is_registered_and_changed_without_a_script(visitor, site):
    visitor.get("/models/m1/new")
    sent = {"name": "counted", "code": COUNT.replace("\n", "\r\n"), "params": ""}
    answer = visitor.send("/models/m1/new", sent, "/models/m1/new")
    assert answer.status_code == 303
    path = answer.headers["location"]
    assert "Nothing has been calculated here yet" in visitor.get(path).text
    assert (
        f'<pre class="source" tabindex="0" aria-label="Code of version 1">{COUNT.replace(chr(39), "&#39;")}'
        in (visitor.http.get(f"{path}/code").text)
    )
    shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", visitor.http.get(f"{path}/edit").text, re.DOTALL)
    assert shown is not None and shown[1] == COUNT.replace("'", "&#39;")
    changed = {"name": "renamed", "code": COUNT + "# more\r\n", "params": ""}
    assert visitor.send(f"{path}/edit", changed, f"{path}/edit").headers["location"] == f"{path}/code"
    seen = visitor.get(f"{path}/code")
    assert "renamed" in seen.text and {"class": "added"} in [a for tag, a in seen.tags if tag == "tr"]
    with site.database.reading() as session:
        assert (
            session.get_one(Metric, session.query(Metric.seq).filter_by(name="renamed").scalar()).version == 2
        )


def test_what_is_wrong_is_shown_at_its_line_with_what_was_sent(visitor):
    sent = {"name": HOSTILE[0], "code": WRONG, "params": ""}
    for path in ("/models/m1/new", "/metric/k1/edit"):
        answer = visitor.send(path, sent, path)
        assert answer.status_code == 422 and Seen(answer.text).wrong() == []
        assert problems_of(answer.text)[0] == "1"
        assert "import os" in Seen(answer.text).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"params": "{"}, "JSON object"),
        ({"params": '{"x": [1]}'}, "JSON object"),
        ({"params": '{"x": NaN}'}, "JSON object"),
        ({"name": ""}, "name"),
        ({"name": "a\x07"}, "control characters"),
        ({"code": ""}, "code"),
    ],
)
def test_fields_that_make_no_sense_are_told(visitor, changed, said):
    answer = visitor.send("/models/m1/new", {"name": "n", "code": COUNT, "params": "", **changed})
    assert answer.status_code == 422 and said in Seen(answer.text).text


def test_the_script_is_told_problems_as_one_types(visitor):
    found = ask(visitor, "/models/m1/check", {"code": WRONG, "params": ""}).json()["problems"]
    assert [(one["line"], one["code"]) for one in found] == [(1, "import-refused")]
    assert ask(visitor, "/models/m1/check", {"code": COUNT, "params": ""}).json() == {"problems": []}
    [unfit] = ask(visitor, "/models/m1/check", {"code": COUNT, "params": '{"a": 1}'}).json()["problems"]
    assert unfit["severity"] == "error"
    [wrong] = ask(visitor, "/models/m1/check", {"code": COUNT, "params": "["}).json()["problems"]
    assert "JSON" in wrong["message"]


@pytest.mark.parametrize("what", ["check", "try"])
def test_the_script_needs_the_token_and_sees_its_workspace_only(visitor, site, what):
    body = {"code": COUNT, "params": "", **({"data": "data"} if what == "try" else {})}
    assert visitor.http.post(f"/models/m1/{what}", json=body).status_code == 403
    assert ask(visitor, f"/models/m1/{what}", body, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ask(visitor, f"/models/m2/{what}", body).status_code == 404
    stranger = Visitor(site.url)
    headers = {"X-Form-Token": stranger.token("/sign-in")}
    assert stranger.http.post(f"/models/m1/{what}", json=body, headers=headers).status_code == 401
    if what == "try":
        assert ask(visitor, "/models/m1/try", {**body, "data": "m2v"}).status_code == 404
        assert ask(visitor, "/models/m1/try", {**body, "params": "["}).status_code == 422


def lines_of(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    assert answer.status_code == 200
    for line in answer.iter_lines():
        yield json.loads(line)


def trying(visitor: Visitor, code: str) -> Any:
    body = {"code": code, "params": "", "data": "data"}
    return visitor.http.stream("POST", "/models/m1/try", json=body, headers={"X-Form-Token": visitor.token()})


def test_a_code_is_tried_with_progress_and_nothing_is_kept(visitor, site):
    with site.database.reading() as session:
        before = session.query(Metric).count()
    with trying(visitor, COUNT) as answer:
        lines = list(lines_of(answer))
    progress = [line["progress"] for line in lines]
    assert progress == sorted(progress) and progress[-1] == 100
    assert lines[-1]["status"] == "success" and lines[-1]["value"] == pytest.approx(200, abs=2)
    with trying(visitor, WRONG) as answer:
        refused = list(lines_of(answer))[-1]
    assert refused["status"] == "failed" and refused["problems"][0]["line"] == 1
    with site.database.reading() as session:
        assert session.query(Metric).count() == before


def test_whoever_leaves_cancels_what_is_tried(visitor, site):
    drafts = site.app.state.service.drafts
    with trying(visitor, SLOW) as answer:
        assert next(lines_of(answer))["status"] == "pending"
        assert drafts.running == 1
    wait_until(lambda: drafts.running == 0)


def test_a_rule_is_added_and_deleted_by_its_form(visitor):
    rules = "/metric/k1/rules"
    sent = {
        "name": "low",
        "what": "below",
        "level": "0.5",
        "for": "2",
        "minimum_rows": "10",
        "segments": "overall",
    }
    for wrong in ({"level": "much"}, {"level": ""}, {"for": "0"}, {"name": ""}, {"url": "http://127.0.0.1/"}):
        answer = visitor.send(rules, {**sent, **wrong}, rules)
        assert answer.status_code == 422 and "alert" in answer.text and Seen(answer.text).wrong() == []
    assert visitor.send(rules, sent, rules).status_code == 303
    seen = visitor.get(rules)
    assert "below 0.5 for 2 windows, of at least 10 rows, on all data only" in seen.text
    [delete] = [a["action"] for tag, a in seen.tags if tag == "form" and "delete" in a["action"]][1:]
    assert visitor.http.post(delete).status_code == 403
    assert visitor.send(delete, {}, rules).status_code == 303
    assert "below 0.5" not in visitor.get(rules).text
