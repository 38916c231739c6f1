"""The rows of Iceberg tables, the same on every backend that the engine starts, and what is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyiceberg.catalog
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFileContent, FileFormat
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import DoubleType, LongType
from pyiceberg.utils.config import Config

from engine.errors import DataError, Interrupted
from engine.sources.resolve import resolve_source
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.tables.skipping import TimeSpan
from tests.sources.conftest import RowBatch
from tests.sources.iceberg_writer import IcebergWriter
from tests.sources.spooled import refusal, spooled, values

Read = Callable[[Any], RowBatch]
Resolve = Callable[..., ResolvedSource]

POSITIONS = DataFileContent.POSITION_DELETES
NUMBERS = pa.table({"a": pa.array(range(6), pa.int64())})
UUID = "12345678-1234-4234-8234-123456789012"  # which begins as a number may
WHEN = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)]


def test_what_pyiceberg_writes_is_read_as_it_reads_it(read: Read, folder: Path) -> None:
    table = pa.table(
        {
            "a": pa.array([1, 2, None], pa.int32()),
            "s": ["x", "", None],
            "d": [1.5, float("-inf"), None],
            "ts": pa.array(WHEN, pa.timestamp("us", "UTC")),
            "day": pa.array([one.date() for one in WHEN], pa.date32()),
            "price": pa.array([Decimal("1.50"), None, Decimal("-2.25")], pa.decimal128(9, 2)),
            "st": pa.array([{"u": 1, "v": "x"}, None, {"u": 3, "v": None}]),
        }
    )
    writer = IcebergWriter(folder, table)
    with writer.table.update_schema() as update:
        update.rename_column("a", "b")
        update.rename_column("st.u", "w")
        update.delete_column("s")
        update.add_column("s", DoubleType())  # another column, which has the name of one that is gone
    with writer.table.update_schema() as update:
        update.update_column("b", LongType())
    writer.append(pa.table({"b": [2**40], "s": [0.5]}))
    expected = writer.table.scan().to_arrow()
    rows = read(writer.folder)
    assert len(rows) == expected.num_rows == 4
    for name in ("b", "d", "s", "day", "price"):
        assert sorted(values(rows, name), key=str) == sorted(expected.column(name).to_pylist(), key=str), name
    old = read(f"iceberg:{writer.folder}@v{writer.table.metadata.snapshots[0].snapshot_id}")
    assert sorted(values(old, "s"), key=str) == ["", None, "x"]


def test_rows_that_position_deletes_name_are_gone(read: Read, folder: Path) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    writer.append(NUMBERS)
    first, second = writer.data_files()
    writer.delete({first: [1, 1, 4], second.removeprefix("file://"): [0]}, POSITIONS)
    assert sorted(values(read(writer.folder), "a")) == [0, 1, 2, 2, 3, 3, 4, 5, 5]


def test_deletes_touch_no_files_that_are_younger(resolve: Resolve, folder: Path) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    [first] = writer.data_files()
    writer.delete({first: [0]}, POSITIONS)
    assert spooled(resolve(writer.folder)) == [1, 2, 3, 4, 5]
    state = writer.state()
    log, old = state["snapshot-log"], state["snapshots"][0]["timestamp-ms"]
    assert len(log) == 2
    at = dt.datetime.fromtimestamp(old / 1000, dt.UTC).isoformat().replace("+00:00", "Z")
    assert spooled(resolve(f"iceberg:{writer.folder}@{at}")) == [0, 1, 2, 3, 4, 5]
    assert "no snapshot from 2020" in str(refusal(resolve, f"iceberg:{writer.folder}@2020-01-01T00:00:00Z"))
    assert "no snapshot 7" in str(refusal(resolve, f"iceberg:{writer.folder}@v7"))


def test_a_table_may_have_been_moved_and_have_no_rows(resolve: Resolve, folder: Path) -> None:
    writer = IcebergWriter(folder / "w", NUMBERS)
    moved = folder / "moved"
    shutil.move(writer.folder, moved)
    source = resolve(moved)
    assert spooled(source) == list(range(6))
    assert source.table is not None and source.table.format == "iceberg" and source.table.files == 1
    source.confirm()
    empty = IcebergWriter(folder / "e", NUMBERS)
    empty.catalog.create_table("n.empty", NUMBERS.schema)
    place = Path(empty.catalog.load_table("n.empty").location().removeprefix("file://"))
    assert spooled(resolve(place)) == []


def test_files_outside_of_the_range_are_left_out(folder: Path, spool: Spool) -> None:
    def day(number: int) -> pa.Table:
        return pa.table({"ts": pa.array([WHEN[number]], pa.timestamp("us", "UTC")), "a": [number]})

    writer = IcebergWriter(folder, day(0))
    for number in (1, 2):
        writer.append(day(number))
    for start, files in ((WHEN[1], 2), (WHEN[2], 1), (None, 3)):
        source = resolve_source(writer.folder, roots=(folder,), spool=spool, span=TimeSpan("ts", start, None))
        assert source.table is not None and (source.table.files, source.table.skipped) == (files, 3 - files)
        source.release()


def test_files_of_days_that_became_instants_are_not_left_out(folder: Path, spool: Spool) -> None:
    writer = IcebergWriter(folder, pa.table({"at": pa.array([WHEN[0].date()]), "a": [1]}))
    state = writer.state()
    for schema in state["schemas"]:
        schema["fields"][0]["type"] = "timestamp"  # the file tells its bounds in days still
    writer.write_metadata(state)
    span = TimeSpan("at", WHEN[0] - dt.timedelta(days=9), None)
    source = resolve_source(writer.folder, roots=(folder,), spool=spool, span=span)
    assert spooled(source, "at") == [dt.datetime(2026, 1, 1)]
    source.release()


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (DataFileContent.EQUALITY_DELETES, {"equality_ids": [99]}, "equality deletes"),
        (DataFileContent.EQUALITY_DELETES, {"equality_ids": []}, "equality deletes"),
        (POSITIONS, {"file_format": FileFormat.ORC}, "format ORC"),
        (POSITIONS, {"file_format": FileFormat.PUFFIN}, "deletion vectors"),
        (POSITIONS, {"file_path": "/etc/passwd"}, "not below the table's folder"),
        (POSITIONS, {"file_path": "s3://bucket/x.parquet"}, "not below the table's folder"),
    ],
)
def test_deletes_that_are_not_read_are_refused_by_name(
    resolve: Resolve, folder: Path, kind: DataFileContent, changes: Any, said: str
) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    writer.delete({writer.data_files()[0]: [0]}, kind, **changes)
    error = refusal(resolve, writer.folder)
    assert said in str(error) and error.code in ("table-feature", "table-path")


def test_rows_are_deleted_by_their_values_in_older_files(read: Read, folder: Path) -> None:
    text, number = pa.array(["x", "y", None, "x", "y"]), pa.array([1, 1, 2, 2, None], pa.int32())
    table = pa.table({"s": text, "n": number, "d": [0.5, 1.5, 2.5, 3.5, 4.5]})
    writer = IcebergWriter(folder, table)
    writer.delete_equal(pa.table({"n": pa.array([1, None], pa.int32()), "s": ["y", "y"]}))
    left = [("None", 2.5), ("x", 0.5), ("x", 3.5)]
    assert sorted((str(row["s"]), row["d"]) for row in read(writer.folder)) == left


def test_null_is_deleted_by_null_and_columns_that_came_later_are_null(read: Read, folder: Path) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    with writer.table.update_schema() as update:
        update.add_column("later", LongType())
    added = pa.table({"a": pa.array([7, 8], pa.int64()), "later": pa.array([1, None], pa.int64())})
    writer.append(added)
    writer.delete_equal(pa.table({"later": pa.array([None], pa.int64())}))
    assert values(read(writer.folder), "a") == [7]


def test_values_that_are_written_after_they_were_deleted_count(resolve: Resolve, folder: Path) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    writer.delete_equal(NUMBERS.slice(0, 2))
    assert spooled(resolve(writer.folder)) == [2, 3, 4, 5]
    # The same deletes, of the sequence of the data: they are of what was there before.
    writer = IcebergWriter(folder / "same", NUMBERS)
    writer.delete_equal(NUMBERS.slice(0, 2), sequence=1)
    assert spooled(resolve(writer.folder)) == [0, 1, 2, 3, 4, 5]


def test_values_are_deleted_in_the_partition_that_they_are_deleted_in(resolve: Resolve, folder: Path) -> None:
    table = pa.table({"a": pa.array([1, 2, 1], pa.int64()), "p": ["x", "x", "y"]})
    writer = IcebergWriter(folder, table.slice(0, 0))
    with writer.table.update_spec() as update:
        update.add_field("p", IdentityTransform(), "p")
    writer.append(table)
    ones = pa.table({"a": pa.array([1], pa.int64())})
    writer.delete_equal(ones, spec_id=1, partition=Record("x"))
    assert spooled(resolve(writer.folder)) == [1, 2]


def test_deletes_by_values_that_are_equal_in_several_ways_are_refused(resolve: Resolve, folder: Path) -> None:
    writer = IcebergWriter(folder, pa.table({"d": [0.0, float("nan")]}))
    writer.delete_equal(pa.table({"d": [0.0]}))
    error = refusal(resolve, writer.folder)
    assert "equality deletes" in str(error) and error.code == "table-feature"


def test_deletes_of_rows_that_are_not_there_are_told(resolve: Resolve, folder: Path) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    writer.delete({writer.data_files()[0]: [6]}, POSITIONS)
    assert refusal(resolve, writer.folder).code == "table-file"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"format-version": 4}, "table-feature", "version 4"),
        ({"encryption-keys": [{"key-id": "x"}]}, "table-feature", "encrypted"),
        ({"snapshots": "x"}, "table-log", "cannot be read"),
        ({"location": "/elsewhere"}, "table-path", "not below the table's folder"),
        ({"current-snapshot-id": 7}, "table-log", ""),
    ],
)
def test_metadata_that_is_not_understood_is_refused(
    resolve: Resolve, folder: Path, change: dict[str, Any], code: str, said: str
) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    shutil.move(writer.folder, folder / "t")
    path = max((folder / "t" / "metadata").glob("*.metadata.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    error = refusal(resolve, folder / "t")
    assert error.code == code and said in str(error)


def test_which_metadata_counts_has_to_be_sure(resolve: Resolve, folder: Path) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    place = writer.folder
    metadata = place / "metadata"
    newest = max(metadata.glob("*.metadata.json"))
    number = newest.name.split("-", 1)[0]
    for name, said in (
        (f"{number}-{UUID}.metadata.json", "2 files of its metadata"),
        (f"{number}-{UUID}.gz.metadata.json", "2 files of its metadata"),
        ("newest.metadata.json", "a name without a number"),
        ("00000-x.metadata.json.gz", "a name without a number"),
    ):
        shutil.copy(newest, metadata / name)
        assert said in (told := str(refusal(resolve, place))) and "only its catalog knows" in told, name
        (metadata / name).unlink()
    (metadata / "version-hint.text").write_text("99")
    assert "no file of its metadata has the number 99" in str(refusal(resolve, place))
    (metadata / "version-hint.text").unlink()
    newest.write_text(newest.read_text()[:100])
    assert refusal(resolve, place).code == "table-log"


def test_metadata_that_was_never_committed_does_not_count(resolve: Resolve, folder: Path) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    (writer.folder / "metadata" / f"{UUID}.metadata.json").write_text("{}")
    assert spooled(resolve(writer.folder)) == list(range(6))


@pytest.mark.parametrize("ending", [".gz.metadata.json", ".metadata.json.gz"])
def test_compressed_metadata_is_read(resolve: Resolve, folder: Path, ending: str) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    writer.append(NUMBERS)
    place = writer.folder
    *older, newest = sorted((place / "metadata").glob("*.metadata.json"))
    packed = newest.with_name(newest.name.removesuffix(".metadata.json") + ending)
    packed.write_bytes(gzip.compress(newest.read_bytes()))
    newest.unlink()
    assert len(spooled(resolve(place))) == 12
    for path in older:
        path.unlink()
    assert len(spooled(resolve(place))) == 12  # it is a table still
    packed.write_bytes(packed.read_bytes()[:-20])
    assert refusal(resolve, place).code == "table-log"


def test_files_of_metadata_and_data_outside_of_the_folder_are_not_read(
    resolve: Resolve, folder: Path, data_dir: Path
) -> None:
    other = IcebergWriter(data_dir / "of-another", NUMBERS)
    writer = IcebergWriter(folder, NUMBERS)
    state, stolen = writer.state(), other.state()["snapshots"][0]["manifest-list"]
    up = f"file://{writer.folder}/metadata/../../../../../of-another/n/t/metadata/{Path(stolen).name}"
    for path in (stolen, up):
        state["snapshots"][0]["manifest-list"] = path
        made = writer.write_metadata(state)
        assert refusal(resolve, writer.folder).code == "table-path"
        made.unlink()
    data = Path(writer.data_files()[0].removeprefix("file://"))
    data.unlink()
    data.symlink_to(Path(other.data_files()[0].removeprefix("file://")))
    assert refusal(resolve, writer.folder).code == "table-path"
    data.unlink()
    assert refusal(resolve, writer.folder).code == "table-file"


def test_files_of_partitions_hold_the_columns_that_they_are_cut_by(read: Read, folder: Path) -> None:
    table = pa.table({"a": [1, 2, 3], "p": ["x", "y", None]})
    writer = IcebergWriter(folder, table)
    with writer.table.update_spec() as update:
        update.add_field("p", IdentityTransform(), "p")
    writer.append(table)
    rows = read(writer.folder)
    assert sorted((row["a"], str(row["p"])) for row in rows) == sorted([(1, "x"), (2, "y"), (3, "None")] * 2)


@pytest.fixture
def catalog(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlCatalog]:
    """A catalog of two tables, the second of which lies elsewhere, as the engine's environment names it."""
    uri, warehouse = f"sqlite:///{folder}/catalog.db", f"file://{folder}/warehouse"
    monkeypatch.setenv("PYICEBERG_CATALOG__SHOP__TYPE", "sql")
    monkeypatch.setenv("PYICEBERG_CATALOG__SHOP__URI", uri)
    monkeypatch.setattr(pyiceberg.catalog, "_ENV_CONFIG", Config())  # which was read when it was imported
    made = SqlCatalog("shop", uri=uri, warehouse=warehouse)
    made.create_namespace("sales")
    made.create_table("sales.orders", NUMBERS.schema).append(NUMBERS)
    yield made
    made.close()


def test_a_table_is_found_by_the_name_that_its_catalog_has_for_it(
    resolve: Resolve, catalog: SqlCatalog, folder: Path
) -> None:
    table = catalog.load_table("sales.orders")
    newest = Path(table.metadata_location.removeprefix("file://"))
    never_committed = newest.with_name(newest.name.replace("00001-", "00002-"))
    never_committed.write_text("{}")
    source = resolve("iceberg:shop.sales.orders")
    assert spooled(source) == NUMBERS.column("a").to_pylist()
    assert source.table is not None and source.table.name == "iceberg:shop.sales.orders"
    assert refusal(resolve, table.location().removeprefix("file://")).code == "table-feature"
    assert "no table 'sales.gone'" in str(refusal(resolve, "iceberg:shop.sales.gone"))
    assert "cannot be asked" in str(refusal(resolve, "iceberg:nowhere.sales.orders"))


def test_a_catalog_does_not_lead_out_of_the_roots(
    resolve: Resolve, catalog: SqlCatalog, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    catalog.create_table("sales.other", NUMBERS.schema, location=f"file://{elsewhere}/t").append(NUMBERS)
    assert "outside the folders" in str(refusal(resolve, "iceberg:shop.sales.other"))


def test_a_catalog_that_does_not_answer_holds_up_nobody(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), threading.Event()

    def hang(_: str) -> None:
        asked.set()
        answers.wait()

    def check() -> None:
        if asked.is_set():
            raise Interrupted("deadline")

    monkeypatch.setattr(pyiceberg.catalog, "load_catalog", hang)
    with pytest.raises(Interrupted):
        resolve_source("iceberg:shop.sales.orders", roots=(), spool=spool, check=check)
    answers.set()


def test_without_pyiceberg_it_is_said_what_to_install(
    resolve: Resolve, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = IcebergWriter(folder, NUMBERS)
    monkeypatch.setitem(sys.modules, "pyiceberg.manifest", None)
    with pytest.raises(DataError, match=r"calcmetric\[iceberg\]"):
        resolve(writer.folder)
