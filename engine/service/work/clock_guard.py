"""Whether the clock can be believed, by a second one that nobody sets. Pure but for what it remembers.

A clock that leaps ahead makes work due that is not, on windows whose rows are not there yet; one that leaps
back makes work due of long ago. So a leap is believed only once it has lasted: a wrong one is mostly put
right within minutes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_SLACK: Final = timedelta(minutes=1).total_seconds()
# For how long a clock that has leapt is not believed.
_DOUBT: Final = timedelta(minutes=10).total_seconds()


class ClockGuard:
    """Compares the clock with elapsed time."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._doubted: float | None = None

    def believes(self, now: datetime, elapsed: float) -> bool:
        """Whether work that is due by a clock is to be planned.

        Args:
            now: what the clock says.
            elapsed: seconds on a clock that is never set, and goes on while the machine sleeps.
        """
        offset = now.timestamp() - elapsed
        leap = 0.0 if self._offset is None else offset - self._offset
        if abs(leap) > _SLACK:
            self._doubted = elapsed if self._doubted is None else self._doubted
            if elapsed - self._doubted < _DOUBT:
                return False
        self._offset, self._doubted = offset, None
        return True
