"""Stopping in the middle of a long reading. Trusted side, pure: whoever asks brings the clock.

Reading SQL text takes time that grows with its length and is spent in small steps; a reader looks every so
many steps whether it is still wanted. What `stop` raises (`engine.errors.Interrupted`) goes to the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# Raises Interrupted when reading is to end, else does nothing.
Stop: TypeAlias = Callable[[], None]


def never() -> None:
    """Go on whatever the time is."""
