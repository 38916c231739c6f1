"""What went wrong, as it is told: in the log in one line, and to authors without places of the host.

An ordinary traceback ends with the exception's message as it is. A guest that gets a line end into one could
write lines of its own into the log, or command the terminal that shows it. A backend's message may hold paths
and addresses, which are nobody's business. Pure.
"""

from __future__ import annotations

import re
import traceback
from pathlib import PurePath
from typing import Final

_TEXT_CAP: Final = 500
_FRAMES: Final = 8
# What is looked at of a text. Guests write into messages (raise_error, literals), megabytes if they like,
# and the patterns below take time with the square of the length.
_READ_CHARS: Final = 2_000
_LEAST_CHARS: Final = 300
_LOCATIONS: Final = re.compile(
    r"""(?x)
      \b[a-z][a-z0-9+.-]*:/+[^\s'"`]*             # URLs: file:/…, hdfs://…
    | (?<![\w.])/(?:[\w.+@=-]+/)*[\w.+@=-]+       # absolute paths
    | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b        # addresses
    | \blocalhost(?::\d+)?\b
    | \b(?:java|javax|scala|org\.apache|com|io|sun)\.[\w.$]+(?:Exception|Error)\b:?
    """
)


def describe(error: BaseException) -> str:
    """The exception's type, its text escaped and cut, and where it was raised, innermost first."""
    text = repr(str(error)[:_TEXT_CAP])
    frames = traceback.extract_tb(error.__traceback__)[: -_FRAMES - 1 : -1]
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return f"{type(error).__name__}({text}) at {' < '.join(places) or 'an unknown place'}"


def clean(text: str, limit: int) -> str:
    """Cut text, and take paths, addresses and Java class names out of it."""
    return _LOCATIONS.sub("…", first_part(text))[:limit]


def first_part(text: str) -> str:
    """The first part of a long text, up to a blank: half a path or address would not be known as one."""
    if len(text) <= _READ_CHARS:
        return text
    return text[:_READ_CHARS].rpartition(" ")[0] or text[:_LEAST_CHARS]
