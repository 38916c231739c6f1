"""Which line of the author's code an exception came from. Loads no library: workers that compile use it."""

from __future__ import annotations

import traceback

from sandbox.language import FILENAME


def deepest_line(error: BaseException) -> int:
    """The line of the author's code from which an exception came; 0: from none."""
    own = [at for frame, at in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == FILENAME]
    return own[-1] if own else 0
