"""Modules that a site opens to its metrics beside the built-in list, which zygotes load: their names."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from typing import Final

from engine.errors import UsageError
from engine.wording import worded
from sandbox.contract.opened import PRESETS

_NAME: Final = re.compile(r"[^\W\d_]\w*(?:\.[^\W\d_]\w*)*")
# What runs metrics, or is what the language is made of: nothing to be had from a metric.
_NEVER: Final = frozenset({"builtins", "engine", "sandbox"})


def check_opened(names: Iterable[str]) -> tuple[str, ...]:
    """The names of the modules and presets that a site opens, each once.

    Nothing is imported but the packages' names are looked up, so that a slip is told at once.

    Raises:
        UsageError: some are no names of modules that are installed; all are told.
    """
    if isinstance(names, str):
        raise UsageError(
            worded("{imports} takes several names, not one text: write ({name},)", name=repr(names))
        )
    found = tuple(dict.fromkeys(names))
    wrong = [problem for name in found if (problem := _what_is_wrong(name))]
    if wrong:
        raise UsageError(worded("{imports}: {wrong}", wrong="; ".join(wrong)))
    return found


def _what_is_wrong(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"{name!r} is not a module name"
    root = name.partition(".")[0]
    if name in PRESETS:
        return ""
    if root in _NEVER:
        return f"{root} is not for metrics"
    try:
        known = importlib.util.find_spec(root) is not None
    except (ImportError, ValueError):
        known = False
    return "" if known else f"there is no module {root} (presets: {', '.join(sorted(PRESETS))})"
