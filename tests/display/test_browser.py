"""The report in a real browser, if there is one: Debian's chromium, and the extra `browser`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.display.saving import save_runs
from tests.display.shown import a_run, hostile_run
from tests.pictures import SIZES, themes

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_a_report_runs_nothing_asks_nobody_and_fits(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    runs = [hostile_run(), a_run([f"country {n}" for n in range(200)], 90), a_run(["DE"])]
    save_runs(runs, tmp_path / "report.html")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))  # noqa: B023
            page.on("console", lambda message: asked.append(message.text))  # noqa: B023
            page.on("dialog", lambda dialog: asked.append(dialog.message))  # noqa: B023
            page.goto((tmp_path / "report.html").as_uri())
            assert asked == [(tmp_path / "report.html").as_uri()]
            # Nothing but its own tables scrolls sideways, and its charts were drawn.
            assert page.evaluate("document.documentElement.scrollWidth") == width
            heights = (
                "[...document.querySelectorAll('svg.chart')].map(one => one.getBoundingClientRect().height)"
            )
            assert max(page.evaluate(heights)) > 100
            assert page.evaluate("document.scripts.length") == 0
        # Paper does not scroll: the widest table of 90 windows fits on a sheet of A4, labels and all.
        page.set_viewport_size({"width": 718, "height": 1000})
        page.emulate_media(media="print")
        rights = "[...document.querySelectorAll('table')].map(one => one.getBoundingClientRect().right)"
        assert page.evaluate(f"Math.max(...{rights})") <= 718
        browser.close()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
@pytest.mark.parametrize("size", SIZES, ids=["wide", "narrow"])
def test_a_report_and_a_notebooks_cell_are_accessible_in_light_and_dark(tmp_path: Path, size) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    run = a_run(["DE", "FR", "GB", "US"], 30)
    save_runs([run], tmp_path / "report.html")
    begin = "<!doctype html><html lang=en><title>notebook</title><main><h1>A notebook</h1>"
    (tmp_path / "notebook.html").write_text(
        f"{begin}{run._repr_html_()}{a_run(['DE', 'FR'], metric='other')._repr_html_()}"
    )
    wrong = {}
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        viewport = {"width": size[0], "height": size[1]}
        page = browser.new_context(viewport=viewport, bypass_csp=True).new_page()
        for name in ("report", "notebook"):
            page.goto((tmp_path / f"{name}.html").as_uri())
            for theme in themes(page, name):
                found = axe.run(page)
                if found.violations_count:
                    wrong[name, theme] = [
                        (one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]
                    ]
        browser.close()
    assert wrong == {}
