"""What Spark takes of functions that Arrow does not serve: `useArrow=False`, plain ones that are registered.

Spark pickles arguments and results then, and its JVM takes of a result only what has the declared type: whole
numbers lose their upper bits, other kinds become null. All this is what plain PySpark 4.2.1 gave when it was
tried; what was not tried raises.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from pyspark.sql.types import (
    BooleanType,
    ByteType,
    DataType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    ShortType,
    StringType,
)

from sandbox.language.problems import GuardRefused

_BITS: Final[dict[type[DataType], int]] = {ByteType: 8, ShortType: 16, IntegerType: 32, LongType: 64}
_KNOWN: Final = (bool, int, float, str)
_INSTEAD: Final = "use F.udf(function, type), also in spark.udf.register, whose values Arrow carries"


def pickled(
    function: Callable[..., Any], output_type: DataType, *, first: bool, last: bool
) -> Callable[..., Any]:
    """A function whose arguments and results are what they are to one that Spark applies by pickles.

    Args:
        function: the author's.
        output_type: what it declares.
        first: whether it is given columns, and not what another function gave.
        last: whether what it gives becomes a column.

    Raises:
        GuardRefused: it declares a type that is not taken.
    """
    if last and type(output_type) not in (*_BITS, BooleanType, DoubleType, FloatType, StringType):
        raise _untaken(f"that returns {output_type.simpleString()}")

    def apply(*arguments: Any, **named: Any) -> Any:
        if first:
            for one in (*arguments, *named.values()):
                if one is not None and type(one) not in (*_KNOWN, datetime.date):
                    raise _untaken(f"of a {type(one).__name__}")
        result = function(*arguments, **named)
        return _taken(result, output_type) if last else result

    return apply


def _taken(value: Any, output_type: DataType) -> Any:
    """What becomes of a result."""
    if value is None:
        return None
    kind = type(value)
    if kind not in _KNOWN:
        raise _untaken(f"that gives a {kind.__name__}")
    match output_type:
        case BooleanType():
            return value if kind is bool else None
        case DoubleType():
            return value if kind is float else None
        case FloatType():
            with np.errstate(over="ignore"):
                return float(np.float32(value)) if kind is float else None
        case StringType():
            if kind is float:
                raise _untaken("that gives a float for text")
            return str(value).lower() if kind is bool else str(value)
    if kind is not int or not -(1 << 63) <= value < 1 << 63:
        return None
    bits = _BITS[type(output_type)]
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def _untaken(what: str) -> GuardRefused:
    return GuardRefused("udf-refused", f"without Arrow, a function {what} is refused", _INSTEAD)
