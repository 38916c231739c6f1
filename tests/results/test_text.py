"""Guest text is shown without hidden characters and host paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.results import clean_text
from engine.results.text import TextBudget


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ünïcode 😀 text", "plain ünïcode 😀 text"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x9b2Jgone", "gone"),
        ("a\x00b\x08c\rd\x7f", "abcd"),
        ("\u202egnp.exe", "gnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ('File "/usr/lib/python3/site-packages/numpy/x.py", line 3', 'File "x.py", line 3'),
        ("no file:/home/ann/secret/data.parquet", "no data.parquet"),
        ("no file:///home/ann/data.parquet", "no data.parquet"),
        ("km/h and 1/2 and 2026/11/01", "km/h and 1/2 and 2026/11/01"),
        ("a /b ratio", "a /b ratio"),
    ],
)
def test_examples(text, expected):
    assert clean_text(text) == expected


def test_long_text_is_cut_and_marked():
    cut = clean_text("x" * 5000, 100)
    assert len(cut) == 100
    assert cut.endswith("(cut)")


@given(st.text(), st.integers(20, 50))
def test_the_result_can_be_printed_and_stays_within_its_cap(text, cap):
    shown = clean_text(text, cap)
    assert len(shown) <= cap
    assert shown.encode("utf-8").decode() == shown
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)


def test_texts_share_their_room_and_what_is_cut_is_marked_each_time():
    budget = TextBudget(10, "|")
    assert [budget.fit(text) for text in ("1234", "", "567890", "", "x")] == ["1234", "", "567890", "", "|"]
    budget = TextBudget(3, "|")
    assert [budget.fit(text) for text in ("12", "3456", "7")] == ["12", "3|", "|"]
