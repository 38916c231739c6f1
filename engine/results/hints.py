"""Hints of the language layer, with the words of each door. Pure."""

from __future__ import annotations

from typing import Final

from engine.wording import worded
from sandbox.contract.opened import OPEN_MODULE, OPEN_STANDARD

_WORDS: Final = {OPEN_STANDARD: "open_standard", OPEN_MODULE: "open_module"}


def word_hint(hint: str) -> str:
    """A hint of the language layer, with the words of each door for how a module is opened."""
    for sentence, key in _WORDS.items():
        before, found, after = hint.partition(sentence)
        if found:
            return worded(f"{{before}}{{{key}}}{{after}}", before=before, after=after)
    return hint
