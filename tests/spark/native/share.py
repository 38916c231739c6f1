"""Which metrics of the corpus never start Java on local Parquet: `python -m tests.spark.native.share`.

Each runs as the corpus does, over all of the data with its segments and over the last week, on an engine
whose Spark does not start. What ends without it never starts Java; what does not says why it needs it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from engine import Dataset, Engine, TimeRange
from engine.backends import names
from engine.backends.spark.backend import LocalSpark
from engine.errors import BackendStartError, SparkNeeded
from tests.corpus.frames import AS_OF, SEGMENTS, WEEK_AGO, metric_paths, write_corpus_data


class NoSpark(LocalSpark):
    """A Spark that does not start."""

    def launch(self) -> NoReturn:
        """Start nothing."""
        raise BackendStartError("no Java is started here")


def reasons(wanted: Iterable[str]) -> dict[str, str]:
    """Why each of these metrics starts Java; empty for one that never does."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(names, "LocalSpark", NoSpark)
        dataset = Dataset(write_corpus_data(Path(folder)), timestamp="ts")
        with Engine("spark", roots=(Path(folder),)) as engine:
            return {name: _reason(engine, dataset, metric_paths()[name].read_text()) for name in wanted}


def _reason(engine: Engine, dataset: Dataset, source: str) -> str:
    try:
        engine.evaluate(source, dataset, segments=list(SEGMENTS))
        engine.evaluate(source, dataset, time=TimeRange(WEEK_AGO, AS_OF))
    except SparkNeeded as needed:
        return needed.reason
    return ""


def told(found: Mapping[str, str]) -> str:
    """The share, then the reasons with their metrics."""
    never = sum(not reason for reason in found.values())
    lines = [f"{never} of {len(found)} metrics never start Java ({never / len(found):.0%})"]
    for reason, times in Counter(filter(None, found.values())).most_common():
        those = ", ".join(name for name, why in found.items() if why == reason)
        lines.append(f"{times:4} {reason}: {those}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(told(reasons(metric_paths())))
