"""A database with the results of one metric, for tests of newest values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.service.store.database import Database
from engine.service.store.tables import (
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    Rule,
    RuleState,
    StoredDataset,
    StoredResult,
)

DAY = datetime(2026, 5, 1, tzinfo=UTC)
TEXT = {"group": "country", "value": 'D"E\\\n', "type": "string"}
NULL = {"group": "country", "value": None, "type": "null"}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, lambda: DAY + timedelta(days=10))
    made.migrate()
    yield made
    made.close()


def result(day: int, label: str = "", value: float | None = 0.5, **more: object) -> StoredResult:
    start = DAY + timedelta(days=day)
    given: dict[str, object] = {
        "metric_version_id": "v2", "dataset_id": "d", "kind": "period", "segment_key": label, "label": label,
        "segment": None, "window_start": start, "window_end": start + timedelta(days=1),
        "as_of": start + timedelta(days=1), "status": "ok" if value is not None else "raised", "value": value,
        "rows": 10, "seconds": 0.0, "printed": "", "run_id": "r", "created_at": DAY,
    }  # fmt: skip
    return StoredResult(**(given | more))


def fill(database: Database, *results: StoredResult) -> None:
    with database.session() as session:
        model = Model(id="m", account="a", workspace="w", name="fraud", aggregation_period="daily",
                      retention="10d", zone="UTC")  # fmt: skip
        session.add(model)
        session.flush()
        session.add(StoredDataset(id="d", model_id="m", source="x"))
        session.flush()
        session.add(ModelVersion(id="mv", model_id="m", name="v1", serving_id="d"))
        session.add(Metric(id="k", model_id="m", name="rate", version=2))
        session.flush()
        for number in (1, 2):
            version = MetricVersion(
                id=f"v{number}", metric_id="k", number=number, code="", sha256="", warnings=[]
            )
            session.add(version)
        session.flush()
        session.add_all(results)


def add_states(database: Database, *states: tuple[str, str]) -> None:
    given = {"above": 1.0, "for": 1, "minimum_rows": 0, "segments": "all"}
    with database.session() as session:
        session.add(
            Rule(id="r", metric_id="k", name='hi"gh', definition=given, url="https://h.example/secret")
        )
        session.flush()
        for label, state in states:
            key = json.dumps(TEXT) if label else ""
            of = {"rule_id": "r", "dataset_id": "d", "segment_key": key, "name": label, "label": label}
            session.add(RuleState(**of, state=state, window_start=DAY, since=DAY))
