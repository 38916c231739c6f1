"""Tables with versions as sources of the service: what an account may name, and when they are other data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from engine.errors import DataError
from engine.service.data.datasets import SourceOwner, check_source, fingerprint, look_at_source
from engine.service.errors import SourceNotAllowed
from engine.service.problems import to_problem
from engine.service.settings import Settings
from engine.service.store.tables import StoredResult
from engine.service.work.calculate import run_due
from tests.sources.delta_writer import DeltaWriter, column, metadata, protocol


@pytest.fixture
def writer(tmp_path: Path) -> DeltaWriter:
    made = DeltaWriter(tmp_path / "mine" / "table")
    made.commit(protocol(), metadata([column("a", "long")]))
    return made


def test_a_table_is_where_its_folder_is(
    writer: DeltaWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its prefix a name is no relative path, whatever the roots, and none of the backend's tables."""
    mine, others = tmp_path / "mine", tmp_path / "others"
    others.mkdir()
    (mine / "link").symlink_to(others)
    monkeypatch.chdir(mine)
    settings = Settings(data_roots=("a=.", f"b={others}"), tables=("others", "*"))
    reader = SourceOwner("a", alone=False)
    for source in (f"delta:{mine}/table", "delta:table", "delta:table@v0", f"{mine}/table", "table"):
        check_source(source, settings, reader)
        look_at_source(source, settings, reader)
    for source in (
        f"delta:{others}", f"delta:{others}@v0", "delta:../others", "delta:link", f"delta:file://{others}",
        f"delta:{others}@2026-01-01T00:00:00Z", "delta:", "delta:~/x", "delta:table@2026-01-01T00:00:00",
        "delta:s3://bucket/x", f"iceberg:{others}",
    ):  # fmt: skip
        with pytest.raises(SourceNotAllowed) as refusal:
            check_source(source, settings, reader)
        assert to_problem(refusal.value).status == 422
        with pytest.raises(DataError):
            look_at_source(source, settings, reader)


def test_a_commit_makes_a_table_other_data(writer: DeltaWriter) -> None:
    named = f"delta:{writer.folder}"
    before = fingerprint(named, None, "")
    assert fingerprint(named, None, "") == before
    writer.commit(writer.add("a.parquet", pa.table({"a": [1]})))
    assert fingerprint(named, None, "") != before


def test_results_tell_the_version_that_they_are_of(client, database, engine, settings, payments):
    writer = DeltaWriter(payments.parent / "versioned")
    rows = pq.read_table(payments)
    kinds = {"int32": "integer", "string": "string", "timestamp[us, tz=UTC]": "timestamp"}
    columns = [column(one.name, kinds[str(one.type)]) for one in rows.schema]
    writer.commit(protocol(), metadata(columns))
    writer.commit(writer.add("a.parquet", rows))
    model, _, dataset = client.model(f"delta:{writer.folder}")
    metric = client.metric(model, "def calc_metric(df):\n    return float(df.count())\n")
    assert client.validate(metric, dataset)["status"] == "success"
    run_due(database, engine, datetime.now(UTC), settings)
    asked = {"dataset_id": dataset, "kind": "retention"}
    place = f"/metrics/code-based-metrics/{metric}/results"
    [one] = client.ok("GET", place, params=asked)["results"]
    assert (one["snapshot"], one["status"]) == ("1", "ok")
    # Calculated again for the same instant, on another version: what was calculated last counts.
    with database.session() as session:
        [stored] = session.scalars(
            sa.select(StoredResult).where(
                StoredResult.run_id == one["run_id"], StoredResult.kind == "retention"
            )
        )
        names = [each.name for each in sa.inspect(StoredResult).columns if each.name != "seq"]
        copy = {name: getattr(stored, name) for name in names}
        session.add(StoredResult(**{**copy, "snapshot": "2", "value": 7.0}))
    [again] = client.ok("GET", place, params=asked)["results"]
    assert (again["snapshot"], again["value"]) == ("2", 7.0)
    both = client.ok("GET", place, params={**asked, "history": True})["results"]
    assert [each["snapshot"] for each in both] == ["1", "2"]
