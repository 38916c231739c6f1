"""Where Sail 0.7 does something else than Spark on the metrics of the corpus, and what.

Found by `python -m tests.corpus.expected --sail`. A test runs each of these on Sail and fails when the
difference is gone, so the table cannot outlive it.
"""

from __future__ import annotations

# metric -> how Sail differs
SAIL_DIFFERENCES: dict[str, str] = {}
