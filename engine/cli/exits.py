"""Exit statuses of the command line."""

from __future__ import annotations

from typing import Final

GOOD: Final = 0  # every frame gave a number, NaN, or had no data
FRAMES: Final = 1  # some frame did not
REFUSED: Final = 2  # a source was refused
USAGE: Final = 3  # bad usage or data, or the backend is lost
INTERRUPTED: Final = 130  # interrupted, as a shell reports SIGINT
