"""What calc_metric declares, read from annotations that nothing evaluates."""

from typing import Any

import pytest

from sandbox.contract.signature import from_scalar
from tests.language.running import compile_text, errors_of, run

TYPED = """
    from typing import TypedDict
    class Scores(TypedDict):
        "numbers"
        precision: float
        recall: "int | None"
    class Words(TypedDict):
        word: str
"""


def declared(returns: str, before: str = "") -> Any:
    import textwrap

    text = f"{textwrap.dedent(before)}\ndef calc_metric(df) -> {returns}:\n    return 1\n"
    program = compile_text(text, extra_imports=("standard",))
    assert errors_of(program) == []
    return program


@pytest.mark.parametrize(
    "returns",
    [
        "dict[str, float]",
        "Dict[str, float]",
        "typing.Dict[str, float]",
        "'dict[str, float]'",
        "dict['str', 'float']",
        "Mapping[str, int]",
        "dict[str, float | int]",
        "dict[str, float | None]",
        "Dict[str, Optional[float]]",
        "dict[Literal['a', 'b'], float]",
        "dict[str, Union[int, float]]",
        "t.Mapping[str, Decimal]",
        "Scores",
        "'Scores'",
    ],
)
def test_several_numbers(returns):
    program = declared(returns, TYPED)
    assert program.signature.several and program.problems == ()


@pytest.mark.parametrize(
    "returns",
    [
        "float",
        "'float'",
        "None",
        "dict",
        "dict[str, str]",
        "dict[int, float]",
        "dict[str]",
        "dict[str, list]",
        "Words",
        "list[float]",
        "Unknown",
        "dict[str, float] | None",
        "tuple[str, float]",
        "'dict[str, float'",
        "'\\0'",
        "dict[str, 'float; import os']",
        "(lambda: dict[str, float])()",
        "dict[str, float]()",
    ],
)
def test_anything_else_is_one_number(returns):
    assert not declared(returns, TYPED).signature.several


@pytest.mark.parametrize("returns", ["dict", "dict[str, str]", "Dict[str, list]", "'Mapping'"])
def test_a_dict_of_something_else_is_warned_of(returns):
    (problem,) = declared(returns).problems
    assert (problem.code, problem.severity) == ("metric-returns", "warning")
    assert "dict[str, float]" in problem.hint


def test_parameters_with_their_types_and_places():
    program = compile_text(
        """
        def calc_metric(
            df, top=3, *,
            threshold: float = 0.5, k: int = -5, strict: "bool" = False, label: str = "x",
            mode: Literal["macro", -1, True] = "macro", score: ColumnName = "p",
            options: list = None, plain=1, single: typing.Literal["a"] = "a", odd: Literal[1.5] = 1.5,
        ):
            return threshold
        """
    )
    assert errors_of(program) == []
    signature = program.signature
    kinds = {one.name: one.kind for one in signature.parameters}
    assert kinds == {
        "threshold": "float",
        "k": "int",
        "strict": "bool",
        "label": "str",
        "mode": "literal",
        "score": "column",
        "single": "literal",
    }
    assert signature.fixed == ("top", "options", "plain", "odd")
    assert [(one.line, one.column) for one in signature.parameters][:2] == [(4, 5), (4, 29)]
    (mode,) = [one for one in signature.parameters if one.name == "mode"]
    assert [from_scalar(option) for option in mode.options] == ["macro", -1, True]


@pytest.mark.parametrize(
    "annotation",
    [
        "Literal[()]",
        "Literal[None]",
        "Literal[b'x']",
        "Literal[-True]",
        "Literal[x]",
        f"Literal[{2**64}]",
        "Literal['" + "x" * 1_001 + "']",
        f"Literal[{', '.join(map(str, range(101)))}]",
        "Other['a']",
        "int[3]",
    ],
)
def test_a_type_that_cannot_be_set_is_a_default_for_good(annotation):
    program = compile_text(f"def calc_metric(df, *, p: {annotation} = 1):\n    return p\n")
    assert errors_of(program) == []
    assert (program.signature.parameters, program.signature.fixed) == ((), ("p",))


def test_annotations_are_read_and_never_run():
    text = """
        seen = []
        def calc_metric(df, *, p: seen.append(1) or int = 3, q: Nothing[0] = 4) -> boom():
            return len(seen) + p + q
    """
    assert run(text) == 7


def test_the_last_definition_counts_and_a_source_with_errors_declares_nothing():
    text = """
        def calc_metric(df) -> dict[str, float]:
            return {}
        def calc_metric(df, *, k: int = 1):
            return k
    """
    assert not compile_text(text).signature.several
    assert [one.name for one in compile_text(text).signature.parameters] == ["k"]
    twice = compile_text(
        "def calc_metric(df, *, a: int = 1, a: int = 2) -> dict[str, float]:\n    return {}\n"
    )
    assert errors_of(twice) and not twice.signature.several and twice.signature.parameters == ()


def test_parameters_are_what_the_function_gets():
    text = """
        def calc_metric(df, *, threshold: float = 0.5, k: int = 2):
            return threshold * k
    """
    from sandbox.language import GuardRefused, load

    program = compile_text(text)
    assert load(program, sink=print, arguments={"threshold": 0.25})(None) == 0.5
    renamed = compile_text("def f(df):\n    return 1\ncalc_metric = f\n")
    with pytest.raises(GuardRefused, match="cannot be called"):
        load(renamed, sink=print, arguments={"k": 1})
