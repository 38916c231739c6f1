"""What reports and notebooks show, and that nothing of it is more than text."""

from __future__ import annotations

import html.parser
import re

import pytest

from engine import Problem, Progress, RunPlan
from engine.display.charts import SHAPES
from engine.display.pages import problems_cell, report_page
from engine.display.sheets import SIGNS
from engine.models.frame import Frame, Segment
from engine.models.problems import Problems
from engine.models.result import STATUSES
from engine.runs.plan import PlannedQuestion
from tests.cli.snapshots import compared, one_number, planned, several_numbers
from tests.display.shown import HOSTILE, a_run, hostile_run

_TAGS = (
    "html head meta title style body header h1 h2 h3 p nav main section div table caption thead tbody tr th "
    "td svg polyline circle rect line text dl dt dd a b span ul li i br code pre details figure figcaption "
    "summary progress"
)
OURS = set(_TAGS.split())
LINKS = {
    "href",
    "src",
    "srcset",
    "action",
    "formaction",
    "data",
    "xlink:href",
    "srcdoc",
    "style",
    "background",
}


class Reader(html.parser.HTMLParser):
    """The tags, attributes and texts of a page, as a browser would find them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def hostile_page() -> str:
    return report_page([hostile_run()])


def check_harmless(page: str) -> Reader:
    read = Reader(page)
    assert read.tags <= OURS
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    addresses = {value for name, value in read.attributes if name in LINKS}
    assert all(re.match(r"#m\d+$", one) for one in addresses), addresses
    return read


def test_hostile_texts_stay_texts_in_a_report(hostile_page):
    read = check_harmless(hostile_page)
    assert not [text for text in HOSTILE if text not in read.text]
    assert "49" not in read.text.replace("2026", "")


def test_a_report_forbids_scripts_to_itself(hostile_page):
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', hostile_page)
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "script" not in policy
    assert "unsafe" not in policy


def test_a_report_draws_lines_by_segment_all_on_one_scale():
    page = report_page([a_run(["DE", *HOSTILE], 5), a_run([], 1_200)])
    check_harmless(page)
    charts = re.findall(r'<svg class="chart (\w+)".*?</svg>', page, re.DOTALL)
    assert charts == ["one"] * 9 + ["wide", "small"]
    ticks = [
        re.findall(r'text-anchor="end">([^<]*)</text>', chart)
        for chart in re.findall(r'<svg class="chart one".*?</svg>', page, re.DOTALL)
    ]
    assert ticks[0] and all(one == ticks[0] for one in ticks)
    text = Reader(page).text
    assert "The first 9 of 14 segments are drawn here" in text
    assert "The newest 1,000 of 1,200 windows are drawn here" in text


@pytest.mark.parametrize(
    "cell",
    [
        lambda: hostile_run()._repr_html_(),
        lambda: hostile_run().results[5]._repr_html_(),
        lambda: problems_cell([Problem(1, 2, "code", text, text) for text in HOSTILE]),
        lambda: RunPlan(
            tuple(Frame(place, Segment(text, text, "string")) for place, text in enumerate(HOSTILE)),
            (1,) * len(HOSTILE), (), 1, 1, (),
            questions=(PlannedQuestion(HOSTILE[0], "spark", HOSTILE[1], 1),),
        )._repr_html_(),
    ],
    ids=["run", "result", "problems", "plan"],
)  # fmt: skip
def test_hostile_texts_stay_texts_in_notebooks(cell):
    read = check_harmless(cell())
    assert HOSTILE[0] in read.text and HOSTILE[1] in read.text


def test_a_report_tells_numbers_statuses_errors_and_what_was_cut():
    text = Reader(report_page([one_number(), several_numbers(), compared()])).text
    for shown in ("average_age", "1234.57", "country = DE", "ZeroDivisionError", "check that the divisor",
                  "12 rows in no segment", "quality: recall", "baseline rows", "above = 0.5", "first: 30d",
                  "all 3,000", "all rows are fetched"):  # fmt: skip
        assert shown in text


def test_a_heat_map_shows_each_number_and_tells_statuses_by_a_sign():
    page = report_page([a_run(["DE", "FR"], 8)])
    cells = re.findall(r"<td class=(\w+)(?: title=\"(\w+)\")?>([^<\n]*)", page)
    assert len(cells) == 3 * 8 and {kind for kind, _, _ in cells} > {"h0", "h7", "b"}
    assert {(title, text) for kind, title, text in cells if kind == "b"} == {("raised", "!")}
    assert "calc_metric raised an exception" in page


def test_what_a_report_leaves_out_it_says():
    text = Reader(report_page([a_run([str(n) for n in range(1_005)]), a_run(["DE"], 130)])).text
    assert "The first 1,000 of 1,006 segments are shown here" in text
    assert "The newest 120 of 130 windows are shown here" in text


def test_a_large_report_is_small():
    page = report_page([a_run([f"country {n}" for n in range(200)], 90)])
    assert page.count("<td class=h") + page.count("<td class=b") == 201 * 90
    assert len(page.encode()) < 3_000_000


def test_a_run_in_a_notebook_has_bars_or_sparklines():
    assert "<rect" in a_run(["DE"])._repr_html_() and "<polyline" not in a_run(["DE"])._repr_html_()
    assert "<polyline" in a_run(["DE"], 5)._repr_html_()


def test_progress_plans_and_problems_in_a_notebook():
    assert 'value="40"' in Progress("calculating", 2, 5)._repr_html_()
    assert "the function hll_sketch_agg" in planned()._repr_html_()
    assert "no problem was found" in Problems()._repr_html_()
    assert Problems((Problem(3, 4, "x", "m"),)) == (Problem(3, 4, "x", "m"),)


def test_every_status_has_a_sign_and_a_shape_of_its_own():
    assert SIGNS.keys() == STATUSES.keys() and len(set(SIGNS.values())) == len(SIGNS)
    assert SHAPES.keys() == STATUSES.keys() - {"ok"} and len(set(SHAPES.values())) == len(SHAPES)
