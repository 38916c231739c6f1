"""A service whose every text is an enemy's, to look at with a browser."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from engine import Engine
from engine.service.admission.keyring import create_key
from engine.service.app import make_app
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import (
    DataSegment,
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    Rule,
    RuleState,
    RunEvent,
    StoredDataset,
    StoredResult,
)
from tests.display.shown import HOSTILE
from tests.service.conftest import serving
from tests.service.visiting import Visitor

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
ERROR = {"code": "raised", "message": HOSTILE[0], "line": 3, "hint": HOSTILE[1]}


@dataclass
class Site:
    """A service with one model whose texts are all hostile, and its key."""

    url: str
    database: Database
    key: str
    app: FastAPI

    def visitor(self) -> Visitor:
        visitor = Visitor(self.url)
        assert visitor.sign_in(self.key).status_code == 303
        return visitor


@contextlib.contextmanager
def open_site(folder: Path, engine: Engine, payments: Path) -> Iterator[Site]:
    """Serve it, with workspaces of two accounts."""
    url = f"sqlite:///{folder}/service.db"
    key = create_key(url, "acme", "fraud")
    settings = Settings(database=url, data_roots=(f"*={payments.parent}",), calculate=False)
    database = Database(url)
    fill(database, "acme", "m1", "k1", "run1")
    fill(database, "rival", "m2", "k2", "run2")
    app = make_app(settings, engine=engine)
    with serving(app) as address:
        yield Site(address, database, key, app)
    database.close()


def fill(database: Database, account: str, model: str, metric: str, run: str) -> None:
    """A model with a metric of two versions, six segments and eight days, in the words of an enemy."""
    with database.session() as session:
        about = {"account": account, "workspace": "fraud"}
        session.add(
            Model(id=model, **about, name=HOSTILE[1], aggregation_period="daily", retention="10d", zone="UTC")
        )
        session.flush()
        health: dict[str, Any] = {"error": HOSTILE[2], "segments": {}, "checked_at": None}
        session.add(
            StoredDataset(
                id=f"{model}d", model_id=model, source=HOSTILE[0], timestamp=HOSTILE[3], health=health
            )
        )
        session.add(DataSegment(model_id=model, definition={"label": HOSTILE[4], "where": HOSTILE[1]}))
        session.flush()
        session.add(ModelVersion(id=f"{model}v", model_id=model, name=HOSTILE[2], serving_id=f"{model}d"))
        session.add(Metric(id=metric, model_id=model, name=HOSTILE[0], version=2))
        session.flush()
        for number, code in ((1, "a = 1\nb = 2\n"), (2, f"a = 1\nb = {HOSTILE[3]}\n")):
            made = MetricVersion(
                id=f"{metric}v{number}",
                metric_id=metric,
                number=number,
                code=code,
                sha256="0",
                params={"x": HOSTILE[1]},
                warnings=[],
            )
            session.add(made)
        session.flush()
        definition = {"above": 2.0, "for": 1, "minimum_rows": 0, "segments": "all"}
        session.add(
            Rule(id=f"{metric}r", metric_id=metric, name=HOSTILE[0], definition=definition, url=HOSTILE[2])
        )
        session.flush()
        session.add(
            RuleState(
                rule_id=f"{metric}r",
                dataset_id=f"{model}d",
                segment_key="x",
                name=HOSTILE[1],
                label=HOSTILE[3],
                state="crossed",
                value=3.0,
                window_start=TODAY,
                since=TODAY,
            )
        )
        session.add_all(results(metric, f"{model}d", run))
        session.add(
            RunEvent(
                run_id=run,
                **about,
                level="error",
                message="calculation begins",
                details={"metrics": [f"{metric}v2"], HOSTILE[0]: HOSTILE[1], "kind": HOSTILE[2]},
            )
        )


def results(metric: str, dataset: str, run: str) -> Iterator[StoredResult]:
    for day in range(8):
        for label in ("", *HOSTILE[:5]):
            good = (day + len(label)) % 5 != 0
            told = {"printed": HOSTILE[0], "error": None if good else ERROR, "run_id": run, "rows": 100 + day}
            value = day + 0.25 if good else None
            yield result(f"{metric}v2", dataset, day - 8, label, value, **told)


def result(code: str, dataset: str, day: int, label: str, value: float | None, **more: Any) -> StoredResult:
    """What a code gave on a segment, on a day before or after today."""
    start = TODAY + timedelta(days=day)
    given: dict[str, Any] = {
        "metric_version_id": code, "dataset_id": dataset, "kind": "period", "segment_key": label,
        "label": label, "segment": {"group": label} if label else None, "window_start": start,
        "window_end": start + timedelta(days=1), "as_of": start + timedelta(days=1), "name": "",
        "status": "raised" if value is None else "ok", "value": value, "rows": 1, "seconds": 0.0,
        "printed": "", "run_id": "r",
    }  # fmt: skip
    return StoredResult(**(given | more))
