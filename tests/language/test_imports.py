"""Exactly the listed modules can be imported, in every form of the statement."""

# ruff: noqa: E501 - the sources under test are easier to read on one line

import sys

import pytest
from pyspark.errors.exceptions import connect

from sandbox.language.imports import IMPORTABLE
from tests.language.running import codes_when_run, compile_text, errors_of, run

FORMS = {
    "import numpy as np": "np.sum([1, 2])",
    "import numpy": "numpy.linalg.norm([3.0])",
    "import numpy.core._methods": "numpy.sum([3])",
    "import numpy.core._methods as m": "3 if m else 0",
    "from numpy.core import _methods": "3 if _methods else 0",
    "from numpy.core import _methods as m": "3 if m else 0",
    "from numpy.core._methods import _mean as mean": "mean(np.array([3.0]))\nimport numpy as np",
    "import pandas as pd, math": "pd.Series([1]).sum() + math.sqrt(4)",
    "from pandas import Series, DataFrame as D": "Series([1]).sum() + D({'a': [2]}).a.sum()",
    "from math import *": "sqrt(9)",
    "from math import floor as f, ceil": "f(1.5) + ceil(1.5)",
    "import scipy": "scipy.special.comb(3, 1)",
    "import scipy.stats": "scipy.stats.rankdata([1, 2, 3])[2]",
    "import scipy.stats as st": "st.rankdata([1, 2, 3])[2]",
    "from scipy import stats, spatial": "stats.rankdata([1, 2, 3])[2] + spatial.distance.euclidean([0], [0])",
    "from scipy.stats import rankdata": "rankdata([1, 2, 3])[2]",
    "import statsmodels.stats.proportion": "3 + statsmodels.stats.proportion.proportion_effectsize(0.5, 0.5)",
    "import statsmodels": "3 + statsmodels.stats.proportion.proportion_effectsize(0.5, 0.5)",
    "from statsmodels.stats import proportion as p": "3 + p.proportion_effectsize(0.5, 0.5)",
    "from statsmodels.stats.proportion import proportion_effectsize as e": "3 + e(0.5, 0.5)",
    "import pyspark": "len([pyspark.sql.functions.col, pyspark.sql.types.LongType, pyspark.StorageLevel])",
    "import pyspark.sql.functions as F": "len([F.col, F.avg, F.lit])",
    "import pyspark.sql.functions": "len([pyspark.sql.functions.col, 1, 2])",
    "import pyspark.sql as s": "len([s.Window, s.functions.col, s.DataFrame])",
    "from pyspark import sql": "len([sql.Window, 1, 2])",
    "from pyspark.sql import functions as F, Window, DataFrame, Column, Row, types": "len([F.col, Window, types.LongType])",
    "from pyspark.sql.functions import col, avg as mean": "len([col, mean, 1])",
    "from pyspark.sql.functions import *": "len([col, when, lit])",
    "from __future__ import annotations": "3",
    # Submodules of what is open, by their own names.
    "import numpy.random": "len(numpy.random.default_rng(0).random(3))",
    "import numpy.linalg as la": "la.norm([3.0])",
    "from numpy.linalg import norm": "norm([3.0])",
    "from numpy.lib.stride_tricks import sliding_window_view as v": "len(v(np.arange(5), 3))\nimport numpy as np",
    "from numpy.random import *": "len(default_rng(0).random(3))",
    "import numpy.typing as npt": "len([npt.NDArray, npt.ArrayLike, 1])",
    "from numpy.exceptions import AxisError": "len([AxisError, 1, 2])",
    "import scipy.special": "scipy.special.comb(3, 1)",
    "import scipy.spatial.distance": "3 + scipy.spatial.distance.euclidean([0], [0])",
    "import scipy.spatial.distance as d": "3 + d.euclidean([0], [0])",
    "from scipy.optimize import brentq": "round(brentq(lambda x: x - 3, 0, 5))",
    "from scipy.stats.qmc import Sobol": "Sobol(3, seed=0).d",
    "from pandas.api.types import is_numeric_dtype": "3 * is_numeric_dtype(float)",
    "from pandas.tseries.offsets import Day": "Day(3).n",
    "import pandas.tseries.offsets": "pandas.tseries.offsets.Day(3).n",
    "import statsmodels.stats": "3 + statsmodels.stats.proportion.proportion_effectsize(0.5, 0.5)",
    "from pyspark.sql.types import LongType, StringType, DoubleType": "len([LongType, StringType, DoubleType])",
    "import pyspark.sql.types as T": "len([T.LongType, T.StringType, T.DoubleType])",
    "from pyspark.sql.types import *": "len([LongType(), StringType(), DoubleType()])",
    "from pyspark.sql.window import Window": "len([Window, 1, 2])",
    "from pyspark.errors import AnalysisException, PySparkException": "2 + issubclass(AnalysisException, PySparkException)",
    "import pyspark.errors": "len([pyspark.errors.AnalysisException, 1, 2])",
}


@pytest.mark.parametrize("statement", FORMS)
def test_form(statement):
    expression, _, second = FORMS[statement].partition("\n")
    text = f"{statement}\n{second}\ndef calc_metric(df):\n    return {expression}\n"
    assert run(text) == 3
    if "__future__" not in statement and "*" not in statement:
        inner = f"def calc_metric(df):\n    {second}\n    {statement}\n    return {expression}\n"
        assert run(inner) == 3


def test_every_spelling_gives_the_same_object():
    text = """
        import numpy as np, numpy.linalg, numpy.linalg as la
        import scipy.spatial, scipy.spatial.distance as d
        from numpy import linalg
        from numpy.linalg import norm
        from scipy.spatial import distance
        def calc_metric(df):
            same = [np.linalg is la, la is linalg, numpy.linalg.norm is norm, np.linalg.norm is norm]
            same += [distance is d, scipy.spatial.distance is d]
            return all(same)
    """
    assert run(text) is True


def test_an_exception_of_a_library_is_caught_by_its_name():
    text = """
        from pyspark.errors import AnalysisException
        def calc_metric(df):
            try:
                df()
            except AnalysisException:
                return 3
    """

    def fail():
        raise connect.AnalysisException("no such column")

    assert run(text, fail) == 3


def test_the_old_name_of_numpys_methods_finds_the_new_module():
    seen = []
    text = "import numpy.core._methods as m\nimport numpy\ndef calc_metric(df):\n    df(m, numpy.core._methods)\n    return 1\n"
    run(text, lambda *modules: seen.extend(modules))
    assert seen == [sys.modules["numpy._core._methods"]] * 2


@pytest.mark.slow
def test_snowpark_forms():
    text = """
import snowflake
import snowflake.snowpark as sp
import snowflake.snowpark.functions as F
from snowflake.snowpark import functions as G, Window
from snowflake.snowpark.functions import col, avg
def calc_metric(df):
    return len([snowflake.snowpark.functions.col, sp.DataFrame, F.avg, G.avg, Window, col, avg])
"""
    assert run(text) == 7


REFUSED = (
    "import os",
    "import os.path",
    "import sys as math",
    "import numpy, builtins",
    "import numpy.ctypeslib",
    "import numpy.core",
    "import numpy.core._methods.os",
    "import numpy._core._methods",
    "from numpy._core._methods import _mean",
    "import scipy.io",
    "from scipy.special.cython_special import j0",
    "import pandas.tseries.api",
    "import pandas.io.common",
    "from pandas.io import common",
    "from pyspark.sql.session import SparkSession",
    "from pyspark.errors.exceptions.connect import AnalysisException",
    "from pyspark.context import SparkContext",
    "import statsmodels.api as sm",
    "import pyarrow.parquet",
    "import pyarrow.fs",
    "import enum",
    "from datetime import datetime",
    "import numpyx",
    "import ",
    "from . import numpy",
    "from .numpy import mean",
    "from __future__ import barry_as_FLUFL",
    "import snowflake.connector",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_refused(statement):
    program = compile_text(f"{statement}\ndef calc_metric(df):\n    return 1\n")
    (problem,) = errors_of(program)
    assert problem.line == 1
    assert problem.code in ("import-refused", "syntax-error")
    assert problem.hint or problem.code == "syntax-error"


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("from pyspark.sql.column import Column", "from pyspark.sql import Column"),
        ("from pyspark.sql.dataframe import DataFrame", "from pyspark.sql import Column, DataFrame"),
    ],
)
def test_the_hint_names_the_way(statement, hint):
    (problem,) = errors_of(compile_text(f"{statement}\ndef calc_metric(df):\n    return 1\n"))
    assert hint in problem.hint


NAMES = (
    "from numpy import load",
    "from numpy import ctypeslib",
    "from numpy import lib, _core",
    "from numpy.core._methods import os as o",
    "from numpy.core._methods import umr_sum, pickle",
    "from pandas import read_csv",
    "from pandas import io",
    "from math import __loader__ as x",
    "from scipy import io",
    "from pyspark import SparkContext",
    "from pyspark import cloudpickle",
    "from pyspark.sql import SparkSession",
    "from pyspark.sql.functions import udtf",
    "from pyspark.sql.functions import pandas_udtf as p, col",
    "from pyarrow import fs",
    "from pyarrow import memory_map",
    "from pyarrow import OSFile",
    "from pyarrow import lib",
    "from pyarrow.compute import call_function",
    "from pyarrow.compute import register_scalar_function",
    "from pyarrow.compute import random",
    "from statsmodels.stats.proportion import np",
    "from snowflake.snowpark import Session",
    "from snowflake.snowpark.functions import sproc",
)


@pytest.mark.parametrize("statement", NAMES)
def test_refused_name(statement):
    program = compile_text(f"{statement}\ndef calc_metric(df):\n    return 1\n")
    assert {problem.code for problem in errors_of(program)} <= {"import-name-refused", "name-underscore"}
    assert errors_of(program)


def test_a_star_binds_nothing_that_is_refused():
    text = "from pyspark.sql.functions import *\ndef calc_metric(df):\n    return udtf\n"
    program = compile_text(text)
    assert errors_of(program) == []
    with pytest.raises(NameError):
        run(text)


def test_a_name_that_imports_and_code_share_is_guarded_when_it_runs():
    text = "import numpy as x\nif 1 > 2:\n    x = 3\ndef calc_metric(df):\n    return x.load('f')\n"
    assert errors_of(compile_text(text)) == []
    assert codes_when_run(text) == {"attribute-refused"}


def test_a_site_can_extend_the_list():
    extra = ("statistics", "xml.sax.saxutils")
    text = "import statistics\nfrom xml.sax.saxutils import escape\ndef calc_metric(df):\n    return statistics.median([1, 3]) + len(escape('<'))\n"
    assert run(text, extra_imports=extra) == 6
    assert {problem.code for problem in errors_of(compile_text(text))} == {"import-refused"}
    for name in ("sys", "random", "Fraction", "namedtuple"):
        body = f"import statistics\ndef calc_metric(df):\n    return statistics.{name}\n"
        assert codes_when_run(body, extra_imports=extra) == {"attribute-refused"}


def test_the_list_is_the_documented_one():
    assert sorted(IMPORTABLE) == [
        "math",
        "numpy",
        "numpy.core._methods",
        "pandas",
        "pyarrow",
        "pyarrow.compute",
        "pyspark",
        "pyspark.sql",
        "pyspark.sql.functions",
        "scipy",
        "scipy.stats",
        "snowflake",
        "snowflake.snowpark",
        "snowflake.snowpark.functions",
        "statsmodels",
        "statsmodels.stats.proportion",
        "typing",
    ]
