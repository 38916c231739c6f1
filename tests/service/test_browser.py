"""The pages in a real browser, if there is one: from signing in to a registered metric and its chart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.service.store.tables import ModelVersion, StoredDataset
from tests.service.hostile_site import Site

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
SIZES = ((1280, 860), (390, 844))
PAGES = (
    "/", "/models/m1", "/metric/k1?data=m1v", "/metric/k1/segments?data=m1v", "/metric/k1/code",
    "/metric/k1/rules", "/runs", "/runs/run1", "/models/m1/new", "/metric/k1/edit", "/nothing",
)  # fmt: skip
GOOD = "def calc_metric(df):\n    print('<b>seen</b>')\n    return float(df.count())\n"
SLOW = "def calc_metric(df):\n    n = 0\n    for i in range(4000000000):\n        n = n + i\n    return n\n"
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def opened(site: Site, payments: Path) -> Iterator[Opened]:
    """Pages of a signed-in browser of some size, in light or dark; what they ask elsewhere fails."""
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "there is no chromium"
        pytest.skip("there is no chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with site.database.session() as session:
        session.add(StoredDataset(id="real", model_id="m1", source=str(payments), timestamp="ts"))
        session.flush()
        session.add(ModelVersion(id="data", model_id="m1", name="real", serving_id="real"))
    strange: list[str] = []

    def listen(page: Any) -> None:
        page.set_default_timeout(60_000)
        page.on("request", lambda one: None if one.url.startswith(site.url) else strange.append(one.url))
        page.on("dialog", lambda dialog: strange.append(dialog.message))
        page.on("pageerror", lambda error: strange.append(str(error)))
        page.on("console", lambda one: strange.append(one.text) if "Content Security" in one.text else None)

    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def open_page(width: int = 1280, height: int = 860, theme: str = "light", **more: Any) -> Any:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, base_url=site.url, **more
            )
            page = context.new_page()
            listen(page)
            page.goto("/")
            page.fill("#key", site.key)
            page.click("button.main")
            page.wait_for_selector("text=Sign out")
            return page

        yield open_page
        browser.close()
    assert strange == []


def keep(page: Any, name: str) -> None:
    """Keep a screenshot, where whoever runs the tests wants some."""
    if folder := os.environ.get("CALCMETRIC_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.parametrize(("size", "theme"), [(SIZES[0], "light"), (SIZES[1], "dark")], ids=["wide", "narrow"])
def test_pages_are_accessible_and_fit(opened, size, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(*size, theme, bypass_csp=True)
    wrong = {}
    for path in PAGES:
        page.goto(path)
        for shown in ("dark" if theme == "light" else "light", theme):
            page.emulate_media(color_scheme=shown)
            keep(page, f"{path.strip('/').partition('?')[0].replace('/', '-') or 'models'}-{size[0]}-{shown}")
        assert page.evaluate("document.documentElement.scrollWidth") == size[0], path
        found = axe.run(page)
        if found.violations_count:
            wrong[path] = [
                (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0].get("failureSummary", "")[:300])
                for one in found.response["violations"]
            ]
    assert wrong == {}
    page.context.close()


def test_from_the_form_to_a_registered_metric(opened):
    page = opened()
    page.goto("/models/m1/new")
    page.fill("#name", "counted")
    page.fill("#code", "import os\n" + GOOD)
    page.wait_for_selector(".list-of-problems li[data-line='1']")
    assert page.locator(".gutter .bad").inner_text() == "! 1"
    page.keyboard.press("Escape")
    page.click(".list-of-problems a")
    assert page.evaluate("document.activeElement.id") == "code"
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(GOOD)
    page.wait_for_selector("#found:has-text('no problem was found')")
    page.select_option("#data", label="real")
    page.click(".begin")
    page.wait_for_selector(".outcome table")
    assert "It works on this data" in page.inner_text(".outcome") and "<b>seen</b>" in page.inner_text(
        ".outcome pre"
    )
    keep(page, "tried")
    page.click("button.main")
    page.wait_for_selector("h1:has-text('counted')")
    page.click("text=Change the code")
    page.wait_for_selector("#found:has-text('no problem was found')")
    page.fill("#code", SLOW)
    page.select_option("#data", label="real")
    page.click(".begin")
    page.click(".cancel")
    page.wait_for_selector(".outcome:has-text('It was cancelled')")
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
