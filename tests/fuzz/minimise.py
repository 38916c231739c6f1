"""Which inputs are worth keeping: a small set that reaches every line pair that all of them reach.

Measured with the interpreter's own tracing, so that neither this nor the tests that read the corpora need
the fuzzer.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import engine
from tests.fuzz.settings import MOST_BYTES, MOST_FILES, Setting

_ROOT = Path(engine.__file__).parents[1]
_Steps = frozenset[tuple[str, int, int]]


def smallest(inputs: Iterable[bytes], run: Callable[[bytes], None], setting: Setting) -> list[bytes]:
    """Choose inputs that together reach what all reach, small ones first.

    Args:
        inputs: those found; none may be a finding.
        run: the target.
        setting: the target's.
    """
    paths = tuple(str(_ROOT / module.replace(".", "/")) for module in setting.modules)
    reached = {
        data: steps_of(data, run, paths) for data in sorted(set(inputs), key=lambda data: (len(data), data))
    }
    kept: list[bytes] = []
    seen: set[tuple[str, int, int]] = set()
    # An input counts for what it reaches that no smaller one does.
    for data, steps in reached.items():
        if steps - seen and len(kept) < MOST_FILES and len(data) + sum(map(len, kept)) <= MOST_BYTES:
            kept.append(data)
            seen |= steps
    return _without_needless(kept, reached)


def _without_needless(kept: list[bytes], reached: dict[bytes, _Steps]) -> list[bytes]:
    """Leave out what later, larger inputs reach as well."""
    needed, seen = list[bytes](), set[tuple[str, int, int]]()
    for data in reversed(kept):
        if reached[data] - seen:
            needed.append(data)
            seen |= reached[data]
    return needed[::-1]


def steps_of(data: bytes, run: Callable[[bytes], None], paths: tuple[str, ...]) -> _Steps:
    """The pairs of lines, one after the other, that an input reaches below these paths."""
    steps: set[tuple[str, int, int]] = set()
    last: dict[types.FrameType, int] = {}

    def in_frame(frame: types.FrameType, event: str, _: Any) -> Any:
        if event == "line":
            steps.add((frame.f_code.co_filename, last.get(frame, 0), frame.f_lineno))
            last[frame] = frame.f_lineno
        elif event == "return":
            last.pop(frame, None)
        return in_frame

    def on_call(frame: types.FrameType, *_: Any) -> Any:
        return in_frame if frame.f_code.co_filename.startswith(paths) else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        run(data)
    finally:
        sys.settrace(before)
    return frozenset(steps)
