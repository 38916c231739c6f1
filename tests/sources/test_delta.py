"""The rows of Delta tables, the same on every backend that the engine starts, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from engine.errors import DataError, UsageError
from engine.models.tables import TableName, parse_table, parse_version
from engine.sources.resolve import resolve_source
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.tables.skipping import TimeSpan
from tests.sources.conftest import RowBatch
from tests.sources.delta_writer import DeltaWriter, bitmap64, column, inline, metadata, protocol
from tests.sources.spooled import refusal, spooled, values

Read = Callable[[Any], RowBatch]
Resolve = Callable[..., ResolvedSource]

NUMBERS = pa.table({"a": pa.array(range(6), pa.int64())})
PLAIN = [protocol(), metadata([column("a", "long")])]


def table_of(folder: Path, *more: Any, start: list[Any] | None = None) -> DeltaWriter:
    """A table whose first version has the actions."""
    writer = DeltaWriter(folder)
    writer.commit(*(PLAIN if start is None else start), *more)
    return writer


def test_what_delta_rs_writes_is_read_as_it_reads_it(read: Read, folder: Path) -> None:
    when = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3, 4)]
    table = pa.table(
        {
            "day": pa.array([one.date() for one in when], pa.date32()),
            "a": pa.array([1, 2, None, 4], pa.int32()),
            "d": [1.5, float("-inf"), None, -0.0],
            "s": ["x", "", None, "ü%/="],
            "ts": pa.array(when, pa.timestamp("us", "UTC")),
            "where": ["Oslo/Ø", "a=b c%20", None, "007"],
            "n": pa.array([1, 2, None, -4], pa.int64()),
            "yes": [True, False, None, True],
            "price": pa.array(
                [Decimal("1.50"), None, Decimal("-2.25"), Decimal("9.99")], pa.decimal128(9, 2)
            ),
            "l": pa.array([[1, None], [], None, [3]], pa.list_(pa.int64())),
        }
    )
    cut_by = ["where", "n", "yes", "day"]
    write_deltalake(str(folder), table, partition_by=cut_by)
    write_deltalake(str(folder), table.slice(0, 2), mode="append")
    DeltaTable(str(folder)).delete("a = 4")
    expected = pa.table(DeltaTable(str(folder)).to_pyarrow_table())
    rows = read(f"delta:{folder}")
    assert len(rows) == expected.num_rows == 5
    for name in ("a", "d", "s", "where", "n", "yes", "price", "day"):
        assert sorted(values(rows, name), key=str) == sorted(expected.column(name).to_pylist(), key=str), name
    assert values(read(str(folder)), "a") == values(rows, "a")
    assert len(read(f"delta:{folder}@v0")) == 4


def test_rows_that_deletion_vectors_name_are_gone(read: Read, folder: Path) -> None:
    many = pa.table({"a": pa.array(range(200_000), pa.int64())})
    writer = table_of(folder, start=[protocol("deletionVectors"), metadata([column("a", "long")])])
    sets = [set(range(0, 200_000, 2)), {5, 70_000, 199_999}, set(range(100, 150_000))]
    first, second = writer.vector_file(bitmap64(sets[0]), bitmap64(sets[1]))
    vectors = [
        {**first, "cardinality": len(sets[0])},
        {**second, "cardinality": len(sets[1])},
        inline(bitmap64(sets[2], runs=True), len(sets[2])),
    ]
    writer.commit(
        *(
            writer.add(f"{n}.parquet", many, None, {"numRecords": 200_000}, one)
            for n, one in enumerate(vectors)
        )
    )
    writer.commit(writer.add("whole.parquet", NUMBERS))
    found = values(read(f"delta:{folder}"), "a")
    left = [row for gone in sets for row in range(200_000) if row not in gone]
    assert sorted(found) == sorted([*left, *range(6)])
    judged = pa.table(
        DeltaTable(str(folder)).scan()
    )  # which reads what was written by the specification, too
    assert sorted(judged.column("a").to_pylist()) == sorted(found)


def test_a_file_is_counted_with_its_last_deletion_vector(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder, start=[protocol("deletionVectors"), metadata([column("a", "long")])])
    writer.commit(writer.add("a.parquet", NUMBERS))
    older = inline(bitmap64({1}), 1)
    writer.commit(writer.remove("a.parquet"), writer.add("a.parquet", NUMBERS, vector=older))
    newer = inline(bitmap64({1, 2, 5}), 3)
    writer.commit(writer.add("a.parquet", NUMBERS, vector=newer), writer.remove("a.parquet", older))
    assert spooled(resolve(folder)) == [0, 3, 4]
    assert spooled(resolve(f"delta:{folder}@v2")) == [0, 2, 3, 4, 5]
    assert spooled(resolve(f"delta:{folder}@v1")) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("mode", ["name", "id"])
def test_columns_are_found_by_their_names_or_numbers_in_files(read: Read, folder: Path, mode: str) -> None:
    inside = {"type": "struct", "fields": [column("y", "long", "col-7", 7), column("x", "long", "col-6", 6)]}
    columns = [
        column("b", "string", "col-2", 2),
        column("a", "long", "a-old", 1),
        column("s", inside, "col-3", 3),
        column("later", "double", "col-9", 9),
        column("l", {"type": "array", "elementType": inside, "containsNull": True}, "col-4", 4),
        column("p", "integer", "col-5", 5),
    ]
    start = [
        protocol("columnMapping"),
        metadata(columns, ["p"], delta__columnMapping__mode=mode),
    ]
    names = (
        ("a-old", "col-2", "a", "col-3", "col-4", "col-6", "col-7") if mode == "name" else tuple("qrstuvw")
    )
    a, b, other, s, items, x, y = names

    def numbered(name: str, kind: pa.DataType, number: int) -> pa.Field:
        return pa.field(name, kind, metadata={"PARQUET:field_id": str(number)})

    pair = pa.struct([numbered(x, pa.int64(), 6), numbered(y, pa.int64(), 7)])
    schema = pa.schema(
        [
            numbered(a, pa.int64(), 1), numbered(b, pa.string(), 2),
            numbered(other, pa.int64(), 8),  # a column that was dropped, whose name another one has now
            numbered(s, pa.struct(pair), 3), numbered(items, pa.list_(pair), 4),
        ]
    )  # fmt: skip
    rows = [
        {a: 1, b: "x", other: -1, s: {x: 10, y: 20}, items: [{x: 1, y: 2}]},
        {a: 2, b: None, other: -2, s: None, items: None},
    ]
    writer = table_of(folder, start=start)
    writer.commit(writer.add("f.parquet", pa.Table.from_pylist(rows, schema), {"col-5": "7"}))
    found = read(folder)
    assert values(found, "a") == [1, 2] and values(found, "b") == ["x", None]
    assert values(found, "later") == [None, None] and values(found, "p") == [7, 7]
    pairs = [json.loads(one) if isinstance(one, str) else one for one in values(found, "s")]
    assert pairs == [{"y": 20, "x": 10}, None]


def test_narrower_files_of_widened_columns_have_the_wide_type(read: Read, folder: Path) -> None:
    columns = [
        column("n", "long"), column("d", "double"),
        column("m", "decimal(20,2)"), column("t", "timestamp_ntz"),
    ]  # fmt: skip
    writer = table_of(folder, start=[protocol("typeWidening", "timestampNtz"), metadata(columns)])
    day = dt.date(2026, 1, 31)
    old = pa.table(
        {
            "n": pa.array([7], pa.int8()), "d": pa.array([3], pa.int32()), "m": pa.array([5], pa.int32()),
            "t": pa.array([day]),
        }
    )  # fmt: skip
    new = pa.table(
        {
            "n": [2**40], "d": [0.5], "m": pa.array([Decimal("1.25")], pa.decimal128(20, 2)),
            "t": pa.array([dt.datetime(2026, 2, 1, 12)], pa.timestamp("us")),
        }
    )  # fmt: skip
    writer.commit(writer.add("old.parquet", old), writer.add("new.parquet", new))
    rows = read(folder)
    assert sorted(values(rows, "n")) == [7, 2**40] and sorted(values(rows, "d")) == [0.5, 3.0]
    assert sorted(values(rows, "m")) == [Decimal("1.25"), Decimal("5.00")]
    assert sorted(values(rows, "t")) == [dt.datetime(2026, 1, 31), dt.datetime(2026, 2, 1, 12)]


def test_columns_that_no_file_has_are_null_and_a_table_without_rows_has_its_columns(
    read: Read, folder: Path
) -> None:
    columns = [column("a", "long"), column("p", "string"), column("later", "date")]
    writer = table_of(folder, start=[protocol(), metadata(columns, ["p"])])
    assert read(folder) == []
    writer.commit(writer.add("f.parquet", NUMBERS.slice(0, 1), {"p": ""}))
    assert read(folder) == [{"a": 0, "later": None, "p": None}]
    names = pa.table({"p": ["of the file"], "a": [3]})  # some writers put partition columns into files, too
    writer.commit(writer.remove("f.parquet"), writer.add("g.parquet", names, {"p": "x" * 300}))
    assert read(folder) == [{"a": 3, "later": None, "p": "x" * 300}]


def test_partition_values_are_read_as_their_types_or_left_out(resolve: Resolve, folder: Path) -> None:
    kinds = {
        "d": ("double", "NaN"), "f": ("float", "1.5"), "b": ("boolean", "true"), "s": ("short", "-3"),
        "m": ("decimal(5,2)", "1.50"), "z": ("timestamp", "2026-01-01T00:00:00.5Z"), "n": ("long", "007"),
        "w": ("timestamp", "2026-01-01 00:00:00"), "y": ("binary", "\u0001"),
    }  # fmt: skip
    columns = [column("a", "long"), *(column(name, kind) for name, (kind, _) in kinds.items())]
    writer = table_of(folder, start=[protocol(), metadata(columns, list(kinds))])
    writer.commit(
        writer.add("f.parquet", NUMBERS.slice(0, 1), {name: text for name, (_, text) in kinds.items()})
    )
    source = resolve(folder)
    assert sorted(source.left_out) == ["w", "y"]  # whose zone, and which bytes, nobody can tell
    assert "time zone" in source.left_out["w"].message
    assert [spooled(source, name)[0] for name in "fbsmn"] == [1.5, True, -3, Decimal("1.50"), 7]
    assert spooled(source, "z")[0] == dt.datetime(2026, 1, 1, 0, 0, 0, 500_000, dt.UTC)


def test_files_that_are_as_the_table_says_are_read_where_they_are(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    writer.commit(writer.add("a.parquet", NUMBERS), writer.add("sub/b%20c.parquet", NUMBERS))
    (folder / "sub" / "b%20c.parquet").rename(
        folder / "sub" / "b c.parquet"
    )  # paths are written as URLs have them
    pq.write_table(NUMBERS, folder / "never-committed.parquet")
    source = resolve(folder)
    paths = list(source.relation.read.data_source.paths)
    assert paths == [str(folder / "a.parquet"), str(folder / "sub" / "b c.parquet")]
    assert source.table is not None
    assert (source.table.snapshot, source.table.files, source.table.skipped) == ("1", 2, 0)


@pytest.mark.parametrize("kind", ["classic", "parts", "v2 parquet", "v2 json"])
def test_checkpoints_of_all_kinds_stand_for_the_commits_before(
    resolve: Resolve, folder: Path, kind: str
) -> None:
    features = ("v2Checkpoint", "deletionVectors") if kind.startswith("v2") else ("deletionVectors",)
    start = [protocol(*features), metadata([column("a", "long")])]
    writer = table_of(folder, start=start)
    vector = inline(bitmap64({0}), 1)
    added = [
        writer.add("a.parquet", NUMBERS.slice(0, 2), {}, {"numRecords": 2}, vector),
        writer.add("b.parquet", NUMBERS.slice(2, 2), {}),
    ]
    writer.commit(*added)
    gone = {"remove": {"path": "c.parquet", "deletionTimestamp": 0, "dataChange": True}}
    if kind.startswith("v2"):
        side = writer.log / "_sidecars" / "s.parquet"
        writer.write_checkpoint(side, added)
        top = [
            {"checkpointMetadata": {"version": 1}},
            *start,
            {"sidecar": {"path": "s.parquet", "sizeInBytes": 1}},
        ]
        name = f"{1:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11"
        if kind == "v2 json":
            (writer.log / f"{name}.json").write_text("\n".join(map(json.dumps, top)))
        else:
            writer.write_checkpoint(writer.log / f"{name}.parquet", top)
    else:
        writer.checkpoint(1, [*start, *added, gone], parts=3 if kind == "parts" else 1)
    for version in (0, 1):
        writer.commit_path(version).unlink()
    writer.commit(writer.remove("b.parquet"), writer.add("d.parquet", NUMBERS.slice(4, 1)))
    assert spooled(resolve(folder)) == [1, 4]
    assert spooled(resolve(f"delta:{folder}@v1")) == [1, 2, 3]
    assert "version 0 is no longer in its log; the oldest that can be read is 1" in str(
        refusal(resolve, f"delta:{folder}@v0")
    )


def test_a_checkpoint_that_lacks_a_part_is_none(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    added = writer.add("a.parquet", NUMBERS)
    writer.commit(added)
    writer.checkpoint(1, [*PLAIN, added], parts=2)[0].unlink()
    assert spooled(resolve(folder)) == list(range(6))
    writer.commit_path(0).unlink()
    assert refusal(resolve, folder).code == "table-log"


def test_a_time_means_the_version_that_was_the_latest_then(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    for number in range(3):
        writer.commit(writer.add(f"{number}.parquet", NUMBERS.slice(number, 1)))
    first = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp())
    for version, seconds in enumerate([0, 3600, 1800, 7200]):  # a clock that went back
        writer.at(version, first + seconds)
    at = [("2026-01-01T00:59:59Z", 0), ("2026-01-01T01:00:00.002Z", 2), ("2026-01-01T03:00:00+01:00", 3)]
    for text, version in at:
        found = resolve(f"delta:{folder}@{text}").table
        assert found is not None and found.snapshot == str(version)
    assert "begins at 2026-01-01T00:00:00Z" in str(refusal(resolve, f"delta:{folder}@2025-12-31T00:00:00Z"))
    told = {"commitInfo": {"inCommitTimestamp": (first + 9000) * 1000}}
    writer.commit_path(3).write_text("\n".join(map(json.dumps, [told, writer.add("2.parquet", NUMBERS)])))
    found = resolve(f"delta:{folder}@2026-01-01T02:20:00Z").table
    assert found is not None and found.snapshot == "2"


# What is refused: damage.


def test_a_gap_in_the_log_is_told_and_not_read_over(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    for number in range(3):
        writer.commit(writer.add(f"{number}.parquet", NUMBERS))
    writer.commit_path(2).unlink()
    error = refusal(resolve, folder)
    assert error.code == "table-log" and f"{2:020}.json is missing" in str(error)
    assert len(spooled(resolve(f"delta:{folder}@v1"))) == 6


@pytest.mark.parametrize("left", [0, 1, 40, -1])
def test_a_commit_that_is_half_written_is_told(resolve: Resolve, folder: Path, left: int) -> None:
    writer = table_of(folder)
    version = writer.commit(writer.add("a.parquet", NUMBERS))
    path = writer.commit_path(version)
    path.write_bytes(path.read_bytes()[:left])
    error = refusal(resolve, folder)
    assert error.code == "table-log" and f"{version:020}.json is half written" in str(error)


@pytest.mark.parametrize(
    ("action", "code", "said"),
    [
        (protocol(reader=4), "table-feature", "version 4 of the protocol"),
        (protocol("deletionVectors", "catalogManaged", "x"), "table-feature", "'catalogManaged', 'x'"),
        (metadata([column("a", "interval day")]), "table-feature", "'interval day'"),
        (
            metadata([column("a", "long")], delta__columnMapping__mode="name"),
            "table-feature",
            "column mapping",
        ),
        (metadata([column("a", "long")], ["b"]), "table-log", "no column 'b'"),
        (metadata([column("a", "long"), column("A", "long")]), "data-error", "differ only by case"),
        (
            {"metaData": {"schemaString": "{}", "partitionColumns": []}},
            "table-log",
            "schema in its log is malformed",
        ),
        (
            {"metaData": {"schemaString": "[" * 100_000, "partitionColumns": []}},
            "table-log",
            "schema in its log is malformed",
        ),
        ({"add": {"path": "a.parquet", "size": "many"}}, "table-log", "without a size"),
        ({"add": {"path": 7}}, "table-log", "malformed"),
        ({"protocol": {"minReaderVersion": "1"}}, "table-log", "does not name the protocol version"),
        (metadata([column("a", "string")]), "table-type", "of type string, but of type int64 in 'a.parquet'"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(
    resolve: Resolve, folder: Path, action: Any, code: str, said: str
) -> None:
    writer = table_of(folder)
    writer.commit(writer.add("a.parquet", NUMBERS))
    writer.commit(action)
    error = refusal(resolve, folder)
    assert error.code == code and said in str(error) and str(folder) in str(error)


def test_deletion_vectors_of_a_table_without_that_feature_are_refused(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    writer.commit(writer.add("a.parquet", NUMBERS, vector=inline(bitmap64({1}), 1)))
    assert "'deletionVectors' is none of its features" in str(refusal(resolve, folder))


@pytest.mark.parametrize(
    "vector",
    [
        inline(bitmap64({1}), 2),
        inline(bitmap64({1, 2}), 1),
        inline(bitmap64({99}), 1),
        inline(bitmap64({1})[:-1], 1),
        inline(b"\0" * 24, 1),
        inline(bitmap64(range(60_000), runs=True), 60_000),
        {**inline(bitmap64({1}), 1), "storageType": "q"},
        {"storageType": "i", "pathOrInlineDv": "~~", "sizeInBytes": 4, "cardinality": 1},
    ],
)
def test_a_damaged_deletion_vector_is_told(resolve: Resolve, folder: Path, vector: Any) -> None:
    writer = table_of(folder, start=[protocol("deletionVectors"), metadata([column("a", "long")])])
    writer.commit(writer.add("a.parquet", NUMBERS, vector=vector))
    error = refusal(resolve, folder)
    assert error.code in ("table-file", "table-log") and "deletion vector" in str(error)


def test_a_file_of_vectors_that_was_changed_is_told(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder, start=[protocol("deletionVectors"), metadata([column("a", "long")])])
    [vector] = writer.vector_file(bitmap64({1}))
    writer.commit(writer.add("a.parquet", NUMBERS, vector={**vector, "cardinality": 1}))
    assert spooled(resolve(folder)) == [0, 2, 3, 4, 5]
    [path] = (folder / "ab").iterdir()
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(bytes(data))
    assert "check sum" in str(refusal(resolve, folder))
    path.unlink()
    assert "deletion vector 'ab/" in str(refusal(resolve, folder))


def test_a_data_file_that_is_gone_cut_off_or_no_parquet_is_told(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    writer.commit(writer.add("a.parquet", NUMBERS), writer.add("b.parquet", NUMBERS))
    whole = (folder / "b.parquet").read_bytes()
    for data, said in ((whole[:-1], "cut off or replaced"), (b"x" * len(whole), "cannot be read as Parquet")):
        (folder / "b.parquet").write_bytes(data)
        error = refusal(resolve, folder)
        assert error.code == "table-file" and said in str(error) and "b.parquet" in str(error)
    (folder / "b.parquet").unlink()
    assert "'b.parquet' cannot be read (No such file or directory)" in str(refusal(resolve, folder))
    (folder / "b.parquet").write_bytes(whole)
    assert len(spooled(resolve(folder))) == 12


def test_files_that_change_while_a_run_reads_them_are_told_at_its_end(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    writer.commit(writer.add("a.parquet", NUMBERS))
    source = resolve(folder)
    source.confirm()
    os.utime(folder / "a.parquet", (1, 1))
    with pytest.raises(DataError, match=r"'a.parquet' was removed or replaced while the run read it"):
        source.confirm()
    (folder / "a.parquet").unlink()
    with pytest.raises(DataError, match="VACUUM"):
        source.confirm()


# What is refused: attacks. A log is written by others, and the engine reads its files itself.


@pytest.fixture
def secret(data_dir: Path) -> Path:
    """Another table's file, within the roots."""
    folder = data_dir / "of-others"
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table({"a": [42]}), folder / "secret.parquet")
    return folder / "secret.parquet"


@pytest.mark.parametrize(
    "path", ["{secret}", "file://{secret}", "FILE:{secret}", "../../of-others/secret.parquet", "s3://b/k",
             "x/../../../of-others/secret.parquet", "%2e%2e/%2E%2E/of-others/secret.parquet", "link.parquet",
             "linked/secret.parquet", "/%2e/{secret}", ".", "a\0b", "pipe"]
)  # fmt: skip
def test_files_outside_of_the_tables_folder_are_not_read(
    resolve: Resolve, folder: Path, secret: Path, path: str
) -> None:
    writer = table_of(folder)
    (folder / "link.parquet").symlink_to(secret)
    (folder / "linked").symlink_to(secret.parent)
    os.mkfifo(folder / "pipe")
    size = secret.stat().st_size
    writer.commit(writer.added(path.format(secret=secret), size))
    error = refusal(resolve, folder)
    assert error.code in ("table-path", "table-file") and "42" not in str(error)


@pytest.mark.parametrize("kind", ["p", "u"])
def test_deletion_vectors_outside_of_the_tables_folder_are_not_read(
    resolve: Resolve, folder: Path, data_dir: Path, kind: str
) -> None:
    other = DeltaWriter(data_dir / f"vectors-{kind}")
    [vector] = other.vector_file(bitmap64({1}))
    [path] = (other.folder / "ab").iterdir()
    where = str(path) if kind == "p" else f"../../vectors-{kind}/{vector['pathOrInlineDv']}"
    writer = table_of(folder, start=[protocol("deletionVectors"), metadata([column("a", "long")])])
    stolen = {**vector, "storageType": kind, "pathOrInlineDv": where, "cardinality": 1}
    writer.commit(writer.add("a.parquet", NUMBERS, vector=stolen))
    assert refusal(resolve, folder).code == "table-path"


@pytest.mark.parametrize("what", ["commit", "checkpoint", "sidecar", "log"])
def test_a_log_that_lies_elsewhere_is_not_read(
    resolve: Resolve, folder: Path, data_dir: Path, what: str
) -> None:
    other = DeltaWriter(data_dir / f"log-{what}")
    other.commit(*PLAIN)
    writer = DeltaWriter(folder)
    if what == "log":
        shutil.rmtree(folder / "_delta_log")
        (folder / "_delta_log").symlink_to(other.log)
    elif what == "commit":
        writer.commit_path(0).symlink_to(other.commit_path(0))
    elif what == "checkpoint":
        [path] = other.checkpoint(0, PLAIN)
        (writer.log / path.name).symlink_to(path)
    else:
        top = [{"sidecar": {"path": "../../../secret.parquet", "sizeInBytes": 1}}]
        writer.checkpoint(0, [*PLAIN, *top])
    error = refusal(resolve, f"delta:{folder}")
    assert error.code in ("table-path", "table-log")


def test_a_table_outside_of_the_roots_is_not_read(tmp_path: Path, folder: Path, spool: Spool) -> None:
    table_of(tmp_path / "t").commit()
    (folder / "t").symlink_to(tmp_path / "t")
    for named in (
        f"delta:{tmp_path / 't'}",
        str(tmp_path / "t"),
        f"delta:{folder}/t",
        f"delta:{folder}/t@v0",
    ):
        with pytest.raises(DataError, match="outside the folders"):
            resolve_source(named, roots=(folder,), spool=spool)


# Names.


def test_names_of_tables() -> None:
    noon = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    for text, path, version in [
        ("delta:/a/b", "/a/b", None), ("delta:a@v3", "a", 3), ("delta:a@2026-11-01T12:00:00Z", "a", noon),
        ("delta:me@home", "me@home", None), ("delta:file:///a@v0", "/a", 0),
    ]:  # fmt: skip
        assert parse_table(text) == TableName("delta", path, version)
    assert parse_table("/a/b@v3") is None and parse_table("deltas:a") is None
    for text in ("delta:", "delta: ", "delta:a@2026-11-01T12:00:00", "delta:a@2026-13-01T12:00:00Z"):
        with pytest.raises(UsageError):
            parse_table(text)
    for wrong in (-1, True, 1.5, "x"):
        with pytest.raises(UsageError):
            parse_version(wrong)


def test_a_version_is_said_once_and_of_tables_alone(folder: Path, spool: Spool) -> None:
    writer = table_of(folder / "t")
    writer.commit(writer.add("a.parquet", NUMBERS))
    pq.write_table(NUMBERS, folder / "a.parquet")

    def resolve(named: Any, version: Any) -> ResolvedSource:
        return resolve_source(named, roots=(folder,), spool=spool, version=version)

    found = resolve(folder / "t", 1)
    assert found.table is not None and found.table.snapshot == "1"
    found.release()
    for named, version in [
        (folder / "a.parquet", 1), (NUMBERS, 1), (f"delta:{folder}/t@v0", 1),
        ([f"delta:{folder}/t", "x"], None), (folder / "t", 7), (f"delta:{folder}/none", None),
    ]:  # fmt: skip
        with pytest.raises(UsageError):
            resolve(named, version)
    with pytest.raises(DataError, match="name the folder of the table itself"):
        resolve(folder / "t" / "a.parquet", None)


def test_on_a_cluster_a_table_is_its_readers(spool: Spool) -> None:
    relation = resolve_source("delta:s3://b/t@v3", roots=None, spool=spool).relation.read.data_source
    assert (relation.format, list(relation.paths)) == ("delta", ["s3://b/t"])
    assert dict(relation.options) == {"versionAsOf": "3"}


def test_on_a_cluster_a_table_of_its_catalog_is_asked_for_at_a_version(spool: Spool) -> None:
    def asked(named: str, version: Any) -> tuple[str, dict[str, str]]:
        source = resolve_source(named, roots=None, spool=spool, version=version)
        table = source.relation.read.named_table
        return table.unparsed_identifier, dict(table.options)

    assert asked("shop.orders", None) == ("shop.orders", {})
    assert asked("shop.orders", 3) == ("shop.orders", {"versionAsOf": "3"})
    then = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert asked("shop.orders", then) == ("shop.orders", {"timestampAsOf": "2026-11-01T00:00:00+00:00"})
    with pytest.raises(UsageError):
        asked("s3://bucket/x.parquet", 3)


# Files that cannot hold a row of the run.


def spanned(folder: Path, spool: Spool, kind: str, start: str | None, end: str | None) -> list[str]:
    instants = [None if text is None else dt.datetime.fromisoformat(text) for text in (start, end)]
    source = resolve_source(
        folder, roots=(folder,), spool=spool, span=TimeSpan("TS" if kind == "upper" else "ts", *instants)
    )
    names = [Path(path).name for path in source.relation.read.data_source.paths]
    source.release()
    return names


def test_files_whose_statistics_are_outside_of_the_range_are_left_out(folder: Path, spool: Spool) -> None:
    writer = table_of(folder, start=[protocol(), metadata([column("ts", "timestamp")])])
    for day in range(1, 6):
        when = dt.datetime(2026, 1, day, 12, 0, 0, 999, tzinfo=dt.UTC)
        told = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")  # cut, as writers do
        stats = {"minValues": {"ts": told}, "maxValues": {"ts": told}}
        table = pa.table({"ts": pa.array([when], pa.timestamp("us", "UTC"))})
        writer.commit(writer.add(f"{day}.parquet", table, stats=stats if day < 5 else None))
    first, rest = "2026-01-02T12:00:00.000999+00:00", ["2.parquet", "3.parquet", "4.parquet", "5.parquet"]
    assert spanned(folder, spool, "upper", first, None) == rest
    assert spanned(folder, spool, "", "2026-01-02T12:00:00.002+00:00", None) == rest[1:]
    assert spanned(folder, spool, "", first, "2026-01-03T12:00:00+00:00") == [
        "2.parquet",
        "3.parquet",
        "5.parquet",
    ]
    assert spanned(folder, spool, "", None, "2026-01-01T00:00:00+00:00") == ["5.parquet"]


@pytest.mark.parametrize(
    "told", ["x", 7, None, {"minValues": 3}, {"maxValues": {"ts": "2026-01-01 00:00:00"}}]
)
def test_statistics_that_are_odd_leave_nothing_out(folder: Path, spool: Spool, told: Any) -> None:
    writer = table_of(folder, start=[protocol(), metadata([column("ts", "timestamp")])])
    table = pa.table({"ts": pa.array([0], pa.timestamp("us", "UTC"))})
    writer.commit(writer.add("a.parquet", table, stats=told))
    assert spanned(folder, spool, "", "2026-06-01T00:00:00+00:00", None) == ["a.parquet"]


@pytest.mark.parametrize("kind", ["date", "timestamp_ntz"])
def test_days_and_wall_clocks_are_left_out_in_no_zone_alone(folder: Path, spool: Spool, kind: str) -> None:
    writer = table_of(folder, start=[protocol("timestampNtz"), metadata([column("ts", kind)])])
    arrow = pa.date32() if kind == "date" else pa.timestamp("us")
    for day in (1, 10):
        when = dt.date(2026, 1, day).isoformat()
        stats = {"minValues": {"ts": when}, "maxValues": {"ts": when}}
        table = pa.table({"ts": pa.array([dt.datetime(2026, 1, day)]).cast(arrow)})
        writer.commit(writer.add(f"{day}.parquet", table, stats=stats))
    assert spanned(folder, spool, "", "2026-01-02T14:00:00+00:00", None) == ["1.parquet", "10.parquet"]
    assert spanned(folder, spool, "", "2026-01-04T14:00:00+00:00", None) == ["10.parquet"]


def test_days_of_partitions_are_looked_at_as_well(folder: Path, spool: Spool) -> None:
    writer = table_of(
        folder, start=[protocol(), metadata([column("ts", "date"), column("a", "long")], ["ts"])]
    )
    for day in ("2026-01-01", "2026-01-10"):
        writer.commit(writer.add(f"ts={day}/f.parquet", NUMBERS, {"ts": day}))
    source = resolve_source(
        folder,
        roots=(folder,),
        spool=spool,
        span=TimeSpan("ts", dt.datetime(2026, 1, 8, tzinfo=dt.UTC), None),
    )
    assert source.table is not None and (source.table.files, source.table.skipped) == (1, 1)
    source.release()


def test_columns_are_found_whatever_their_capital_letters(resolve: Resolve, folder: Path) -> None:
    writer = table_of(folder)
    writer.commit(writer.add("a.parquet", NUMBERS.rename_columns(["A"])))
    assert spooled(resolve(folder)) == list(range(6))
    both = pa.table({"a": [1], "A": [2]})
    writer.commit(writer.add("b.parquet", both))
    assert "differ only by case" in str(refusal(resolve, folder))
