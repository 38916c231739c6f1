"""What went wrong inside, for the log: in one line, because an exception's text may hold a guest's.

An ordinary traceback ends with the exception's message as it is. A guest that gets a line end into one could
write lines of its own into the log, or command the terminal that shows it. Pure.
"""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import Final

_TEXT_CAP: Final = 500
_FRAMES: Final = 8


def describe(error: BaseException) -> str:
    """The exception's type, its text escaped and cut, and where it was raised, innermost first."""
    text = repr(str(error)[:_TEXT_CAP])
    frames = traceback.extract_tb(error.__traceback__)[: -_FRAMES - 1 : -1]
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return f"{type(error).__name__}({text}) at {' < '.join(places) or 'an unknown place'}"
