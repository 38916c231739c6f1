"""What one call of calc_metric did, as primitive data for the engine's validator.

Nothing here decides whether a value is acceptable: it only says what it is, exactly. It runs in the
worker, under the frame's deadline, because a guest's `__str__` may loop or lie.
"""

from __future__ import annotations

import decimal
import fractions
import traceback
from typing import Any, Final

import numpy as np
import pandas as pd

from sandbox.contract.messages import FUNCTION_RAISED, Named, NamedValue, Problem, Raised, Returned
from sandbox.contract.signature import MOST_NAMES, NAME_CHARS
from sandbox.language import FILENAME, GuardRefused
from sandbox.lines import deepest_line

# Longer texts are cut; the engine cuts again, because it does not trust this side.
_MESSAGE_CHARS: Final = 4_000
_NUMBER_CHARS: Final = 400
_SHAPE_CHARS: Final = 200
_PYSPARK_ASSERTS: Final = (
    "PySpark does not take such an argument here; call what F.udf returns with columns, such as F.col('x'), "
    "or apply its attribute func to a plain value"
)


def describe_returned(value: object) -> Returned:
    """Describe what calc_metric returned, by exact type where it is a number."""
    name = _type_name(value)
    if value is None:
        return Returned(name, "none", "")
    if isinstance(value, (bool, np.bool_)):
        return Returned(name, "bool", str(bool(value)))
    if isinstance(value, np.ndarray) and value.ndim == 0 and not np.ma.isMaskedArray(value):
        return describe_returned(np.ndarray.item(value))
    # The base classes' conversions: a guest's own __int__ and __float__ have no say.
    if isinstance(value, int):
        return Returned(name, "int", _integer_text(int.__int__(value)))
    if isinstance(value, np.integer):
        return Returned(name, "int", _integer_text(np.generic.item(value)))
    if isinstance(value, (float, np.floating)):
        return Returned(name, "float", float.hex(_to_float(value)))
    if isinstance(value, decimal.Decimal):
        return Returned(name, "decimal", decimal.Decimal.__str__(value)[:_NUMBER_CHARS])
    if isinstance(value, fractions.Fraction):
        return Returned(name, "fraction", fractions.Fraction.__str__(value)[: 2 * _NUMBER_CHARS])
    return Returned(name, "other", _shape(value))


def describe_named(value: object) -> Named | None:
    """Describe several values by name; None if what calc_metric returned holds no names.

    The base classes' own methods are used, and the items are copied before any is looked at: a class of the
    guest's has no say in what it holds, nor can it change that meanwhile.
    """
    kind, pairs = _type_name(value), _pairs_of(value)
    if pairs is None:
        return None
    wrong = next((_type_name(name) for name, _ in pairs[:MOST_NAMES] if not isinstance(name, str)), "")
    if wrong or len(pairs) > MOST_NAMES:
        return Named(kind, len(pairs), (), wrong)
    return Named(
        kind,
        len(pairs),
        tuple(NamedValue(str.__str__(name)[: NAME_CHARS + 1], describe_returned(one)) for name, one in pairs),
    )


def _pairs_of(value: object) -> list[tuple[Any, object]] | None:
    """The names and values of a dict, a Series, a Row or a named tuple, as exact lists."""
    if isinstance(value, dict):
        return list(dict.items(value))
    if isinstance(value, pd.Series):
        return list(zip(pd.Series.keys(value), pd.Series.tolist(value), strict=True))
    if isinstance(value, tuple):
        names = getattr(value, "__fields__", None) or getattr(value, "_fields", None)
        if isinstance(names, (list, tuple)) and len(names) == tuple.__len__(value):
            return list(zip(names, tuple.__iter__(value), strict=True))
    return None


def describe_raised(error: BaseException, lines: tuple[str, ...], condition: str) -> Raised:
    """Describe an exception that left calc_metric, with the deepest of the author's own lines.

    Args:
        error: the exception.
        lines: the author's source, by lines.
        condition: what the client says of it; see `Raised`.
    """
    # What a function of the author raised while it was applied to rows comes as the client's own exception.
    cause = (condition == FUNCTION_RAISED and error.__cause__) or error
    line = deepest_line(cause) or deepest_line(error)
    refusal = None
    if isinstance(cause, GuardRefused):
        refusal = Problem(line, 0, cause.problem_code, cause.message, cause.hint)
    return Raised(
        type=_type_name(error),
        message=_message(error) or _unsaid(error),
        line=line,
        source=lines[line - 1].strip()[:_SHAPE_CHARS] if 0 < line <= len(lines) else "",
        condition=condition[:_SHAPE_CHARS],
        memory=isinstance(cause, MemoryError),
        refusal=refusal,
    )


def _type_name(value: object) -> str:
    kind = type(value)
    module = str(kind.__module__).partition(".")[0]
    name = kind.__name__ if module in ("builtins", FILENAME) else f"{module}.{kind.__name__}"
    return name[:_SHAPE_CHARS]


def _integer_text(value: int) -> str:
    """Decimal digits; only as many as tell that it is too large for a float."""
    return int.__str__(value) if value.bit_length() <= 1100 else ("-" if value < 0 else "") + "9" * 400


def _to_float(value: Any) -> float:
    return float.__pos__(value) if isinstance(value, float) else float(np.generic.astype(value, np.float64))


def _shape(value: object) -> str:
    """A few words on the size of something that is no number."""
    for attribute in ("shape", "__len__"):
        try:
            got = getattr(value, attribute)
            if attribute == "shape" and isinstance(got, tuple):
                return f"shape {got}"[:_SHAPE_CHARS]
            if attribute == "__len__":
                return f"length {got()}"[:_SHAPE_CHARS]
        except Exception:  # noqa: S112 - the guest's own code answers here
            continue
    return ""


def _unsaid(error: BaseException) -> str:
    """What is said of an exception of a library without a message."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    of_pyspark = frames and str(frames[-1].f_globals.get("__name__", "")).startswith("pyspark.")
    return _PYSPARK_ASSERTS if isinstance(error, AssertionError) and of_pyspark else ""


def _message(error: BaseException) -> str:
    try:
        return str(error)[:_MESSAGE_CHARS]
    except BaseException:  # the guest's own code answers here; what it raises is no outcome
        return "(its message could not be made)"
