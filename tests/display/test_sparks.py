"""Sparklines and bars of the terminal."""

from __future__ import annotations

import io
import sys

from rich.console import Console

from engine.cli.output import print_table
from engine.display.sparks import bar, sparkline
from tests.display.shown import a_run


def test_a_sparkline_shows_each_number_and_its_gaps() -> None:
    assert sparkline([0, 1, None, 2, 7], 20) == "▁▂ ▃█"
    assert sparkline([3.0, 3.0], 20) == "▅▅"
    assert sparkline([None, None], 20) == "  "
    assert sparkline([], 20) == ""


def test_a_long_sparkline_shows_the_newest() -> None:
    assert sparkline([9, 0, 7], 2) == "▁█"


def test_numbers_as_large_as_floats_get() -> None:
    huge = sys.float_info.max
    assert sparkline([-huge, 0.0, huge], 20) == "▁▅█" and bar(huge, huge, 10) == "█" * 10


def test_a_bar_is_as_long_as_its_share() -> None:
    assert bar(10, 10, 10) == "█" * 10 and bar(-5, 10, 10) == "█" * 5 and bar(0.5, 10, 10) == "▌"
    assert bar(None, 10, 10) == "" and bar(0.0, 0.0, 10) == ""


def printed(width: int) -> str:
    print_table(Console(file=(file := io.StringIO()), width=width), a_run(["DE", "FR"], 8))
    return file.getvalue()


def test_the_table_has_pictures_where_there_is_room() -> None:
    wide = printed(120)
    assert "▅" in wide and "█" in wide and "series" in wide
    assert "▅" not in printed(99) and "series" not in printed(99)
