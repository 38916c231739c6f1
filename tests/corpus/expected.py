"""Compute what the metrics of the corpus should give, with plain PySpark, and write expected.json.

    python -m tests.corpus.expected            every metric
    python -m tests.corpus.expected NAME...    only these; the others keep their numbers

Every metric runs twice: on the dataset as one file, and on the same rows shuffled into four files. One
whose number moves by more than its tolerance depends on the order of rows, and is an error here.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.corpus.frames import FRAMES, HERE, ROWS, SEED, compute_fingerprint, make_corpus_table, metric_paths
from tests.corpus.plain import run_metric, run_spark

EXPECTED = HERE / "expected.json"
TOLERANCE = 1e-9

# Relative tolerances other than the usual, with the reason.
TOLERANCES: dict[str, float] = {}


def agree(got: dict[str, Any], want: dict[str, Any], tolerance: float) -> bool:
    """Whether two outcomes are the same, numbers up to the relative tolerance."""
    if "value" in got and "value" in want:
        return math.isclose(got["value"], want["value"], rel_tol=tolerance, abs_tol=1e-12)
    return got == want


def load_expected() -> dict[str, Any]:
    """Read expected.json."""
    expected: dict[str, Any] = json.loads(EXPECTED.read_text())
    return expected


def compute(session: Any, source: Path, paths: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Run each metric on each frame of the data at `source`."""
    results: dict[str, dict[str, Any]] = {}
    for name, path in paths.items():
        begin = time.monotonic()
        results[name] = {}
        for frame in FRAMES:
            df = session.read.parquet(str(source))
            results[name][frame.name] = run_metric(path, df.where(frame.sql) if frame.sql else df)
        print(f"{name}: {time.monotonic() - begin:.1f} s, full: {results[name]['full']}", file=sys.stderr)
    return results


def write_shuffled(table: pa.Table, folder: Path) -> Path:
    """Write the rows in another order, as four files of different sizes."""
    folder.mkdir()
    mixed = table.take(np.random.RandomState(0).permutation(table.num_rows))
    edges = [0, 100, 5_000, 11_000, table.num_rows]
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        pq.write_table(mixed.slice(low, high - low), folder / f"part-{number}.parquet")
    return folder


def find_differences(got: dict[str, Any], want: dict[str, Any]) -> list[str]:
    """One line for each frame of each metric whose outcomes disagree."""
    return [
        f"{name} on {frame}: {outcome} against {want[name][frame]}"
        for name, frames in got.items()
        for frame, outcome in frames.items()
        if not agree(outcome, want[name][frame], TOLERANCES.get(name, TOLERANCE))
    ]


def main(names: list[str]) -> int:
    """Do what the module's header says; the status is 1 if anything differs."""
    logging.disable()  # PySpark logs each error of a query; here some metrics raise on purpose
    paths = {name: path for name, path in metric_paths().items() if not names or name in names}
    table = make_corpus_table()
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "payments.parquet"
        pq.write_table(table, source)
        shuffled = write_shuffled(table, Path(temporary) / "shuffled")
        with run_spark() as session:
            results = compute(session, source, paths)
            differences = find_differences(compute(session, shuffled, paths), results)
        write_expected(table, (load_metrics() if names else {}) | results)
    print("\n".join(differences))
    return 1 if differences else 0


def load_metrics() -> dict[str, dict[str, Any]]:
    """The outcomes in expected.json, by metric and frame."""
    return {name: entry["frames"] for name, entry in load_expected()["metrics"].items()}


def write_expected(table: pa.Table, results: dict[str, dict[str, Any]]) -> None:
    """Write expected.json."""
    pandas = table.to_pandas()
    expected = {
        "data": {"rows": ROWS, "seed": SEED, "fingerprint": compute_fingerprint(table)},
        "frames": {frame.name: int(frame.mask(pandas).sum()) for frame in FRAMES},
        "metrics": {
            name: {"tolerance": TOLERANCES.get(name, TOLERANCE), "frames": results[name]}
            for name in sorted(results)
        },
    }
    EXPECTED.write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
