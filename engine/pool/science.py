"""Whether a source may use scipy or statsmodels, which a zygote loads only for those that do.

Told by words, because the engine never parses what a guest wrote. A source that is taken for one that needs
them makes the zygote load them, once. In a worker of one that is not, and needs them all the same because it
puts names together, `sandbox.tripwire` notices; its call is then run once more, in a worker that has them.
"""

from __future__ import annotations

from typing import Final

# The libraries themselves, and what pandas takes scipy for: `corr(method=...)`, `interpolate`,
# `rolling(win_type=...)`, and sparse frames that become matrices or come from them.
_WORDS: Final = (
    b"scipy", b"statsmodels", b"kendall", b"spearman", b"interpolate",
    b"win_type", b"to_coo", b"from_coo", b"spmatrix",
)  # fmt: skip


def may_use_science(source: bytes) -> bool:
    """Whether a worker for this source is to have scipy and statsmodels from the start."""
    lowered = (
        source.lower()
    )  # a pattern that takes either case holds the interpreter for half a second at 4 MB
    return any(word in lowered for word in _WORDS)
