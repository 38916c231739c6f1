"""Spark's functions by its own examples: native answers are what Spark gave, and the page says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from docs.tools import native_coverage
from engine.spark.text.functions import known_functions
from tests.spark.native.examples import arguments_of, named, parts_of, read_examples
from tests.spark.native.probing import probe

EXAMPLES = read_examples()


# A fixed part of the functions by default, all of them in the slow tests.
_PARTS = [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 8))]


@pytest.mark.parametrize("part", _PARTS)
def test_the_page_says_what_becomes_of_each_example(part: int, tmp_path: Path) -> None:
    found = probe({name: EXAMPLES[name] for name in sorted(EXAMPLES)[part::8]}, tmp_path)
    assert not {name: one for name, one in found.items() if one.verdict == "different"}
    lines = set(native_coverage.PAGE.read_text().splitlines())
    missing = set(native_coverage.lines_of(found)) - lines
    assert not missing, "run: python -m docs.tools.native_coverage"


def test_the_page_has_every_function_and_counts_them() -> None:
    page = native_coverage.PAGE.read_text()
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(lines) == len(EXAMPLES)
    answered = Counter(line.replace("\\|", "").split(" | ")[1] for line in lines)
    assert answered["native"] >= 250
    assert answered.keys() == {"native", "Spark's", "refused"}
    assert native_coverage.counted(answered) in page


def test_every_function_of_spark_is_known_to_the_checks() -> None:
    assert len(EXAMPLES) > 400
    assert set(EXAMPLES) <= set(known_functions())


def test_examples_are_taken_apart() -> None:
    assert parts_of("a, f(b, c), 'd, e'") == ["a", " f(b, c)", " 'd, e'"]
    assert arguments_of("locate('a', b)") == ("locate(", ["'a'", " b"], ")", ",")
    assert arguments_of("3 & 5") == ("", ["3", "5"], "", " & ")
    assert arguments_of("CASE WHEN a THEN b END")[1] == []
    assert named("f(a), b AS c") == "f(a), b AS c"
    assert named("f(a), b") == "f(a) AS r0, b AS r1"
