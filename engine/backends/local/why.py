"""Why a local server did not start, in one line: from what it said, and from how it ended. Pure.

Its output goes to a log that is deleted with it, and a reason that nobody sees helps nobody. The jail
complains in JSON, Java with a chain of exceptions of which the last is the cause, Python with a traceback
of which the last line is the error. What is found is shown to whoever started the engine, without host paths.
"""

from __future__ import annotations

import json
import re
import signal
from typing import Final

from engine.results.text import clean_text

_REASON_CHARS: Final = 400
_CAUSE: Final = re.compile(r"^Caused by: (.+)", re.MULTILINE)
_FIRST: Final = re.compile(r'^(?:Exception in thread "[^"]*" |Error: |Exception: )(.+)', re.MULTILINE)
_FRAME: Final = re.compile(r"^\s+at |^\s*\.\.\. \d+ more")
_STATED: Final = frozenset({"network", "files-only"})  # what the jail says of servers that do start
_SIGNAL_BASE: Final = 128  # a status above it means a signal


def complaints(log: str) -> dict[str, str]:
    """What the jail said before the server began: its messages by their kinds."""
    found: dict[str, str] = {}
    for line in log.splitlines():
        if not line.startswith('{"jail"'):
            continue
        try:
            said = json.loads(line)
            found[str(said["jail"])] = str(said["message"])
        except (ValueError, KeyError):
            continue  # cut off, or not the jail's
    return found


def why_ended(log: str, status: int | None) -> str:
    """The likely reason of a server's end.

    Args:
        log: the end of its output.
        status: its exit status; more than 128 for a signal, None if it still runs.
    """
    reason = _said(log)
    if status is not None and status > _SIGNAL_BASE:
        ended = f"it was ended by {_name_of(status - _SIGNAL_BASE)}"
        return f"{ended}; its last words: {reason}" if reason else ended
    if reason:
        return reason
    return "it said nothing" if status is None else f"it said nothing, and ended with status {status}"


def _said(log: str) -> str:
    for kind, message in complaints(log).items():
        if kind not in _STATED:
            return clean_text(message, _REASON_CHARS)
    causes = _CAUSE.findall(log) or _FIRST.findall(log)[:1]
    if not causes:
        lines = (line.strip() for line in log.splitlines() if not _FRAME.match(line))
        causes = [line for line in lines if line and not line.startswith('{"jail"')]
    return clean_text(causes[-1].strip(), _REASON_CHARS) if causes else ""


def _name_of(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    hint = " (perhaps for want of memory)" if number == signal.SIGKILL else ""
    return f"{name}{hint}"
