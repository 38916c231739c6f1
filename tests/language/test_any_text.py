"""Whatever the bytes, compiling ends in a program, and its problems are well-formed."""

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.language import CODES, compile_source
from tests.language.running import SOURCE_BYTES

# Pieces of real code, glued at random: most do not parse, some do and mean odd things.
PIECES = st.sampled_from(
    [
        "def calc_metric(df):\n",
        "    return ",
        "df",
        ".x",
        "._y",
        "__class__",
        "import ",
        "from ",
        "numpy",
        " as ",
        "np",
        "\n",
        "    ",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "=",
        "+=",
        "*",
        "**",
        "/",
        "lambda x: ",
        "yield ",
        "await ",
        "async ",
        "class A",
        "for ",
        "in ",
        "if ",
        "else",
        "try:",
        "except* ",
        "with ",
        "match df:\n",
        "        case ",
        "global ",
        "nonlocal ",
        "f'{x!r}'",
        "'\\d'",
        "1",
        "1.5",
        "...",
        "@",
        ":=",
        "\t",
        "\r\n",
        "\f",
        "#",
        "'''",
        "\\",
        "del ",
        "not ",
        "is ",
        "type ",
        "é",
        "\uff3f",
        "x\u0301",
        ".sparkSession",
        ".read",
        "import *",
    ]
)
CODE = st.lists(PIECES, max_size=40).map("".join)
SOURCES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    CODE.map(str.encode),
)


@given(SOURCES)
@settings(max_examples=600, deadline=None)
def test_compiling_never_raises(source):
    program = compile_source(source, source_bytes=SOURCE_BYTES)
    errors = [problem for problem in program.problems if problem.severity == "error"]
    assert (program.code is None) == bool(errors)
    assert list(program.problems) == sorted(program.problems)
    for problem in program.problems:
        assert problem.code in CODES
        assert problem.line >= 1
        assert problem.column >= 1


@given(CODE)
@settings(max_examples=300, deadline=None)
def test_the_limit_holds_whatever_the_text(text):
    source = text.encode()
    program = compile_source(source, source_bytes=max(len(source) - 1, 1))
    if len(source) > 1:
        assert [problem.code for problem in program.problems] == ["source-too-long"]


@given(st.lists(st.sampled_from(list("()[]{}-+~")), min_size=1, max_size=3), st.integers(1, 3000))
@settings(max_examples=60, deadline=None)
def test_nesting_never_raises(opening, depth):
    text = "x = " + "".join(opening) * depth + "1"
    compile_source(text.encode(), source_bytes=SOURCE_BYTES)


def test_every_node_of_the_grammar_is_either_rewritten_or_refused():
    """A syntax node that the policy does not know is refused; this lists those that it lets through."""
    from sandbox.language.policy import MetricPolicy

    known = {name.removeprefix("visit_") for name in dir(MetricPolicy) if name.startswith("visit_")}
    nodes = {
        name
        for name, value in vars(ast).items()
        if isinstance(value, type) and issubclass(value, ast.AST) and value.__module__ in ("ast", "_ast")
    }
    refused = nodes - known
    assert refused >= {"FunctionType"}
    assert not {"FunctionDef", "Attribute", "Name", "Import"} & refused
