"""What a worker says that calc_metric declares. Pure; trusted side.

A worker that lies chooses among declarations that its source could have made, which changes nothing for
anybody else; one that no source can make is garbage.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.signature import (
    MOST_FUNCTIONS,
    MOST_OPTIONS,
    MOST_PARAMETERS,
    MOST_WORDS,
    NAME_CHARS,
    TEXT_CHARS,
    Signature,
    TakesBaseline,
    from_scalar,
    to_scalar,
)

_MOST_PLACE: Final = 1 << 31


def check_signature(signature: Signature) -> None:
    """Refuse a declaration that no honest worker tells.

    Raises:
        ChannelGarbage: it is one.
    """
    names = [parameter.name for parameter in signature.parameters]
    fits = (
        len(names) <= MOST_PARAMETERS
        and len(signature.fixed) <= MOST_PARAMETERS
        and len(signature.functions) <= MOST_FUNCTIONS
        and all(_is_identifier(name) and len(name) <= NAME_CHARS for name in signature.functions)
        and len({*names, *signature.fixed}) == len(names) + len(signature.fixed)
        and all(_is_identifier(name) for name in (*names, *signature.fixed))
        and all(
            0 < one.line < _MOST_PLACE
            and 0 < one.column < _MOST_PLACE
            and (one.kind == "literal") == bool(one.options)
            and len(one.options) <= MOST_OPTIONS
            for one in signature.parameters
        )
        and (signature.baseline is None or _is_baseline(signature.baseline))
    )
    if not fits:
        raise ChannelGarbage("a declaration of an unknown form")
    for parameter in signature.parameters:
        for option in parameter.options:
            try:
                exact = len(option.text) <= TEXT_CHARS and to_scalar(from_scalar(option)) == option
            except (ValueError, KeyError, OverflowError):
                exact = False
            if not exact or option.kind == "float":
                raise ChannelGarbage("a member of a Literal, of an unknown form")


def _is_baseline(baseline: TakesBaseline) -> bool:
    placed = 0 < baseline.line < _MOST_PLACE and 0 < baseline.column < _MOST_PLACE
    words = baseline.words
    return placed and len(words) <= MOST_WORDS and all(len(word) <= NAME_CHARS for word in words)


def _is_identifier(name: str) -> bool:
    """Whether a name can be that of a parameter; identifiers hold nothing hidden, and are of one spelling."""
    return name.isidentifier() and len(name) <= NAME_CHARS and unicodedata.normalize("NFKC", name) == name
