"""The parameters of calc_metric: what a caller gave, against what the source declares. Pure.

Everything that does not fit is told at once, as problems with the place of the parameter in the source.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Final

from sandbox.contract.messages import Problem
from sandbox.contract.signature import (
    TEXT_CHARS,
    Argument,
    Parameter,
    ParameterKind,
    Signature,
    Value,
    from_scalar,
    to_scalar,
)

_SHOWN: Final = 60
_INTEGER_BITS: Final = 63
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_FLOAT_CHARS: Final = 400
_BOOLEANS: Final = {"true": True, "false": False}
_TAKES: Final[dict[ParameterKind, str]] = {
    "bool": "true or false",
    "int": "a whole number of at most 64 bits",
    "float": "a finite number",
    "str": f"a text of at most {TEXT_CHARS:,} characters, without null characters",
    "column": "the name of a column",
}
_DECLARE: Final = (
    "a parameter is keyword-only and has a default and a type, one of int, float, bool, str, Literal[...] "
    "and ColumnName: def calc_metric(df, *, threshold: float = 0.5)"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it was written, to be read by the type of its parameter.

    Attributes:
        text: what was written.
        shared: whether it is for several metrics, of which one at least has to have such a parameter.
    """

    text: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """Parameters that fit.

    Attributes:
        values: by name, in the order in which the source declares them.
        columns: those that name a column of the data.
        skipped: names that were given for several metrics, and that this one does not have.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    columns: tuple[Parameter, ...] = ()
    skipped: frozenset[str] = frozenset()

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """They, as a worker is told of them."""
        return tuple(Argument(name, to_scalar(value)) for name, value in self.values.items())


def bind(signature: Signature, given: Mapping[str, object]) -> tuple[Bound, tuple[Problem, ...]]:
    """What was given, by what is declared; and every problem of it.

    Args:
        signature: what calc_metric declares.
        given: values by name; a `Written` is read by the type of its parameter.
    """
    declared = {parameter.name: parameter for parameter in signature.parameters}
    skipped = frozenset(name for name, value in given.items() if name not in declared and _is_shared(value))
    problems = [_unknown(name, signature) for name in given if name not in declared and name not in skipped]
    values: dict[str, Value] = {}
    for name, parameter in declared.items():
        if name not in given:
            continue
        value = _fit(parameter, given[name])
        if value is None:
            problems.append(_unfit(parameter, given[name]))
        else:
            values[name] = value
    columns = tuple(one for one in declared.values() if one.kind == "column" and one.name in values)
    return Bound(values, columns, skipped), tuple(problems)


def unused(bound: Sequence[Bound]) -> tuple[Problem, ...]:
    """Problems of what was given for several metrics, and is a parameter of none."""
    return no_parameters(frozenset.intersection(*(one.skipped for one in bound)) if bound else ())


def no_parameters(names: Iterable[str]) -> tuple[Problem, ...]:
    """Problems of names that are parameters of none of several metrics."""
    return tuple(
        Problem(1, 1, "parameter-unknown", f"no metric has a parameter {shown(name)}", _DECLARE)
        for name in sorted(names)
    )


def shown(value: object) -> str:
    """A value in a message: short, and without power over what shows it."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _is_shared(value: object) -> bool:
    return isinstance(value, Written) and value.shared


def _unknown(name: str, signature: Signature) -> Problem:
    if name in signature.fixed:
        return Problem(1, 1, "parameter-fixed", f"the parameter {shown(name)} cannot be set", _DECLARE)
    names = [parameter.name for parameter in signature.parameters]
    text = f"calc_metric has no parameter {shown(name)}"
    if not names:
        return Problem(1, 1, "parameter-unknown", text, _DECLARE)
    close = difflib.get_close_matches(name[:_SHOWN], names, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return Problem(1, 1, "parameter-unknown", text, f"{guess}it has {', '.join(names)}")


def _unfit(parameter: Parameter, value: object) -> Problem:
    given = value.text if isinstance(value, Written) else value
    kind = "" if isinstance(value, Written) else f", a {type(value).__name__}"
    text = f"the parameter {parameter.name!r} cannot be {shown(given)}{kind}"
    if parameter.kind == "literal":
        takes = f"one of {', '.join(shown(from_scalar(option)) for option in parameter.options)}"
    else:
        takes = _TAKES[parameter.kind]
    return Problem(parameter.line, parameter.column, "parameter-value", text, f"it takes {takes}")


def _fit(parameter: Parameter, value: object) -> Value | None:
    """A value as its parameter takes it; None if it does not."""
    if isinstance(value, Written):
        return _read(parameter, value.text)
    if parameter.kind == "literal":
        options = [from_scalar(option) for option in parameter.options]
        return next((one for one in options if type(one) is type(value) and one == value), None)
    if parameter.kind == "bool":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if parameter.kind == "int":
        return _to_int(value) if isinstance(value, Integral) else None
    if parameter.kind == "float":
        return _to_float(value) if isinstance(value, Real) else None
    text = _to_text(value) if isinstance(value, str) else None
    return (text or None) if parameter.kind == "column" else text


def _read(parameter: Parameter, text: str) -> Value | None:
    """The value that a text means to a parameter; None if it means none."""
    if parameter.kind == "literal":
        options = [from_scalar(option) for option in parameter.options]
        return next((one for one in options if _written(one) == text), None)
    if parameter.kind == "bool":
        return _BOOLEANS.get(text.lower())
    if parameter.kind == "int":
        return _to_int(int(text)) if _INTEGER.fullmatch(text) else None
    if parameter.kind == "float":
        try:
            return _to_float(float(text)) if len(text) <= _FLOAT_CHARS else None
        except ValueError:
            return None
    return _to_text(text) if text or parameter.kind == "str" else None


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _to_int(value: Integral | int) -> int | None:
    number = int(value)
    return number if number.bit_length() <= _INTEGER_BITS else None


def _to_float(value: Real | float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _to_text(value: str) -> str | None:
    """A text that every database and channel can hold."""
    text = str(value)
    fits = len(text) <= TEXT_CHARS and "\0" not in text
    return text if fits and not any("\ud800" <= character <= "\udfff" for character in text) else None
