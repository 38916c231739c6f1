"""Results that the service appends to a table of the operator's: each once, whatever dies between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from deltalake import DeltaTable

from engine.display.saving import append_results
from engine.errors import DataError, UsageError
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import Outgoing, StoredResult
from engine.service.work import exporting
from engine.service.work.calculate import run_due
from engine.service.work.exporting import Exporter
from tests.service.databases import BOTH

COUNT = "def calc_metric(df):\n    return float(df.count())\n"


def outgoing(database: Database) -> int:
    with database.session() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Outgoing)) or 0


def again(database: Database) -> None:
    """Let what failed be due at once."""
    with database.session() as session:
        session.execute(sa.update(Outgoing).values(not_before=None))
        session.execute(sa.update(Outgoing).values(not_before=datetime(2020, 1, 1, tzinfo=UTC)))


def rows_in(folder: Path) -> list[dict[str, Any]]:
    table = (
        DeltaTable(folder).to_pyarrow_table() if (folder / "_delta_log").is_dir() else pq.read_table(folder)
    )
    found: list[dict[str, Any]] = pa.table(table).to_pylist()
    return found


@pytest.mark.parametrize("form", ["delta", pytest.param("parquet", marks=pytest.mark.slow)])
@BOTH
def test_each_result_is_in_the_table_once(
    client, database, engine, settings, payments, tmp_path, monkeypatch, form
):
    folder = tmp_path / "results"
    settings = replace(settings, save_results=f"{form}:{folder}")
    model, _, dataset = client.model(payments)
    metric = client.metric(model, COUNT)
    assert client.validate(metric, dataset)["status"] == "success"
    run_due(database, engine, datetime.now(UTC), settings)
    assert outgoing(database) and not folder.exists()
    exporter = Exporter(database, settings)

    append = append_results

    def append_and_die(*given: Any) -> None:
        append(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(exporting, "append_results", append_and_die)
    with pytest.raises(KeyboardInterrupt):
        exporter.append_due()
    monkeypatch.setattr(exporting, "append_results", append)
    assert exporter.append_due() == 0, "another process may be at it"
    again(database)
    assert exporter.append_due() == 1 and not outgoing(database)

    with database.session() as session:
        stored = [
            (one.window_start, one.window_end, one.value, one.status, one.run_id, one.kind)
            for one in session.scalars(sa.select(StoredResult))
        ]
    rows = rows_in(folder)
    assert len(rows) == len(stored) > 1
    told = [
        (row["window_start"], row["window_end"], row["value"], row["status"], row["run_id"], row["kind"])
        for row in rows
    ]
    assert set(told) == set(stored)
    assert {(row["account"], row["metric"], row["metric_version"]) for row in rows} == {("acme", "m", 1)}


@pytest.mark.slow
def test_a_table_that_takes_nothing_holds_up_nothing(client, database, engine, settings, payments, tmp_path):
    folder = tmp_path / "results"
    settings = replace(settings, save_results=f"parquet:{folder}")
    folder.mkdir()
    pq.write_table(pa.table({"other": [1]}), folder / "x.parquet")
    with database.session() as session:
        session.add(Outgoing(run_id="r", metric_version_id="v", dataset_id="d"))
    exporter = Exporter(database, settings)
    assert exporter.append_due() == 1, "what was deleted meanwhile is no failure"
    model, _, dataset = client.model(payments)
    client.validate(client.metric(model, COUNT), dataset)
    assert run_due(database, engine, datetime.now(UTC), settings).results
    with pytest.raises(DataError, match="does not hold results"):
        exporter.append_due()
    assert outgoing(database) and exporter.append_due() == 0, "it is due again later"
    (folder / "x.parquet").unlink()
    again(database)
    assert exporter.append_due() == 1 and not outgoing(database) and rows_in(folder)


def test_a_table_that_cannot_be_is_told_at_the_start(database, tmp_path):
    with pytest.raises(UsageError, match="write delta:PATH"):
        Settings(save_results="results.csv")
    with pytest.raises(UsageError, match="there is no folder"):
        Exporter(database, Settings(save_results=f"parquet:{tmp_path}/none/results"))
    Exporter(database, Settings()).start()
