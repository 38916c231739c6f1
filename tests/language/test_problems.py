"""Every problem of a source, at once, with line, column, code, message and hint; every code is used."""

import pytest

from sandbox.language import CODES, FILENAME, GuardRefused, compile_source, compile_unrestricted, load
from tests.language.running import SOURCE_BYTES, codes_when_run, compile_text, errors_of

MANY = ", ".join(f"p{i}: int = {i}" for i in range(101))
GOOD = "def calc_metric(df):\n    return 1\n"

# code: sources that have this problem, with its line and column.
CASES = [
    ("source-empty", b"", 1, 1),
    ("source-empty", b"# nothing\n\n", 1, 1),
    ("source-empty", b'"""only words"""\n', 1, 1),
    ("source-too-long", b"#" * (SOURCE_BYTES + 1), 1, 1),
    ("source-not-utf8", b"x = 1\ny = '\xe4'\n", 2, 6),
    ("source-null-byte", b"x = 1\nab\0", 2, 3),
    ("source-encoding", b"# -*- coding: latin-1 -*-\n" + GOOD.encode(), 1, 15),
    ("source-encoding", b"#!/x\n# vim: set fileencoding=utf-7 :\n" + GOOD.encode(), 2, 25),
    ("syntax-error", b"def calc_metric(df):\nreturn 1\n", 2, 1),
    ("syntax-error", b"def calc_metric(df)\n    return 1\n", 1, 20),
    ("syntax-error", b"def calc_metric(df):\n    if df:\n\treturn 1\n", 3, None),
    ("syntax-error", b"return 1\n", 1, 1),
    ("source-too-complex", b"x = " + b"(" * 5000 + b")" * 5000, 1, None),
    ("source-too-complex", b"x = " + b"-" * 60000 + b"1", 1, 1),
    ("source-too-complex", b"x = " + b"1+" * 20000 + b"1", 1, 1),
    ("python-warning", b"def calc_metric(df):\n    return len('\\d')\n", 2, 1),
    ("python-warning", b"def calc_metric(df):\n    return df is 1\n", 2, 1),
    ("metric-missing", b"def metric(df):\n    return 1\n", 1, 1),
    ("metric-missing", b"class A:\n    def calc_metric(df):\n        return 1\n", 1, 1),
    ("metric-parameters", b"def calc_metric():\n    return 1\n", 1, 1),
    ("metric-parameters", b"def calc_metric(df, other):\n    return 1\n", 1, 1),
    ("metric-parameters", b"def calc_metric(df, *, other):\n    return 1\n", 1, 1),
    ("metric-parameters", b"def calc_metric(*, df):\n    return 1\n", 1, 1),
    ("metric-parameters", b"calc_metric = lambda: 1\n", 1, 1),
    ("metric-not-function", b"class calc_metric:\n    pass\n", 1, 1),
    ("metric-not-function", b"calc_metric = 3\n", 1, 1),
    ("metric-not-function", b"from math import sqrt as calc_metric\n", 1, 1),
    ("metric-generator", b"def calc_metric(df):\n    yield 1\n", 1, 1),
    ("metric-no-return", b"def calc_metric(df):\n    df.count()\n", 1, 1),
    ("metric-parameters", f"def calc_metric(df, *, {MANY}):\n    return 1\n".encode(), 1, 1),
    ("metric-returns", b"def calc_metric(df) -> dict[str, str]:\n    return 1\n", 1, 1),
    ("metric-returns", b"def calc_metric(df) -> 'Dict':\n    return 1\n", 1, 1),
    ("metric-twice", (GOOD + GOOD).encode(), 3, 1),
    ("metric-collects-frame", b"def calc_metric(df):\n    return len(df.collect())\n", 2, 16),
    ("metric-collects-frame", b"def calc_metric(f):\n    return f.filter('a').toPandas().a.sum()\n", 2, 12),
    ("name-underscore", b"def calc_metric(df):\n    \xc3\xa4 = 1; __x = 2\n    return 1\n", 2, 12),
    ("name-underscore", b"def calc_metric(_df_):\n    return 1\n", 1, 17),
    ("name-underscore", GOOD.encode() + b"__name__ = '__main__'\n", 3, 1),
    ("name-refused", b"def calc_metric(df):\n    return eval('1')\n", 2, 12),
    ("attribute-underscore", b"def calc_metric(df):\n    return (df\n        ._jdf)\n", 3, 10),
    ("attribute-inspection", b"def calc_metric(df):\n    return df.gi_frame\n", 2, 15),
    ("method-refused", GOOD.encode() + b"class A:\n    def __getattr__(self, n):\n        return 1\n", 4, 5),
    ("class-refused", GOOD.encode() + b"class A(x=1):\n    pass\n", 3, 9),
    ("async-refused", b"async def calc_metric(df):\n    return 1\n", 1, 1),
    ("syntax-refused", GOOD.encode() + b"try:\n    pass\nexcept* ValueError:\n    pass\n", 3, 1),
    ("import-refused", b"import math, os\n" + GOOD.encode(), 1, 14),
    ("import-refused", b"from os import path\n" + GOOD.encode(), 1, 1),
    ("import-name-refused", b"from numpy import mean, load\n" + GOOD.encode(), 1, 25),
    ("attribute-refused", b"import numpy as np\ndef calc_metric(df):\n    return np.load('x')\n", 3, 15),
    (
        "attribute-refused",
        b"def calc_metric(df):\n    return df.sparkSession.read.text('x').count()\n",
        2,
        28,
    ),
]

# Codes that only running can show.
RUNNING = {
    "function-name-refused": (
        "import pandas as pd\ndef calc_metric(df):\n    return pd.DataFrame({'x': [1]}).agg('to_csv')\n"
    ),
    "write-refused": "import numpy as np\ndef calc_metric(df):\n    np.mean = len\n",
    "call-refused": "def calc_metric(df):\n    print('x', file=3)\n",
    "metric-missing": "calc_metric = 1 if 0 else None\n",
    "metric-not-function": "calc_metric = len if len else 0\n",
    "metric-parameters": "def f():\n    return 1\ncalc_metric = f\n",
    "import-refused": "def calc_metric(df):\n    from math import nothing\n",
}


# Whose frames there are, and a metric that goes with the other library's.
OTHER_FRAMES = (
    ("snowpark", "from pyspark.sql import functions as F", "F.col"),
    ("snowpark", "import pyspark.sql.functions as F", "df.agg(F.avg('x'))"),
    ("snowpark", "from pyspark.sql.functions import *", "1"),
    ("pyspark", "import numpy, snowflake.snowpark", "snowflake.snowpark.Row"),
    ("pyspark", "from snowflake.snowpark.functions import avg", "avg"),
)


@pytest.mark.parametrize(("frames", "statement", "result"), OTHER_FRAMES)
def test_a_metric_for_the_other_librarys_frames_is_one_problem(frames, statement, result):
    text = f"import math\n{statement}\ndef calc_metric(df):\n    return {result}\n"
    (problem,) = errors_of(compile_text(text, frames=frames))
    assert (problem.code, problem.line) == ("metric-other-frames", 2)
    assert "PySpark" in problem.message and "Snowpark" in problem.message and problem.hint
    other = "pyspark" if frames == "snowpark" else "snowpark"
    assert errors_of(compile_text(text, frames=other)) == errors_of(compile_text(text)) == []


def test_a_metric_for_both_kinds_of_frames_is_fine():
    text = "import pyspark.sql\nimport snowflake.snowpark\ndef calc_metric(df):\n    return 1\n"
    assert errors_of(compile_text(text, frames="snowpark")) == []
    assert errors_of(compile_text(text, frames="pyspark")) == []
    idle = """
        from pyspark.sql import DataFrame
        def f(d: DataFrame) -> DataFrame:
            return d
        def calc_metric(df):
            return f(df).count()
    """
    assert errors_of(compile_text(idle, frames="snowpark")) == []
    plain = "import numpy\ndef calc_metric(df):\n    return df.count()\n"
    assert errors_of(compile_text(plain, frames="snowpark")) == []


@pytest.mark.parametrize(("code", "source", "line", "column"), CASES)
def test_problem(code, source, line, column):
    program = compile_source(source, source_bytes=SOURCE_BYTES)
    found = [problem for problem in program.problems if problem.code == code]
    assert found, program.problems
    assert found[0].line == line
    assert column is None or found[0].column == column
    assert found[0].message
    assert (program.code is None) == bool(errors_of(program))


def test_the_table_of_codes_is_exact():
    emitted = {code for code, *_ in CASES}
    for frames, statement, result in OTHER_FRAMES:
        text = f"{statement}\ndef calc_metric(df):\n    return {result}\n"
        emitted |= {problem.code for problem in compile_text(text, frames=frames).problems}
    for code, text in RUNNING.items():
        emitted |= codes_when_run(text) & {code}
    assert emitted == set(CODES)


def test_all_problems_come_at_once_and_sorted():
    program = compile_text(
        """
        import os
        from datetime import timedelta
        import numpy as np

        def calc_metric(df, other):
            _total_ = np.load("x")
            print(df.__class__.__name__)
            async def later():
                pass
            return open("x")
        """
    )
    assert [(problem.line, problem.code) for problem in program.problems] == [
        (2, "import-refused"),
        (3, "import-refused"),
        (6, "metric-parameters"),
        (7, "name-underscore"),
        (7, "attribute-refused"),
        (8, "attribute-underscore"),
        (9, "async-refused"),
        (11, "name-refused"),
    ]
    assert all(problem.hint for problem in program.problems)


def test_warnings_do_not_refuse():
    program = compile_text(GOOD + GOOD)
    assert [problem.severity for problem in program.problems] == ["warning"]
    assert load(program, sink=print)(None) == 1


@pytest.mark.parametrize(
    "call",
    [
        "df.select('x').collect()",
        "df.agg({'x': 'max'}).collect()",
        "df.groupBy('x').count().toPandas()",
        "df.limit(5).collect()",
        "other.collect()",
    ],
)
def test_fetching_a_part_is_no_problem(call):
    assert compile_text(f"def calc_metric(df):\n    return {call}\n").problems == ()


def test_a_frame_under_its_own_name_again_is_no_problem():
    assert (
        compile_text("def calc_metric(df):\n    df = df.select('x')\n    return df.collect()\n").problems
        == ()
    )


def test_bom_and_utf8_cookie_are_fine():
    for prefix in ("\ufeff", "# coding: utf-8\n", "# -*- coding: UTF-8 -*-\n"):
        assert compile_source((prefix + GOOD).encode(), source_bytes=SOURCE_BYTES).problems == ()


def test_deep_but_honest_expressions_compile():
    terms = " + ".join(f"df.c{number}" for number in range(400))
    assert errors_of(compile_text(f"def calc_metric(df):\n    return {terms}\n")) == []
    chain = "".join(f".withColumn('c{number}', 1)" for number in range(150))
    assert errors_of(compile_text(f"def calc_metric(df):\n    return df{chain}.count()\n")) == []


def test_the_code_carries_the_authors_lines():
    metric = load(compile_text("\n\ndef calc_metric(df):\n    x = 1\n    return x / 0\n"), sink=print)
    with pytest.raises(ZeroDivisionError) as caught:
        metric(None)
    assert str(caught.traceback[-1].path) == FILENAME
    assert caught.traceback[-1].lineno + 1 == 5


def test_unrestricted_programs_run_anything_and_print_to_the_sink():
    printed: list[str] = []
    program = compile_unrestricted(
        b"import os\ndef calc_metric(df):\n    print(os.sep)\n    return df.__class__.__name__\n"
    )
    assert load(program, sink=printed.append)(1) == "int"
    assert printed == ["/\n"]


def test_a_program_with_errors_cannot_be_loaded():
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(compile_text("import os\n"), sink=print)


def test_refusals_say_what_to_do():
    refusal = GuardRefused("attribute-refused", "numpy.load is not open", "the data comes as df")
    assert str(refusal) == "numpy.load is not open; the data comes as df"
    assert not isinstance(refusal, Exception)
