"""Compute with plain PySpark what the metrics of two frames should give, and write expected.json.

    python -m tests.baselines.expected            every metric
    python -m tests.baselines.expected NAME...    only these; the others keep their numbers

Nothing of the product takes part: an ordinary session on a server of its own, frames by conditions of SQL.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.baselines.corpus import CASES
from tests.baselines.data import make_data, make_training
from tests.corpus.plain import describe_value, run_spark

EXPECTED: Final = Path(__file__).parent / "expected.json"


@dataclass(frozen=True, slots=True)
class Pair:
    """A frame and what it is compared with.

    Attributes:
        name: as a test finds it: the kind of baseline, then the frame.
        mine: the condition of its rows.
        theirs: of the baseline's.
        training: whether those are of the training data.
    """

    name: str
    mine: str
    theirs: str
    training: bool = False


SEGMENTS: Final = {
    "all": "true",
    "country = AT": "country = 'AT'",
    "country = DE": "country = 'DE'",
    "country = FR": "country = 'FR'",
    "n in [0,20)": "n >= 0 AND n < 20",
    "n in [20,40)": "n >= 20 AND n < 40",
    "big": "amount > 20",
    # A pair of segments.
    "country = AT & n in [0,20)": "country = 'AT' AND n >= 0 AND n < 20",
    "country = DE & n in [20,40)": "country = 'DE' AND n >= 20 AND n < 40",
}


def _days(first: int, last: int) -> str:
    return f"ts >= '2026-10-{first:02}T00:00:00Z' AND ts < '2026-10-{last:02}T00:00:00Z'"


def pairs() -> list[Pair]:
    """Each segment against the training data and the range before, and the windows of all data."""
    whole, before = _days(6, 11), _days(1, 6)
    made = []
    for name, condition in SEGMENTS.items():
        made.append(Pair(f"training: {name}", f"{condition} AND {whole}", condition, training=True))
        made.append(Pair(f"previous: {name}", f"{condition} AND {whole}", f"{condition} AND {before}"))
    windows = (
        Pair(f"previous: 2026-10-{day:02}", _days(day, day + 1), _days(day - 1, day)) for day in range(6, 11)
    )
    return [*made, *windows]


def load_expected() -> dict[str, dict[str, float]]:
    """Read expected.json: numbers by metric and pair."""
    found: dict[str, dict[str, float]] = json.loads(EXPECTED.read_text())
    return found


def main() -> None:
    """Compute and write."""
    wanted = sys.argv[1:] or list(CASES)
    kept = load_expected() if sys.argv[1:] else {}
    with tempfile.TemporaryDirectory() as temporary, run_spark() as session:
        data, training = Path(temporary, "data.parquet"), Path(temporary, "training.parquet")
        make_data().to_parquet(data)
        make_training().to_parquet(training)
        for name in wanted:
            space: dict[str, Any] = {}
            exec(compile(CASES[name].source, name, "exec"), space)
            kept[name] = {}
            for pair in pairs():
                mine = session.read.parquet(str(data))
                theirs = session.read.parquet(str(training)) if pair.training else mine
                value = space["calc_metric"](mine.where(pair.mine), theirs.where(pair.theirs))
                kept[name][pair.name] = describe_value(value)["value"]
            print(name, kept[name]["training: all"], file=sys.stderr, flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(kept[name])}" for name in CASES if name in kept]
    EXPECTED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
