"""Untrusted side. The time now, as a metric sees it: the run's `as_of`, or a refusal. Never the machine's.

The classes are those of Python and pandas, whose methods cannot be replaced; so the guard of attributes gives
a stand-in for them. Texts such as "now" that numpy and pandas read as the time are refused in the source.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable
from typing import Any, Final

# What asks for the time, on a class or on an object of it.
CLOCKS: Final = frozenset({"now", "today", "utcnow"})
HINT: Final = "give the run an as_of, which is then the current time; or use the timestamps of the rows"
# What takes the texts "now" and "today" for the time.
TIME_READERS: Final = frozenset(
    {"Timestamp", "to_datetime", "DatetimeIndex", "Period", "PeriodIndex", "datetime64"}
    | {"date_range", "bdate_range", "period_range", "interval_range"}
)
NOW_HINT: Final = "write pd.Timestamp.now(), which is the run's as_of"


def is_time_now(node: ast.AST) -> bool:
    """Whether it is a text that numpy and pandas read as the time now."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.strip().lower() in ("now", "today")
    )


class Clock:
    """The clock of one worker.

    Attributes:
        now: the run's `as_of`, aware; None if it has none.
    """

    def __init__(self) -> None:
        self.now: dt.datetime | None = None

    def set(self, text: str) -> None:
        """Take the time from a call: ISO 8601 with a zone, or nothing."""
        self.now = dt.datetime.fromisoformat(text) if text else None

    def stand_in(self, obj: Any, name: str) -> Callable[..., Any] | None:
        """What takes the place of an attribute that tells the time; None if it tells something else.

        Args:
            obj: a class or an object.
            name: of the attribute.
        """
        import pandas as pd  # here: where sources are only compiled, nothing loads it

        kind = obj if isinstance(obj, type) else type(obj)
        if name not in CLOCKS or not issubclass(kind, (dt.date, pd.Period)):
            return None
        now = self.now
        if now is None:
            raise LookupError
        if issubclass(kind, pd.Period):
            return lambda freq: pd.Timestamp(now).tz_localize(None).to_period(freq)
        if not issubclass(kind, dt.datetime):
            return lambda: kind(now.year, now.month, now.day)

        def tell(tz: Any = None) -> Any:
            told = pd.Timestamp(now) if issubclass(kind, pd.Timestamp) else now
            if name == "utcnow" and issubclass(kind, pd.Timestamp):
                return told
            if tz is None or name == "utcnow":
                return told.replace(tzinfo=None)
            return told.tz_convert(tz) if isinstance(told, pd.Timestamp) else told.astimezone(tz)

        return tell


CLOCK: Final = Clock()
