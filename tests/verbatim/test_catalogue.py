"""Of every refusal there is code that is refused with it, and code that works in its place."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from engine import Dataset, Engine, SourceRefused
from engine.models.codes import REFUSALS
from engine.models.layers import Layers
from sandbox.language import CODES
from tests.servers import engine_on
from tests.verbatim.catalogue import GATEWAY, LANGUAGE, NOBODYS

DATA = Dataset(pa.table({"g": ["a", "b"], "x": [1, 2]}))
HEAD = "from pyspark.sql import functions as F, types as T\n"


def source_of(text: str) -> bytes:
    """A whole metric; a lone surrogate stands for a byte that is no UTF-8."""
    if "def calc_metric" not in text and "def metric" not in text and "class calc_metric" not in text:
        text = (
            "" if text.startswith("# nothing") else "def calc_metric(df):\n" + textwrap.indent(text, "    ")
        )
    return f"{text}\n".encode("utf-8", "surrogateescape")


@pytest.fixture(scope="module")
def without_language(native_backend: Any, shared_options: dict[str, Any]) -> Iterator[Engine]:
    """The gateway alone; some of what it refuses never comes so far."""
    with engine_on(native_backend, **shared_options, layers=Layers(language=False)) as engine:
        yield engine


def codes_of(engine: Engine, source: bytes) -> set[str]:
    try:
        run = engine.evaluate(source, DATA)
    except SourceRefused as refused:
        return {problem.code for problem in refused.problems}
    found = {problem.code for problem in engine.check(source)}
    error = run.overall.error
    return found if error is None else {*found, error.code}


def check_works(engine: Engine, source: bytes) -> None:
    assert engine.check(source) == ()
    (result,) = engine.evaluate(source, DATA).results
    assert result.status == "ok", result.error


@pytest.mark.parametrize("code", LANGUAGE)
def test_of_the_language(native_engine, code):
    refused, works = LANGUAGE[code]
    assert code in codes_of(native_engine, source_of(refused))
    check_works(native_engine, source_of(works))


# What works in place of these is not answered natively.
ON_SPARK = ("plan-too-large", "range-refused", "schema-refused", "sql-subquery")


@pytest.mark.slow
@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=pytest.mark.spark) if code in ON_SPARK else code for code in GATEWAY]
)
def test_of_the_gateway(native_engine, without_language, code):
    refused, works = (HEAD.encode() + source_of(text) for text in GATEWAY[code])
    assert codes_of(without_language, refused) == {code}
    assert codes_of(native_engine, refused), "the language may refuse it first"
    check_works(native_engine, works)


def test_every_refusal_has_its_pair():
    assert LANGUAGE.keys() == CODES.keys()
    assert GATEWAY.keys() | NOBODYS == REFUSALS.keys()
