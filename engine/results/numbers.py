"""Reading the number texts of a worker. Pure; trusted side; every text is hostile.

Only the forms that an honest worker writes are read: Python's `float` and `int` also take underscores,
spaces and digits of other scripts, and can be made slow by length. So a pattern and a length come first. A
text that reaches the cap may have been cut by the worker, and a cut number is a wrong number: refused.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final

# No finite float needs more; the worker cuts decimals here, and fractions at twice as much.
TEXT_CAP: Final = 400

_INT: Final = re.compile(r"-?[0-9]+", re.ASCII)
_FLOAT: Final = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?)(?:E[+-][0-9]{1,20})?", re.ASCII)
_DECIMAL_NAN: Final = re.compile(r"-?NaN[0-9]*", re.ASCII)
_DECIMAL_SIGNALLING: Final = re.compile(r"-?sNaN[0-9]*", re.ASCII)
_FRACTION: Final = re.compile(r"(-?[0-9]+)(?:/([0-9]+))?", re.ASCII)
_FLOAT_WORDS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_DECIMAL_WORDS: Final = {"Infinity": math.inf, "-Infinity": -math.inf}


class NotANumber(Exception):
    """No honest worker writes this text for this kind."""


class TooLarge(Exception):
    """A number, but outside what a float can hold, or with too many digits to be read."""


class SignallingNaN(Exception):
    """A decimal that raises when it is used."""


def parse_number(kind: str, text: str) -> float:
    """The float nearest to a worker's number, which may be NaN or infinite.

    Args:
        kind: "int", "float", "decimal" or "fraction".
        text: the number as the worker wrote it, which may be anything.

    Raises:
        NotANumber, TooLarge, SignallingNaN: see the classes. Nothing else, and never slow.
    """
    try:
        return _PARSERS[kind](text)
    except (KeyError, ZeroDivisionError, ValueError):
        raise NotANumber from None
    except OverflowError:
        raise TooLarge from None


def _parse_int(text: str) -> float:
    _require(_INT, text, TEXT_CAP + 2)
    # The worker stands for a larger integer with digits enough to be too large.
    return float(int(text))


def _parse_float(text: str) -> float:
    if text in _FLOAT_WORDS:
        return _FLOAT_WORDS[text]
    _require(_FLOAT, text, TEXT_CAP)
    try:
        return float.fromhex(text)
    except OverflowError:
        raise NotANumber from None  # float.hex never writes one


def _parse_decimal(text: str) -> float:
    if text in _DECIMAL_WORDS:
        return _DECIMAL_WORDS[text]
    if len(text) < TEXT_CAP and _DECIMAL_SIGNALLING.fullmatch(text):
        raise SignallingNaN
    if len(text) < TEXT_CAP and _DECIMAL_NAN.fullmatch(text):
        return math.nan
    _require(_DECIMAL, text, TEXT_CAP)
    value = float(text)
    if math.isinf(value):
        raise TooLarge
    return value


def _parse_fraction(text: str) -> float:
    match = _require(_FRACTION, text, 2 * TEXT_CAP)
    return float(Fraction(int(match[1]), int(match[2] or "1")))


def _require(pattern: re.Pattern[str], text: str, cap: int) -> re.Match[str]:
    if len(text) >= cap:
        if pattern.fullmatch(text[: cap - 1]) is None:
            raise NotANumber
        raise TooLarge
    match = pattern.fullmatch(text)
    if match is None:
        raise NotANumber
    return match


_PARSERS: Final = {
    "int": _parse_int,
    "float": _parse_float,
    "decimal": _parse_decimal,
    "fraction": _parse_fraction,
}
