"""Cells of CSV that a spreadsheet would compute are shown instead."""

from __future__ import annotations

import pytest

from engine.results.csv import csv_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1",
     "\uff1d1", "--1", "-", "=\uff11"],
)  # fmt: skip
def test_a_text_that_opens_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["", "country = DE", "-5", "+1.5e3", "a=1", "'=1", -5, -1.5, 0, True])
def test_other_values_stay_as_they_are(value: object) -> None:
    assert csv_cell(value) is value
