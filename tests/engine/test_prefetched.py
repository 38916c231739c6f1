"""Answers that travel with a call: the same results, the same limits, the same report."""

from __future__ import annotations

import pytest

from engine import Dataset, Engine, Limits, SegmentGroup
from engine.gateway.answers import Answers
from tests.engine.support import metric

pytestmark = pytest.mark.spark

GROUPS = [SegmentGroup.by_buckets("n", range(0, 305, 20))]
MANY_GROUPS = [SegmentGroup.by_buckets("n", range(0, 305, 5))]
BODIES = {
    "one question": "return df.agg(F.sum('n')).first()[0]",
    "two questions": "a = df.agg(F.sum('n')).first()[0]\nreturn a + df.count()",
    "printed before": "print('before')\nreturn df.agg(F.sum('n')).first()[0]",
    "another question in some frames": (
        "import numpy as np\nif np.random.rand() < 0.5:\n    return df.count()\n"
        "return df.agg(F.sum('n')).first()[0]"
    ),
    "asks in some frames only": (
        "import numpy as np\nif np.random.rand() < 0.5:\n    return 1\nreturn df.agg(F.sum('n')).first()[0]"
    ),
    "a view before the question": ("df.createOrReplaceTempView('v')\nreturn df.agg(F.sum('n')).first()[0]"),
    "a stream left open": (
        "rows = df.select('n').toLocalIterator()\nnext(rows)\nreturn df.agg(F.sum('n')).first()[0]"
    ),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_results_are_those_of_frames_that_ask(engine: Engine, rows: Dataset, body: str) -> None:
    fused = engine.evaluate(metric(body), rows, segments=GROUPS)
    apart = engine.evaluate(metric(body), rows, segments=GROUPS, fuse=False)
    for one, other in zip(fused.results, apart.results, strict=True):
        assert (one.frame, one.status, one.printed) == (other.frame, other.status, other.printed)
        assert one.value == pytest.approx(other.value, rel=1e-12)


def test_each_answer_is_counted_once(engine: Engine, rows: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[object] = []
    note_used = Answers.note_used
    monkeypatch.setattr(Answers, "note_used", lambda self: (used.append(self), note_used(self)))
    run = engine.evaluate(metric(BODIES["two questions"]), rows, segments=MANY_GROUPS)
    assert sum(one.frames for one in run.report.sharing) == 2 * len(run.results) == 2 * 61
    assert run.report.queries < 8
    assert len(used) > 40  # all but those that came before the answer was there


@pytest.mark.parametrize(
    ("limits", "which"),
    [
        (Limits(plans=1), "plans"),
        (Limits(fetched_rows=1), "fetched_rows"),
        (Limits(fetched_bytes=400), "fetched_bytes"),
    ],
)
def test_limits_count_what_was_not_asked_for(
    engine: Engine, rows: Dataset, limits: Limits, which: str
) -> None:
    source = metric(BODIES["two questions"])
    limited = engine.evaluate(source, rows, segments=GROUPS, limits=limits)
    assert {result.status for result in limited.results} == {"limit"}
    assert all(which in str(result.error) for result in limited.results)
