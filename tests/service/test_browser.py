"""The pages in a real browser, if there is one: from signing in to a registered metric and its chart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import Engine
from engine.service.app import make_app
from engine.service.library import run_due
from engine.service.settings import Settings
from tests.pictures import SIZES, themes
from tests.service.conftest import connect, make_client, serving
from tests.service.hostile_site import Site

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
PAGES = (
    "/", "/models/m1", "/metric/k1?data=m1v", "/metric/k1/segments?data=m1v", "/metric/k1/code",
    "/metric/k1/rules", "/runs", "/runs/run1", "/models/m1/new", "/metric/k1/edit", "/nothing",
)  # fmt: skip
MEAN = """from pyspark.sql import functions as F


def calc_metric(df):
    print("<b>seen</b>")
    return df.agg(F.avg("age")).first()[0]
"""
SLOW = "def calc_metric(df):\n    n = 0\n    for i in range(4000000000):\n        n = n + i\n    return n\n"
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browse() -> Iterator[Opened]:
    """Signs in with a browser of some size, in light or dark; what it asks elsewhere fails."""
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "there is no chromium"
        pytest.skip("there is no chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    strange: list[str] = []

    def listen(page: Any, url: str) -> None:
        page.set_default_timeout(60_000)
        page.on("request", lambda one: None if one.url.startswith(url) else strange.append(one.url))
        page.on("dialog", lambda dialog: strange.append(dialog.message))
        page.on("pageerror", lambda error: strange.append(str(error)))
        page.on("console", lambda one: strange.append(one.text) if "Content Security" in one.text else None)

    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def sign_in(url: str, key: str, size: tuple[int, int] = SIZES[0], **more: Any) -> Any:
            viewport = {"width": size[0], "height": size[1]}
            page = browser.new_context(viewport=viewport, base_url=url, **more).new_page()
            listen(page, url)
            page.goto("/")
            page.fill("#key", key)
            page.click("button.main")
            page.wait_for_selector("text=Sign out")
            return page

        yield sign_in
        browser.close()
    assert strange == []


@pytest.fixture
def opened(browse: Opened, site: Site) -> Opened:
    """The same for the service whose every text is an enemy's."""
    return lambda *size, **more: browse(site.url, site.key, *size, **more)


@dataclass
class Shop:
    """A service with one model of real data, and the key of its workspace."""

    url: str
    key: str
    settings: Settings


@pytest.fixture
def shop(tmp_path: Path, engine: Engine, payments: Path) -> Iterator[Shop]:
    roots = (f"*={payments.parent}",)
    settings = Settings(database=f"sqlite:///{tmp_path}/shop.db", data_roots=roots, calculate=False)
    with serving(make_app(settings, engine=engine)) as url, connect(url) as http:
        client = make_client(http, settings)
        client.model(payments, name="payments", retention="15d", segments=[{"by": "country"}])
        yield Shop(url, client.key, settings)


@pytest.mark.parametrize("size", SIZES, ids=["wide", "narrow"])
def test_pages_are_accessible_and_fit(opened, size):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(size, bypass_csp=True)
    wrong = {}
    for path in PAGES:
        page.goto(path)
        name = path.strip("/").partition("?")[0].replace("/", "-") or "models"
        for theme in themes(page, f"hostile-{name}"):
            assert page.evaluate("document.documentElement.scrollWidth") == size[0], path
            found = axe.run(page)
            if found.violations_count:
                wrong[path, theme] = [
                    (
                        one["id"],
                        one["nodes"][0]["html"][:200],
                        one["nodes"][0].get("failureSummary", "")[:300],
                    )
                    for one in found.response["violations"]
                ]
    assert wrong == {}
    page.context.close()


@pytest.mark.parametrize("size", SIZES, ids=["wide", "narrow"])
def test_from_signing_in_to_a_registered_metric_and_its_chart(browse, shop, engine, size):
    page = browse(shop.url, shop.key, size)

    def look(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") == size[0], name
        list(themes(page, name))

    page.click("text=payments")
    page.click("text=New metric")
    page.fill("#name", "mean age")
    page.fill("#code", "import os\n" + MEAN)
    page.wait_for_selector(".list-of-problems li[data-line='1']")
    assert page.locator(".gutter .bad").inner_text() == "! 1"
    look("form-with-a-problem")
    page.keyboard.press("Escape")
    page.click(".list-of-problems a")
    assert page.evaluate("document.activeElement.id") == "code"
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(MEAN)
    page.wait_for_selector("#found:has-text('no problem was found')")
    page.click(".begin")
    page.wait_for_selector(".outcome table")
    assert "It works on this data" in page.inner_text(".outcome")
    assert "<b>seen</b>" in page.inner_text(".outcome pre")
    look("form-tried")
    page.click("button.main")
    page.wait_for_selector("h1:has-text('mean age')")
    run_due(datetime.now(UTC), shop.settings, engine=engine)
    page.reload()
    assert page.locator(f"svg.chart.{'wide' if size == SIZES[0] else 'small'} polyline").first.is_visible()
    look("metric")
    page.click("nav.tabs >> text=Segments")
    assert page.locator("table.heat tbody tr").count() == 3
    look("metric-segments")
    page.click("nav.tabs >> text=Rules")
    page.fill("#rule-name", "old")
    page.fill("#level", "60")
    page.click("button.main")
    page.wait_for_selector("h2:has-text('old')")
    look("metric-rules")
    page.click("text=Change the code")
    page.wait_for_selector("#found:has-text('no problem was found')")
    page.fill("#code", SLOW)
    page.click(".begin")
    page.click(".cancel")
    page.wait_for_selector(".outcome:has-text('It was cancelled')")
    for path, name in (("/", "models"), ("/runs", "runs")):
        page.goto(path)
        look(name)
    page.click("nav >> text=Models")
    page.click("text=payments")
    look("model")
    page.context.close()


def test_a_reader_uses_the_keyboard_and_picks_a_segment(opened):
    page = opened()
    page.goto("/metric/k1?data=m1v")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.select_option("#segment", index=1)
    page.wait_for_url("**segment=**")
    assert page.locator("svg.chart.wide polyline").count() > 0
    assert page.locator("svg.chart.wide text.sign").count() > 0
    page.context.close()


def test_another_site_can_neither_send_a_form_nor_frame_a_page(opened, site):
    page = opened()
    page.context.route(
        "https://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<form method=post action='{site.url}/sign-out'><button>win</button></form>"
            f"<iframe src='{site.url}/'></iframe>",
        ),
    )
    other = page.context.new_page()
    other.goto("https://evil.example/")
    assert all("Sign out" not in frame.content() for frame in other.frames)
    other.click("button")
    other.wait_for_load_state()
    assert "not from a page of this session" in other.content()
    page.reload()
    assert page.locator("text=Sign out").count() == 1
    page.context.close()
