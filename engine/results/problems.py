"""Problems of a source as they come from a worker, made fit to show. Pure; trusted side.

The worker that compiles a source is as hostile as one that runs it: a source may take over the compiler. So
its words are cleaned where they enter, once, for whoever shows them: the command line, the service, a log.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from engine.results.hints import word_hint
from engine.results.text import clean_text
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.messages import Problem

# An author mends a few at a time; more would only fill the host's memory and the reader's screen. An honest
# worker tells a thousand, and then how many there are beside them.
MOST_PROBLEMS: Final = 1_001
_MOST_LINE: Final = 1 << 31
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,59}")


def clean_problems(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The same problems without hidden characters and host paths, in their order.

    Where there are too many, warnings go first, so that what was refused stays refused.

    Raises:
        ChannelGarbage: a place or a code is none that an honest worker tells.
    """
    for problem in problems:
        placed = 1 <= problem.line < _MOST_LINE and 1 <= problem.column < _MOST_LINE
        if not placed or _CODE.fullmatch(problem.code) is None:
            raise ChannelGarbage("a problem of an unknown form")
    if len(problems) > MOST_PROBLEMS:
        errors = [problem for problem in problems if problem.severity == "error"]
        problems = tuple((errors or problems)[:MOST_PROBLEMS])
    return tuple(
        replace(problem, message=_clean_line(problem.message), hint=word_hint(_clean_line(problem.hint)))
        for problem in problems
    )


def _clean_line(text: str) -> str:
    """A text that cannot look like a second problem in a list of lines."""
    return clean_text(text).replace("\n", " ")
