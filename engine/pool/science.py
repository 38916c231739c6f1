"""Whether a source may use scipy or statsmodels, which a zygote loads only for those that do.

Told by words, because the engine never parses what a guest wrote. A source that is taken for one that needs
them makes the zygote load them, once. In a worker of one that is not, and needs them all the same because it
puts names together, `sandbox.tripwire` notices; its call is then run once more, in a worker that has them.
"""

from __future__ import annotations

import re
from typing import Final

# The libraries themselves, and what pandas takes scipy for: `corr(method=...)`, `interpolate`,
# `rolling(win_type=...)`, and sparse frames that become matrices or come from them.
_WORDS: Final = re.compile(
    rb"scipy|statsmodels|kendall|spearman|interpolate|win_type|to_coo|from_coo|spmatrix", re.IGNORECASE
)


def may_use_science(source: bytes) -> bool:
    """Whether a worker for this source is to have scipy and statsmodels from the start."""
    return _WORDS.search(source) is not None
