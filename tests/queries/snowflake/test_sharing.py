"""What is remembered and told of Snowpark questions that frames share stays small."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from engine.queries.snowflake import SqlSharing
from engine.snowflake.text import check_query
from engine.tenants.ledger import lone_account
from tests.run_ids import run_id

COLUMNS = ("G", "A", "B", "S", "D")


def test_questions_are_remembered_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree takes 250 times the bytes of its text: a thousand large ones would take all memory."""
    monkeypatch.setattr("engine.queries.snowflake.sharing.SharedAsking", lambda *_: None)
    monkeypatch.setattr("engine.queries.snowflake.sharing._MAX_QUESTION_BYTES", 200)
    source = SimpleNamespace(account=lone_account())
    sharing = SqlSharing(source, None)  # type: ignore[arg-type] # neither is asked
    texts = [f'SELECT "A" + {number} AS "N" FROM "FRAME"' for number in range(20)]
    kept = [sharing._question(check_query(text, COLUMNS), run_id("run")) is not None for text in texts]
    assert kept[0] and 2 < sum(kept) < 8 and not kept[-1]
    assert sharing._question(check_query(texts[0], COLUMNS), run_id("run")) is not None


@pytest.fixture
def sharing(monkeypatch: pytest.MonkeyPatch) -> SqlSharing:
    """What asks nothing."""
    monkeypatch.setattr("engine.queries.snowflake.sharing.SharedAsking", lambda *_: None)
    return SqlSharing(SimpleNamespace(account=lone_account()), None)  # type: ignore[arg-type]


def test_a_metric_that_asks_ever_other_things_leaves_room_to_those_beside_it(
    sharing: SqlSharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.queries.common._MAX_QUESTIONS", 20)
    for run in ("evil", "good"):
        sharing.expect(run_id(run))

    def kept(run: str, count: int) -> int:
        texts = [f'SELECT "A" + {number} AS "{run}" FROM "FRAME"' for number in range(count)]
        return sum(sharing._question(check_query(text, COLUMNS), run_id(run)) is not None for text in texts)

    assert (kept("evil", 30), kept("good", 10)) == (10, 10)


def test_a_report_tells_many_kinds_of_queries_apart_up_to_a_point(sharing: SqlSharing) -> None:
    for number in range(500):
        sharing._count_answer(run_id("run"), f"query {number}", "frame", "why")
    report = sharing.report(run_id("run"))
    assert len(report) <= 301 and sum(line.frames for line in report) == 500
    assert any(line.plan == "other queries" for line in report)
