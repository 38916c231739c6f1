"""Days by number, and those that every data engine counts alike."""

from __future__ import annotations

import datetime as dt
from typing import Final

_EPOCH: Final = dt.date(1970, 1, 1)


def day_number(day: dt.date) -> int:
    """How many days a day is after the first one of 1970."""
    return (day - _EPOCH).days


# Days and instants outside of these are counted in another calendar, or are infinity to DuckDB. Spark counts
# instants from the first one on alike in both of its calendars, whatever the zone.
FIRST_ALIKE: Final = day_number(dt.date(1900, 1, 1))
LAST_ALIKE: Final = day_number(dt.date(9999, 12, 30))
