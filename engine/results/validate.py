"""What one call's outcome means: a status, a number only if it is one, and an error that says the fix.

Pure, on the trusted side, on primitive data from a worker that may lie in every field. It never raises
and never takes long, whatever the texts. A worker that lies can only choose among the outcomes that
its own guest could have had honestly: it can claim any number, but never pass something else off as one.

On a frame without rows, NaN, None and an exception mean "no data"; a finite number counts (a count of 0
is an answer), and everything else is as invalid as on any frame. Refusals and limits stay what they are.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from engine.models.codes import limit_code
from engine.models.result import FrameError, Status
from engine.results.hints import word_hint
from engine.results.numbers import NotANumber, SignallingNaN, TooLarge, parse_number
from engine.results.text import clean_text
from engine.wording import worded
from sandbox.contract.messages import BACKEND_FAILED, REFUSED, Outcome, Raised, Returned

_TYPE_CAP: Final = 100
_FIELD_CAP: Final = 300

# Conditions that the engine itself puts on replies, and the status that each of them means.
_CONDITIONS: Final[dict[str, tuple[Status, str]]] = {
    REFUSED: ("refused", "refused"),
    BACKEND_FAILED: ("backend_error", "backend-error"),
}

_COLUMN: Final = "a Column is only a formula: aggregate and fetch it, such as df.agg(F.avg('x')).first()[0]"
_FRAME: Final = "reduce it to one number, such as df.agg(F.avg('x')).first()[0]"
_FIRST: Final = "if it holds one number, return that: result[0]"
_MISSING: Final = 'return float("nan") where there is no value: float("nan") if pd.isna(v) else v'

# By the last part of the type's name: code of the error, and the fix.
_NOT_NUMBERS: Final = {
    "str": ("returned-text", "return float(v)"),
    "str_": ("returned-text", "return float(v)"),
    "bytes": ("returned-text", "return float(v)"),
    "complex": ("returned-complex", "return its real part, v.real, or its magnitude, abs(v)"),
    "complex64": ("returned-complex", "return its real part, v.real, or its magnitude, abs(v)"),
    "complex128": ("returned-complex", "return its real part, v.real, or its magnitude, abs(v)"),
    "NAType": ("returned-missing", _MISSING),
    "NaTType": ("returned-missing", _MISSING),
    "MaskedConstant": ("returned-missing", 'return float("nan") if np.ma.is_masked(v) else float(v)'),
    "MaskedArray": ("returned-missing", 'return float("nan") if np.ma.is_masked(v) else float(v)'),
    "Row": ("returned-collection", _FIRST),
    "list": ("returned-collection", _FIRST),
    "Rows": ("returned-collection", _FIRST),
    "tuple": ("returned-collection", _FIRST),
    "ndarray": ("returned-collection", "if it holds one number, return that: result[0], or result.item()"),
    "Series": ("returned-collection", "if it holds one number, return that: result.iloc[0]"),
    "Index": ("returned-collection", _FIRST),
    "dict": (
        "returned-collection",
        "return one of its values: result['name']; to return them all, annotate calc_metric "
        "-> dict[str, float]",
    ),
    "set": ("returned-collection", "return one number, such as len(result)"),
    "DataFrame": ("returned-frame", _FRAME),
    "GroupedData": ("returned-frame", _FRAME),
    "Table": ("returned-frame", _FRAME),
    "RelationalGroupedDataFrame": ("returned-frame", _FRAME),
    "Column": ("returned-frame", _COLUMN),
}


class Validated(NamedTuple):
    """What an outcome means: exactly `status == "ok"` has a finite value; all others have NaN."""

    status: Status
    value: float
    error: FrameError | None


def validate_outcome(
    outcome: Outcome, *, rows: int | None, fault: tuple[Status, FrameError] | None = None
) -> Validated:
    """Decide what one call of calc_metric gave.

    Args:
        outcome: from the worker; hostile.
        rows: rows of the frame; None if they were not counted, which is taken as "has rows".
        fault: what the gateway itself refused, limited or failed last during this call, if anything. It
            stands in for the worker's word when the exception that left calc_metric is the one it caused.
    """
    if outcome.raised is not None:
        return _validate_raised(outcome.raised, rows, fault)
    if outcome.returned is not None:
        return validate_returned(outcome.returned, rows)
    return _invalid("worker-garbage", "the worker reported neither a value nor an exception", "")


def excused(outcome: Outcome) -> FrameError | None:
    """The exception that a frame without rows excused, of an outcome that is "no_data"."""
    return None if outcome.raised is None else _raised_error(outcome.raised)


def validate_returned(returned: Returned, rows: int | None) -> Validated:
    """Decide what one value is that calc_metric returned; `rows` as for `validate_outcome`."""
    kind = clean_text(returned.type, _TYPE_CAP).replace("\n", " ")
    if returned.kind == "none":
        if rows == 0:
            return _no_data()
        hint = 'return float("nan") if v is None else v'
        return _invalid("returned-none", "calc_metric returned None; is a return missing?", hint)
    if returned.kind == "bool":
        return _invalid("returned-bool", f"calc_metric returned a {kind}", "return float(v), or int(v)")
    if returned.kind == "other":
        return _refuse_other(kind, clean_text(returned.text, _FIELD_CAP).replace("\n", " "))
    return _validate_number(returned, kind, rows)


def _validate_number(returned: Returned, kind: str, rows: int | None) -> Validated:
    try:
        value = parse_number(returned.kind, returned.text)
    except TooLarge:
        hint = "return a number within ±1.8e308 and of ordinary length: float(v)"
        return _invalid("returned-too-large", f"calc_metric returned a {kind} too large for a float", hint)
    except SignallingNaN:
        hint = 'return float("nan")'
        return _invalid("returned-signalling-nan", "calc_metric returned a signalling NaN", hint)
    except NotANumber:
        return _invalid("returned-garbage", f"the worker reported a {kind} that is not a number", "")
    if math.isinf(value):
        hint = 'divide only where the divisor is not 0, or: return v if np.isfinite(v) else float("nan")'
        return _invalid("returned-infinity", f"calc_metric returned {value}", hint)
    if math.isnan(value):
        return _no_data() if rows == 0 else Validated("nan", math.nan, None)
    return Validated("ok", value, None)


def _refuse_other(kind: str, text: str) -> Validated:
    name = kind.rpartition(".")[2]
    code, hint = _NOT_NUMBERS.get(name, ("returned-other", "return a number: int, float, or a numpy scalar"))
    shown = f"{kind} ({text})" if text else kind
    return _invalid(code, f"calc_metric returned a {shown}, which is not a number", hint)


def _validate_raised(raised: Raised, rows: int | None, fault: tuple[Status, FrameError] | None) -> Validated:
    line = raised.line if raised.line > 0 else None
    message = clean_text(raised.message)
    if raised.refusal is not None:
        refusal = raised.refusal
        text, hint = clean_text(refusal.message), word_hint(clean_text(refusal.hint))
        code = clean_text(refusal.code, _TYPE_CAP)
        place = refusal.line if refusal.line > 0 else line
        return Validated("refused", math.nan, FrameError(code, text, place, hint))
    if raised.condition in _CONDITIONS:
        status, code = _CONDITIONS[raised.condition]
        if fault is not None and fault[0] == status:
            known = fault[1]
            return Validated(status, math.nan, FrameError(known.code, known.message, line, known.hint))
        return Validated(status, math.nan, FrameError(code, message, line))
    if raised.memory:
        hint = worded(
            "aggregate on the DataFrame before fetching, fetch fewer columns, or raise {memory_bytes}"
        )
        return Validated(
            "limit",
            math.nan,
            FrameError(
                limit_code("memory_bytes"), "calc_metric ran out of memory (memory_bytes)", line, hint
            ),
        )
    if rows == 0:
        return _no_data()
    return Validated("raised", math.nan, _raised_error(raised))


def _raised_error(raised: Raised) -> FrameError:
    line = raised.line if raised.line > 0 else None
    message = clean_text(raised.message)
    kind = clean_text(raised.type, _TYPE_CAP).replace("\n", " ")
    said = f"{kind}: {message}" if message else kind
    source = clean_text(raised.source, _FIELD_CAP).replace("\n", " ")
    return FrameError("raised", _with_source(said, line, source), line)


def _with_source(said: str, line: int | None, source: str) -> str:
    return f"{said}\n  line {line}: {source}" if line and source else said


def _no_data() -> Validated:
    return Validated("no_data", math.nan, None)


def _invalid(code: str, message: str, hint: str) -> Validated:
    return Validated("invalid_output", math.nan, FrameError(code, message, None, hint))
