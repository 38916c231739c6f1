"""What an honest tenant asks, and what it is told."""

from __future__ import annotations

from typing import Any

from engine import SegmentGroup
from engine.models.run import Run
from tests.engine.support import metric

BY_KIND = SegmentGroup.by_value("kind")


# One number for each frame, texts that differ between frames, and an error on some.
HONEST = metric(
    "found = df.agg(F.sum('n').alias('s'), F.min('kind').alias('lo'), F.max('kind').alias('hi')).first()\n"
    "print('from', found['lo'], 'to', found['hi'])\n"
    "if found['lo'] == found['hi'] == 'k07':\n"
    "    raise ValueError('not this one: ' + found['lo'])\n"
    "values = df.select('n').toPandas()['n']\n"
    "assert values.sum() == found['s']\n"
    "return values.mean() + np.random.default_rng().random()"
)


def told(run: Run) -> list[Any]:
    """All that a caller learns, but times."""
    return [(r.frame, r.status, r.value, r.rows, r.printed, r.error) for r in run.results]
