"""The docstrings of PySpark's interfaces for functions of the author, example by example.

What does not hold is listed with what is said of it, and still fails so.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pytest

from engine import Dataset, SourceRefused
from tests.servers import engine_on
from tests.tiers import DEEP
from tests.verbatim.docstrings import LIMITS, collect, judge_each, split, write_source

pytestmark = [pytest.mark.slow, pytest.mark.spark]

MODULES: Final = (
    *("pyspark.sql.functions.builtin", "pyspark.sql.dataframe", "pyspark.sql.pandas.functions"),
    *("pyspark.sql.pandas.group_ops", "pyspark.sql.udf"),
)
DOCSTRINGS: Final = [
    one
    for one in collect(MODULES)
    if one.name.rpartition(".")[2]
    in (
        *("udf", "call_udf", "pandas_udf", "arrow_udf", "register", "mapInPandas", "mapInArrow"),
        *("applyInPandas", "applyInArrow"),
    )
]
# What is said of examples that do not hold, by how those begin.
_WINDOW: Final = {"df.withColumn('mean_v', mean_udf(\"v\").over(w))": "over a window is refused"}
EXAMPLES: Final = {
    "pandas.functions.pandas_udf": _WINDOW,
    "pandas.functions.arrow_udf": _WINDOW,
    # It wants rows in an order, which Spark does not promise.
    "pandas.group_ops.PandasCogroupedOps.applyInPandas": {
        'df1.groupby("id").cogroup(': "depends on the order of the rows in a group"
    },
    # Whose columns the names in a text are is known of views alone, and one that was made would change.
    "udf.UDFRegistration.register": {
        '_ = spark.udf.register("stringLengthInt"': "in place of another",
        'spark.sql("SELECT add_one(id) FROM range(3)")': "whose table has another name",
        "spark.sql(q)": "of several tables",
    },
}
# Sources that are refused.
SOURCES: Final = {"dataframe.DataFrame.mapInArrow": "pyarrow.compute.field is not open to metrics"}


def test_there_is_a_docstring_for_each_interface():
    assert len(DOCSTRINGS) == 11


@pytest.mark.parametrize("backend", ["native", pytest.param("spark", marks=DEEP)])
def test_examples_hold_but_for_those_that_are_listed(backend, request, shared_options):
    data, wrong, said = Dataset(pa.table({"x": [1]})), [], set()
    options = shared_options | {"extra_imports": ("standard",)}
    with engine_on(request.getfixturevalue(f"{backend}_backend"), **options) as engine:
        running = [one for one in DOCSTRINGS if one.name not in SOURCES]
        result = engine.evaluate(write_source(running, each=True), data, limits=LIMITS).overall
        assert result.status == "ok", result.error
        shown = split(result.printed)
        for number, docstring in enumerate(running):
            told = judge_each(docstring, shown[number])
            assert len(told) == len(docstring.examples)
            for example, what in told:
                known = EXAMPLES.get(docstring.name, {})
                words = [word for start, word in known.items() if word in what and example.startswith(start)]
                said |= {(docstring.name, word) for word in words}
                if what and not words:
                    wrong.append((docstring.name, example, what))
        for docstring in DOCSTRINGS:
            if docstring.name in SOURCES:
                with pytest.raises(SourceRefused, match=SOURCES[docstring.name]):
                    engine.evaluate(write_source([docstring], each=True), data)
    assert wrong == []
    assert said == {(name, word) for name, known in EXAMPLES.items() for word in known.values()}
