"""What calc_metric declares: that it returns several numbers, and the parameters that a caller may set.

Read from the source by whoever compiles it, and never evaluated. Values travel as exact text, since no number
but an integer may be a JSON number on the channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

# The numbers that one metric may give, and the characters of a name of one.
MOST_NAMES: Final = 100
NAME_CHARS: Final = 100
# The parameters of one metric, the members of a `Literal[...]`, the characters of a text.
MOST_PARAMETERS: Final = 100
MOST_OPTIONS: Final = 100
TEXT_CHARS: Final = 1_000
# The functions of PySpark that are told.
MOST_FUNCTIONS: Final = 500
# The words of a source that may be names of columns.
MOST_WORDS: Final = 5_000

Value: TypeAlias = bool | int | float | str
ValueKind = Literal["bool", "int", "float", "str"]
ParameterKind = Literal["bool", "int", "float", "str", "literal", "column"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of a parameter.

    Attributes:
        kind: its type.
        text: "true" or "false", decimal digits, `float.hex`, or the text itself.
    """

    kind: ValueKind
    text: str


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter with the value that a caller gave."""

    name: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Parameter:
    """A keyword-only parameter of calc_metric that a caller may set.

    Attributes:
        name: an identifier.
        kind: what it takes; "column" is the name of a column that the data must have.
        options: the members of a `Literal[...]`; else empty.
        line: 1-based line in the author's source.
        column: 1-based column, in characters.
    """

    name: str
    kind: ParameterKind
    options: tuple[Scalar, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class TakesBaseline:
    """The second positional parameter of calc_metric, `baseline`.

    Attributes:
        required: whether it has no default.
        line: 1-based line in the author's source.
        column: 1-based column, in characters.
        words: texts of the source, words in them and names of attributes; what of the data it may name.
    """

    required: bool
    line: int
    column: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """What calc_metric declares.

    Attributes:
        several: whether it returns names with a number each, `-> dict[str, float]`.
        parameters: those that a caller may set, in their order.
        fixed: names of other keyword-only parameters, whose types are not among those that can be set.
        functions: names of `pyspark.sql.functions` that the source uses; a hint, for starting things early.
        baseline: its second frame; None if it takes one frame only.
    """

    several: bool = False
    parameters: tuple[Parameter, ...] = ()
    fixed: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    baseline: TakesBaseline | None = None


NOTHING_DECLARED: Final = Signature()


def to_scalar(value: Value) -> Scalar:
    """How a value travels."""
    if isinstance(value, bool):
        return Scalar("bool", "true" if value else "false")
    if isinstance(value, int):
        return Scalar("int", str(value))
    if isinstance(value, float):
        return Scalar("float", value.hex())
    return Scalar("str", value)


def from_scalar(scalar: Scalar) -> Value:
    """The value that travelled.

    Raises:
        ValueError: the text is none that `to_scalar` writes.
    """
    if scalar.kind == "bool":
        return {"true": True, "false": False}[scalar.text]
    if scalar.kind == "int":
        return int(scalar.text)
    if scalar.kind == "float":
        return float.fromhex(scalar.text)
    return scalar.text
