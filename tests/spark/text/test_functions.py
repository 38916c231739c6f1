"""Every function that anybody can name is classified: a new release fails here with the list of new ones."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pyspark.sql.connect as connect
import pytest
from pyspark.sql.connect.functions import builtin

from engine.spark.text import classify, known_functions
from engine.spark.text.function_table import (
    ALLOWED,
    NON_DETERMINISTIC,
    ORDER_SENSITIVE,
    REFUSED,
    TABLE_FUNCTIONS,
)
from tests.spark.text.python_only import PYTHON_ONLY

_SENT = re.compile(
    r"(?:UnresolvedFunction|_invoke\w*|_bin_op|_unary_op|_reverse_op|_func_op|_fn)"
    r"\(\s*(?:name=)?[\"']([^\"']+)[\"']"
)


def test_no_function_stands_in_two_places() -> None:
    names = [name for *_, text in (*ALLOWED, *REFUSED) for name in text.split()]
    assert len(names) == len(set(names))
    assert all(name == name.lower() and name.isascii() for name in names)


def test_marks_belong_to_allowed_functions() -> None:
    allowed = {name for name, rule in known_functions().items() if rule.allowed}
    for marked in (TABLE_FUNCTIONS, NON_DETERMINISTIC, ORDER_SENSITIVE):
        assert marked <= allowed


def test_every_rule_has_a_reason_that_reads_as_a_clause() -> None:
    for name, rule in known_functions().items():
        assert rule.reason[0].islower(), name
        assert not rule.reason.endswith("."), name
        assert rule.allowed or rule.hint, name


def test_every_public_function_of_pyspark_is_classified() -> None:
    public = {
        name
        for name, value in vars(builtin).items()
        if inspect.isfunction(value) and not name.startswith("_") and value.__module__ == builtin.__name__
    }
    assert len(public) > 500
    assert sorted(public - known_functions().keys() - PYTHON_ONLY.keys()) == []


def test_every_name_that_the_client_sends_is_classified() -> None:
    sent = set()
    for path in Path(inspect.getfile(connect)).parent.rglob("*.py"):
        sent |= set(_SENT.findall(path.read_text(encoding="utf-8")))
    assert len(sent) > 400
    assert sorted(name for name in sent if name.lower() not in known_functions()) == []


@pytest.mark.parametrize(
    "name", ["reflect", "REFLECT", "Java_Method", "input_file_name", "my_udf", "", "\u212alog"]
)
def test_refused(name: str) -> None:
    assert not classify(name).allowed


def test_letters_that_fold_to_ascii_do_not_pass() -> None:
    assert classify("skewness").allowed
    assert not classify("\u017fkewness").allowed
    assert not classify("s\u212aewness").allowed


def test_what_a_function_does_to_rows_is_told() -> None:
    assert classify("AVG").kind == "aggregate"
    assert classify("row_number").kind == "window"
    assert classify("explode").kind == "generator"
    assert classify("+").kind == "operator"
    assert not classify("rand").deterministic
    assert classify("collect_list").order_sensitive
    assert classify("range").table
    assert not classify("abs").table
