"""What authors type, of the language and of numpy, pandas and scipy: in the sandbox as outside."""

from __future__ import annotations

import builtins
import textwrap
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from tests.language.running import codes_when_run, compile_text, errors_of, run

HERE = Path(__file__).parent
ORDINARY: Final = tuple((HERE / "ordinary.txt").read_text("utf-8").splitlines())
SCIENCE: Final = tuple((HERE / "science.txt").read_text("utf-8").splitlines())
STANDARD: Final = ("standard",)

HEAD: Final = """
import numpy as np
import pandas as pd
import scipy
from scipy import integrate, interpolate, optimize, spatial, special, stats
from scipy.spatial import distance
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

rng = np.random.default_rng(7)
x, y, w = rng.uniform(size=40), rng.uniform(size=40), rng.uniform(size=40)
k = rng.integers(0, 4, 40)
z = np.where(x > 0.8, np.nan, x)
m = np.array([[2.0, 1.0], [1.0, 3.0]])
p = pd.DataFrame({"a": x, "b": y, "c": z, "g": np.array(list("uvwu"))[k], "h": np.array(list("rs"))[k % 2]})
p["t"] = pd.date_range("2026-01-01", periods=40, freq="3h")
p["l"] = [[1, 2]] * 40

def calc_metric(df):
    return """

# What stays refused, and why; everything else gives what Python gives.
REFUSED_WORDS: Final = {
    "__private": "a name that Python mangles",
    "__getattr__": "attributes of its own making would pass the guards",
    "__new__": "how objects are made is Python's",
    "__slots__": "a name of Python's own",
    "__match_args__": "a class pattern reads attributes in C",
    "singledispatch": "it keeps a register of types for the whole process",
    "import sys": "a metric knows no interpreter",
    "import os": "metrics read no files",
    "time.time()": "the machine's clock, as the run has no as_of",
    "import logging": "use print",
    "import io": "metrics read no files",
    "eval(": "text is not run as code",
    "vars()": "scopes are Python's own",
    "open(": "metrics read no files",
    "globals()": "scopes are Python's own",
    "async def": "async code is not available",
    "id(3)": "addresses differ from run to run",
    "ExceptionGroup": "except* is not available",
    "memoryview": "raw memory",
    'type("X"': "a class without a class statement",
    "__len__()": "a method with underscores that the syntax calls",
    "__class__": "use type(x)",
    "__cause__": "errors lead to frames",
}


def source_of(idiom: str) -> str:
    return "def calc_metric(df):\n" + textwrap.indent(idiom.replace("\\n", "\n"), "    ")


def plainly(source: str) -> Any:
    namespace: dict[str, Any] = {"__name__": __name__, "__builtins__": builtins}
    exec(compile(source, "metric", "exec"), namespace)
    return namespace["calc_metric"](None)


def is_refused(idiom: str) -> bool:
    return any(words in idiom for words in REFUSED_WORDS)


@pytest.mark.parametrize("idiom", [one for one in ORDINARY if not is_refused(one)])
def test_ordinary_python_is_what_it_is_outside(idiom):
    source = source_of(idiom)
    assert same(run(source, extra_imports=STANDARD), plainly(source))


@pytest.mark.parametrize("idiom", [one for one in ORDINARY if is_refused(one)])
def test_what_stays_refused_is_refused_with_a_hint(idiom):
    source = source_of(idiom)
    program = compile_text(source, extra_imports=STANDARD)
    assert all(problem.hint for problem in errors_of(program))
    assert errors_of(program) or codes_when_run(source, extra_imports=STANDARD)


def test_most_of_the_language_is_open():
    refused = [idiom for idiom in ORDINARY if is_refused(idiom)]
    assert len(ORDINARY) >= 144 and len(ORDINARY) - len(refused) >= 130
    assert {words for words in REFUSED_WORDS if not any(words in idiom for idiom in refused)} == set()


@pytest.mark.parametrize(
    "idiom",
    [pytest.param(idiom, marks=() if at % 6 == 0 else pytest.mark.slow) for at, idiom in enumerate(SCIENCE)],
)
def test_science_gives_the_numbers_that_it_gives_outside(idiom):
    source = f"{HEAD}{idiom}\n"
    assert same(run(source), plainly(source))


def test_there_is_enough_of_science():
    assert len(set(SCIENCE)) == len(SCIENCE) >= 255


def same(one: Any, other: Any) -> bool:
    """Whether two values are alike to the last digit, in type and in order."""
    if isinstance(one, (pd.DataFrame, pd.Series, pd.Index)):
        equals: Any = one.equals
        return type(one) is type(other) and bool(equals(other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(type(one) is type(other) or repr(one) == repr(other)) and (one == other or (one != one))
