"""Texts that pandas runs as code, what prints, and options: what passes gives pandas' own answer."""

import pandas as pd
import pytest

from sandbox.language.pandas_text import find_refusal, suggest_mask
from tests.language.running import codes_when_run, run

FRAME = pd.DataFrame({"age": [20, 35, 50], "g": ["a", "b", "a"], "a b": [1.0, None, 3.0], "n": [1, 2, 3]})
HEAD = "import pandas as pd\ndef calc_metric(df):\n    return "

PASS = (
    "age > 30",
    "age > 30 and g == 'a'",
    "age > 30 & n < 3 | g == 'b'",
    "not (age > 30)",
    "~(age > 30)",
    "20 <= age <= 40",
    "g in ['a', 'c']",
    "g not in ('a',)",
    "`a b` == `a b`",
    "age % 2 == 0",
    "age * 2 - n / 4 > 60",
    "-age < -30",
    "index >= 1",
)


@pytest.mark.parametrize("text", PASS)
def test_a_query_that_compares_and_computes_is_pandas_own(text):
    wanted = int(FRAME.query(text, engine="python")["n"].sum())
    assert run(f"{HEAD}int(df.query({text!r})['n'].sum())\n", FRAME) == wanted


def test_an_eval_computes_and_assigns():
    assert run(f"{HEAD}df.eval('age + n').sum()\n", FRAME) == 111
    assert run(f"{HEAD}df.eval('z = age + n')['z'].sum()\n", FRAME) == 111
    assert "z" not in FRAME


REFUSED = (
    "age.__class__",
    "age.sum() > 1",
    "g.str.len() > 1",
    "@df.age > 1",
    "@pd.io.common.os.getpid() > 1",
    "@__builtins__",
    "__pd_eval_local_guards > 1",
    "_x > 1",
    "sin(age) > 0",
    "age[0] > 1",
    "age > 1; n",
    "age > 1\nn > 1",
    "(lambda: age)()",
    "[x for x in age]",
    "age if n else g",
    "f'{age}' == 'x'",
    "(z := age) > 1",
    "9 ** 9 ** 9 > age",
    "1 << 99999999 > age",
    "`a\nb` > 1",
    "`__import__('os')` > 1",
    "import os",
    "age >",
    "",
    "x" * 20_000,
)


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("method", ["query", "eval"])
def test_a_text_that_does_more_is_refused(text, method):
    assert codes_when_run(f"{HEAD}df.{method}({text!r})\n", FRAME) == {"call-refused"}


@pytest.mark.parametrize(
    "expression",
    [
        "df.query('z = age')",
        "df.query(S('age > 1'))",
        "df.eval(['age'])",
        "getattr(df, 'query')('age.sum()')",
        "[m(t) for m, t in [(df.eval, '@df')]]",
    ],
)
def test_no_other_way_to_the_same(expression):
    text = f"class S(str): pass\ndef calc_metric(df):\n    return {expression}\n"
    assert codes_when_run(text, FRAME) == {"call-refused"}


@pytest.mark.parametrize("name", ["query", "eval", "to_string", "info"])
def test_the_methods_are_not_taken_from_the_class(name):
    text = f"import pandas as pd\ndef calc_metric(df):\n    return pd.DataFrame.{name}(df, 'age')\n"
    assert codes_when_run(text, FRAME) == {"attribute-refused"}


def test_scopes_of_callers_are_out_of_reach():
    with pytest.raises(TypeError, match="local_dict"):
        run(f"{HEAD}df.query('age > 1', local_dict=dict(x=1))\n", FRAME)
    with pytest.raises(pd.errors.UndefinedVariableError):
        run(f"{HEAD}df.query('guards > 1')\n", FRAME)


MASKS = {
    "age > @limit and g in @names": "pdf[(pdf['age'] > limit) & pdf['g'].isin(names)]",
    "not age > @limit": "pdf",
    "age.between(1, @b)": "pdf[pdf['age'].between(1, b)]",
    "g not in @names or n == 1": "pdf[~pdf['g'].isin(names) | (pdf['n'] == 1)]",
}


@pytest.mark.parametrize("text", MASKS)
def test_a_refusal_shows_the_very_mask(text):
    hint = suggest_mask(text)
    assert find_refusal(text, assigns=False) and MASKS[text] in hint
    mask = hint.partition("pdf[")[2][:-1]
    if MASKS[text] != "pdf":
        found = eval(mask, {"pdf": FRAME, "limit": 30, "names": ["a"], "b": 40})
        assert 0 < found.sum() < 3


PRINTS = {
    "df.to_string()": lambda text: text == FRAME.to_string(),
    "df['age'].to_string(index=False)": lambda text: text == FRAME["age"].to_string(index=False),
    "df.to_string(columns=['n'])": lambda text: "age" not in text,
}


@pytest.mark.parametrize("expression", PRINTS)
def test_a_frame_as_text(expression):
    assert PRINTS[expression](run(f"{HEAD}{expression}\n", FRAME))


def test_info_prints(capsys):
    assert run(f"{HEAD}df.info() or 1\n", FRAME) == 1
    assert "RangeIndex: 3 entries" in capsys.readouterr().out


@pytest.mark.parametrize(
    "call",
    [
        "df.to_string('/tmp/x')",
        "df.to_string(buf='/tmp/x')",
        "df['age'].to_string('/tmp/x')",
        "df.info(True, '/tmp/x')",
        "df.info(buf=df)",
        "pd.set_option('io.excel.xlsx.writer', 'x')",
        "pd.set_option('mode.use_inf_as_na', True)",
        "pd.set_option('compute.use_numexpr', True)",
        "pd.option_context('plotting.backend', 'os')",
        "pd.option_context('display.max_rows', 1, 'plotting.backend', 'os')",
        "pd.set_option('.*', 1)",
        "pd.reset_option('all')",
        "pd.get_option('io.excel.xlsx.writer')",
    ],
)
def test_writing_elsewhere_and_other_options_are_refused(call):
    assert codes_when_run(f"{HEAD}{call}\n", FRAME) == {"call-refused"}


def test_options_of_the_display_end_with_the_frame():
    before = pd.get_option("display.max_rows")
    text = """
        import pandas as pd
        def calc_metric(df):
            first = pd.get_option("display.max_rows")
            with pd.option_context("display.max_rows", 7, "display.width", 80):
                inside = pd.get_option("display.max_rows")
            pd.set_option("display.max_rows", 5)
            return (first, inside, pd.get_option("display.max_rows"))
    """
    assert run(text) == run(text) == (before, 7, 5)
    assert run(f"{HEAD}1\n") == 1
    assert pd.get_option("display.max_rows") == before


def test_rows_as_named_tuples():
    text = "def calc_metric(df):\n    return sum(row._asdict()['n'] for row in df[['n']].itertuples())\n"
    assert run(text, FRAME) == 6
