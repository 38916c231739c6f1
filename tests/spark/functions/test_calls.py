"""What a call of calc_metric with functions of the author does beside giving numbers."""

from typing import Any

import pytest

from engine import Dataset, Engine, SegmentGroup
from engine.errors import SourceRefused
from engine.models.result import Result
from engine.models.run import Run
from tests.servers import engine_on
from tests.spark.functions.corpus import PREAMBLE
from tests.spark.functions.outcomes import told

pytestmark = pytest.mark.usefixtures("native_backend")


@pytest.fixture(scope="module")
def engine(native_backend, shared_options):
    with engine_on(native_backend, extra_imports=("functools",), **shared_options) as made:
        yield made


def run(engine: Engine, data: str, body: str, **options: Any) -> Run:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return engine.evaluate(f"{PREAMBLE}\n\ndef calc_metric(df):\n{lines}", Dataset(data), **options)


def check_refused(result: Result, words: str) -> None:
    assert result.status == "refused", result
    assert words in told(result).message and told(result).hint


def line_of(body: str, text: str) -> int:
    source = f"{PREAMBLE}\n\ndef calc_metric(df):\n{body}"
    return next(place for place, line in enumerate(source.splitlines(), 1) if text in line)


def test_each_frame_has_its_own_rows(engine, plain_data):
    body = "return df.agg(F.sum(plus_one('n'))).first()[0]"
    run_ = run(engine, plain_data, body, segments=[SegmentGroup.by_value("country")])
    values = {result.frame.segment: result.value for result in run_.results}
    assert sorted(values.values()) == sorted([27.0, 1 + 3 + 5 + 3, 2 + 4 + 2, 6 + 1])


def test_functions_may_call_themselves_and_each_other(engine, plain_data):
    source = f"""{PREAMBLE}

def even(n):
    return n == 0 or odd(n - 1)

def odd(n):
    return n > 0 and even(n - 1)

def calc_metric(df):
    return df.dropna().filter(F.udf(even, 'boolean')('n')).count()
"""
    plainly = "return df.dropna().filter('n % 2 = 0').count()"
    value = engine.evaluate(source, Dataset(plain_data)).overall.value
    assert value == run(engine, plain_data, plainly).overall.value > 0


def test_an_exception_is_told_at_the_function_s_own_line(engine, plain_data):
    body = "def bad(v):\n    return 1 / (v - 3)\nreturn df.select(F.udf(bad, 'double')('n')).collect()[0][0]"
    error = run(engine, plain_data, body).overall.error
    assert error is not None
    assert "ZeroDivisionError" in error.message
    assert error.line == line_of(body, "1 / (v - 3)")


def test_an_exception_that_the_metric_catches_gives_no_number(engine, plain_data):
    body = (
        "try:\n    df.select(F.udf(lambda v: 1 / 0, 'int')('n')).collect()\n"
        "except Exception:\n    return 1.0\nreturn 2.0"
    )
    result = run(engine, plain_data, body).overall
    assert result.status == "raised"
    assert "catch it inside" in told(result).message
    assert told(result).line == line_of(body, "1 / 0")


# What PySpark says of what a function gives, by the function.
ABOUT_RESULTS = {
    "F.pandas_udf(lambda s: s[:1], 'double')('n')": "not the required length",
    "F.pandas_udf(lambda s: s.astype(str) + 'a', 'double')('n')": "type 'double'",
    "F.pandas_udf(lambda s: 1.0, 'double')('n')": "pandas.Series",
    "F.udf(lambda v: 'a', 'int')('n')": "type int32",
    "F.udf(Adder('a').add, 'int')('n')": "unsupported operand",
    "F.udf(functools.partial(lambda v, w: w, w='a'), 'int')('n')": "type int32",
}


@pytest.mark.parametrize("call", ABOUT_RESULTS)
def test_what_is_wrong_with_results_names_the_function_and_the_query(engine, plain_data, call):
    body = f"made = {call}\nrows = df.select(made.alias('y'))\nreturn rows.agg(F.max('y')).first()[0]"
    error = told(run(engine, plain_data, body).overall)
    assert ABOUT_RESULTS[call] in error.message
    if "Adder" in call:  # this one raises in code of its own
        assert error.line == line_of(body, "v + self.number")
    else:
        assert error.line == line_of(body, "return rows.agg")
        assert f"of the function <lambda> of line {line_of(body, 'made =')}" in error.message


def test_what_is_wrong_with_frames_of_groups_names_the_function(engine, plain_data):
    body = (
        "def sub(frame):\n    return frame[['x']]\n"
        "return df.groupBy('country').applyInPandas(sub, 'n long').agg(F.sum('n')).first()[0]"
    )
    error = told(run(engine, plain_data, body).overall)
    assert "Unexpected: x" in error.message
    assert f"of the function sub of line {line_of(body, 'def sub')}" in error.message
    assert error.line == line_of(body, "return df.groupBy")


def test_a_function_of_columns_that_is_given_a_value_says_what_it_takes(engine, plain_data):
    error = told(run(engine, plain_data, "return half(3)").overall)
    assert error.message.startswith("AssertionError: ")
    assert "with columns" in error.message and "its attribute func" in error.message


def test_prints_are_the_frame_s_own(engine, plain_data):
    body = (
        "def loud(v):\n    print('seen', v)\n    return v\n"
        "return df.agg(F.sum(F.udf(loud, 'bigint')('n'))).first()[0]"
    )
    result = run(engine, plain_data, body).overall
    assert (result.value, result.printed.split()) == (
        21.0,
        ["seen", "1", "seen", "2", "seen", "3", "seen", "4", "seen", "5", "seen", "6"],
    )


def test_more_prints_than_are_kept_are_cut(engine, plain_data):
    body = "return df.agg(F.sum(F.udf(lambda v: print('x' * 100_000) or v, 'bigint')('n'))).first()[0]"
    result = run(engine, plain_data, body).overall
    assert result.value == 21.0
    assert "[cut" in result.printed


def test_a_function_asks_for_nothing(engine, plain_data):
    body = "return df.agg(F.sum(F.udf(lambda v: df.count(), 'bigint')('n'))).first()[0]"
    result = run(engine, plain_data, body).overall
    assert result.status == "refused"
    assert "DataFrame" in told(result).message


def test_what_a_function_changes_is_lost(engine, plain_data):
    body = (
        "seen = []\ncounted = df.agg(F.sum(F.udf(lambda v: seen.append(v) or len(seen), 'bigint')('n')))\n"
        "return counted.first()[0] + 100 * len(seen)"
    )
    assert run(engine, plain_data, body).overall.value == 21.0


def test_random_numbers_go_on_as_if_no_function_had_run(engine, plain_data):
    body = (
        "before = np.random.get_state()[1].sum()\n"
        "drawn = df.agg(F.sum(F.udf(lambda v: float(np.random.rand()), 'double')('n'))).first()[0]\n"
        "assert 0 < drawn < 6\n"
        "return float(before == np.random.get_state()[1].sum())"
    )
    assert run(engine, plain_data, body).overall.value == 1.0


def test_views_and_types_know_functions(engine, plain_data):
    body = (
        "df.select(half('x').alias('y')).createOrReplaceTempView('v')\n"
        "made = df.sparkSession.sql('select sum(y) as s from v where not isnan(y)')\n"
        "assert dict(df.withColumn('y', half('x')).dtypes)['y'] == 'double'\n"
        "return made.first()[0]"
    )
    assert run(engine, plain_data, body).overall.value == pytest.approx((0.5 + 2.25 - 1 + 7) / 2)


REFUSED = {
    "F.pandas_udf(lambda s: s - s.mean(), 'double')('n')": "batch",
    "F.pandas_udf(lambda s: s.cumsum() if len(s) > 4 else s * 0, 'bigint')('n')": "batch",
    "F.pandas_udf(lambda s: s.cumsum(), 'bigint')('n')": "batch",
    "kinds('k')": "batch",
    "doubled(F.when(F.col('n') > 1, F.lit(2**60)))": "2^53",
    "F.pandas_udf(lambda s: s.iloc[0], 'bigint', F.PandasUDFType.GROUPED_AGG)('n')": "order of rows",
    "F.pandas_udf(lambda i: len(list(i)), 'int', F.PandasUDFType.GROUPED_AGG_ITER)('n')": "cut into batches",
    "middle('x').over(Window.partitionBy('country'))": "window",
    "middle('x') + F.max('n')": "another aggregate",
    "middle('x') + F.col('n')": "not a key",
    "largest('n') + largest('k')": "another kind",
    "half(F.max('n')) + F.col('n')": "not a key",
    "F.udf(lambda v: v, 'int', useArrow=False)('t')": "without Arrow",
    "F.udf(lambda v: 1.0, 'string', useArrow=False)('n')": "without Arrow",
    "F.udf(lambda v: v, T.ArrayType(T.LongType()), useArrow=False)('n')": "without Arrow",
    "F.udf(lambda v: v, T.DayTimeIntervalType())('n')": "interval",
}


# What stands over a whole query, and not in a column.
QUERIES_REFUSED = {
    "df.filter(half(F.row_number().over(Window.orderBy('n'))) > 1)": "filter over a window",
    "df.rollup('country').agg(middle('x'))": "rollup or cube",
    "df.groupBy('country').agg(middle('x'), F.sum('n'))": "beside another aggregate",
    "functools.reduce(lambda a, b: a.union(b), [df.filter(half('n') > i) for i in range(60)])": "50 steps",
}


@pytest.mark.parametrize("frame", QUERIES_REFUSED)
def test_queries_in_which_functions_are_not_applied_are_refused(engine, plain_data, frame):
    result = run(engine, plain_data, f"return len(({frame}).collect())").overall
    check_refused(result, QUERIES_REFUSED[frame])


COLUMNS_REFUSED = {
    "df.select(middle('x').over(Window.partitionBy('country')).alias('y'))": "window",
    "df.select(F.transform(F.array('n'), lambda q: plus_one(q)).alias('y'))": "is refused",
    "df.withColumn('p', plus_one('n')).groupBy('k').pivot('p').sum('n')": "pivot without values",
    "df.select(plus_one('n').alias('y'), 'k').crosstab('y', 'k')": "crosstab",
    "df.select(plus_one('n').cast('string').alias('y'), 'k').transpose()": "transpose",
}


@pytest.mark.parametrize("frame", COLUMNS_REFUSED)
def test_columns_are_not_told_where_they_depend_on_what_functions_give(engine, plain_data, frame):
    result = run(engine, plain_data, f"return len(({frame}).columns)").overall
    check_refused(result, COLUMNS_REFUSED[frame])


def test_a_pivot_with_values_has_its_columns(engine, plain_data):
    named = "df.withColumn('p', plus_one('n').cast('string'))"
    body = f"got = {named}.groupBy('k').pivot('p', ['2', '3']).sum('n')\n"
    assert run(engine, plain_data, f"{body}return len(got.columns)").overall.value == 3


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_not_applied_is_refused(engine, plain_data, expression):
    result = run(
        engine, plain_data, f"return df.select(({expression}).alias('y')).agg(F.max('y')).first()[0]"
    ).overall
    assert result.status == "refused", result
    assert REFUSED[expression] in told(result).message
    assert told(result).hint


def test_a_plan_names_the_functions_of_its_questions(engine, plain_data):
    body = "return df.groupBy('country').agg(half(F.sum('n')).alias('y')).agg(F.max('y')).first()[0]"
    source = f"{PREAMBLE}\n\ndef calc_metric(df):\n    {body}\n"
    questions = {one.plan: one.reason for one in engine.plan(source, Dataset(plain_data)).questions}
    assert "over no rows" in questions["aggregate with 'half', aggregate, limit"]


# Mistakes, and what the refusal says to write.
MEANT = {
    "F.udf(lambda v: v, 'float64')('n')": "write double",
    "F.udf(lambda v: v, 'bigintt')('n')": "write bigint",
    "F.pandas_udf(lambda f: f, 'n long', F.PandasUDFType.GROUPED_MAP)('n')": "applyInPandas",
    "F.udf(lambda v: __import__('math').log(v), 'double')('n')": "import math",
}


@pytest.mark.parametrize("call", MEANT)
def test_what_was_meant_is_said(engine, plain_data, call):
    body = f"return df.select(({call}).alias('y')).agg(F.max('y')).first()[0]"
    try:
        hint = told(run(engine, plain_data, body).overall).hint
    except SourceRefused as refused:
        [problem] = refused.problems
        hint = problem.hint
    assert MEANT[call] in hint


# As in Spark, no column has the alias any more: never the one that it was made of.
MADE_ANEW = (
    "df.alias('a').withColumn('k', half('k')).select('a.k')",
    "df.alias('a').withColumn('k', F.lit(1)).filter(even('n')).select('a.k')",
    "df.alias('a').filter(even('n')).withColumn('k', F.lit(1)).select('a.k')",
    "df.alias('a').filter(even('n')).fillna(0, ['k']).select('a.k')",
)


@pytest.mark.parametrize("frame", MADE_ANEW)
@pytest.mark.slow
@pytest.mark.spark
def test_a_column_that_is_made_anew_has_no_alias(engine, plain_data, frame):
    result = run(engine, plain_data, f"return len(({frame}).collect())").overall
    assert result.status == "raised"
    assert "UNRESOLVED_COLUMN" in told(result).message
