import datetime as dt
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool

TABLE = pa.table({"a": [1, 2, 3], "b": ["x", "y", None]})


@pytest.fixture
def spool():
    spool = Spool()
    yield spool
    spool.close()
    assert not spool.folder.exists()


def paths_of(source: Any) -> list[str]:
    return list(source.relation.read.data_source.paths)


def resolve(source: Any, folder: Path, spool: Spool) -> Any:
    return resolve_source(source, roots=(folder,), spool=spool)


@pytest.mark.parametrize("name", ["a.parquet", "a.PQ"])
def test_a_file_of_parquet_is_read_where_it_is(tmp_path, spool, name):
    path = tmp_path / name
    pq.write_table(TABLE, path)
    source = resolve(path, tmp_path, spool)
    assert source.relation.read.data_source.format == "parquet"
    assert paths_of(source) == [str(path)]
    assert not source.inferred


def test_a_folder_of_columns_is_laid_out_in_the_spool_and_a_glob_becomes_its_files(tmp_path, spool):
    for day in ("1", "2"):
        (tmp_path / f"day={day}").mkdir()
        pq.write_table(TABLE, tmp_path / f"day={day}" / "a.parquet")
    (tmp_path / "_SUCCESS").touch()
    pq.write_table(TABLE, tmp_path / "x1.parquet")
    pq.write_table(TABLE, tmp_path / "x2.parquet")
    assert len(paths_of(resolve(tmp_path / "*.parquet", tmp_path, spool))) == 2
    for name in ("x1", "x2"):
        (tmp_path / f"{name}.parquet").unlink()
    source = resolve(tmp_path, tmp_path, spool)
    [folder] = map(Path, paths_of(source))
    assert folder.parent == spool.folder
    laid_out = sorted(path.relative_to(folder).parts[0] for path in folder.rglob("*.parquet"))
    assert laid_out == ["day=1", "day=2"]
    assert all(path.resolve().is_relative_to(tmp_path) for path in folder.rglob("*.parquet"))
    source.release()
    assert not list(spool.folder.iterdir())
    assert (tmp_path / "day=1" / "a.parquet").exists()


@pytest.mark.parametrize("name", ["b[1].parquet", "b{x}.parquet", "b*.parquet", "b:c.parquet", "b?.parquet"])
def test_names_that_a_backend_would_misread_are_reached_through_a_link(tmp_path, spool, name):
    pq.write_table(TABLE, tmp_path / name)
    source = resolve(tmp_path / name, tmp_path, spool)
    [link] = paths_of(source)
    assert link.startswith(str(spool.folder)) and os.path.realpath(link) == str(tmp_path / name)
    source.release()
    assert not list(spool.folder.iterdir())


def test_nanoseconds_and_arrow_files_become_parquet_that_every_backend_reads(tmp_path, spool):
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-01-01T00:00:00.123456789"]), "k": pd.Categorical(["x"])})
    frame.to_parquet(tmp_path / "n.parquet")
    feather.write_feather(frame, tmp_path / "n.arrow", compression="uncompressed")
    for name in ("n.parquet", "n.arrow"):
        source = resolve(tmp_path / name, tmp_path, spool)
        [copy] = paths_of(source)
        schema = pq.read_schema(copy)
        assert schema.field("t").type == pa.timestamp("us")
        assert pq.read_table(copy).column("t")[0].as_py() == dt.datetime(2026, 1, 1, 0, 0, 0, 123456)
        assert schema.field("k").type == pa.string() or name == "n.parquet"
        source.release()
    assert not list(spool.folder.iterdir())


def test_hive_folders_with_nanoseconds_keep_their_partition_columns(tmp_path, spool):
    for day in ("1", "2"):
        folder = tmp_path / "data" / f"day={day}"
        folder.mkdir(parents=True)
        pd.DataFrame({"t": pd.to_datetime(["2026-01-01"]).as_unit("ns")}).to_parquet(folder / "a.parquet")
    source = resolve(tmp_path / "data", tmp_path, spool)
    [copy] = paths_of(source)
    assert sorted(pq.read_table(copy).column("day").to_pylist()) == [1, 2]
    assert pa.types.is_timestamp(pq.read_table(copy).schema.field("t").type)
    assert '"name": "day", "type": "integer"' in source.relation.read.data_source.schema


@pytest.mark.parametrize(
    "table", [TABLE, TABLE.to_pandas(), TABLE.slice(0, 0)], ids=["arrow", "pandas", "empty"]
)
def test_tables_are_written_once_and_removed(tmp_path, spool, table):
    source = resolve(table, tmp_path, spool)
    [path] = paths_of(source)
    assert pq.read_table(path).num_rows == len(table)
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    source.release()
    assert not list(spool.folder.iterdir())


def test_elsewhere_a_name_is_a_table_and_a_path_is_the_clusters(spool):
    table = resolve_source("sales.events", roots=None, spool=spool)
    assert table.relation.read.named_table.unparsed_identifier == "sales.events"
    path = resolve_source("s3://bucket/events/", roots=None, spool=spool)
    assert paths_of(path) == ["s3://bucket/events/"]
    inline = resolve_source(TABLE, roots=None, spool=spool)
    assert pa.ipc.open_stream(inline.relation.local_relation.data).read_all().num_rows == 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nope.parquet", "there is no file or folder"),
        ("nope*.parquet", "no file matches"),
        ("/etc/hostname", "roots"),
        (7, "cannot be a int"),
        (pd.DataFrame({"a": [1, "x", object()]}), "of mixed types"),
        (pa.table([[1], [2]], names=["a", "a"]), "two columns with the same name"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_what_to_do(tmp_path, spool, source, words):
    with pytest.raises(DataError, match=words):
        resolve(source, tmp_path, spool)


def test_bad_files_are_named_and_leave_nothing_behind(tmp_path, spool):
    (tmp_path / "bad.parquet").write_text("no parquet")
    (tmp_path / "bad.arrow").write_text("no arrow")
    (tmp_path / "what.xyz").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed/a.csv").touch()
    (tmp_path / "mixed/b.json").touch()
    for name, words in [
        ("bad.parquet", "cannot be read as Parquet"),
        ("bad.arrow", "cannot be read"),
        ("what.xyz", "known endings"),
        ("empty", "holds no data files"),
        ("mixed", "different formats"),
    ]:
        with pytest.raises(DataError, match=words):
            resolve(tmp_path / name, tmp_path, spool)
    assert not list(spool.folder.iterdir())


def test_a_link_out_of_the_roots_is_outside(tmp_path, spool):
    (tmp_path / "inside").mkdir()
    pq.write_table(TABLE, tmp_path / "secret.parquet")
    (tmp_path / "inside/link.parquet").symlink_to(tmp_path / "secret.parquet")
    with pytest.raises(DataError, match="outside the folders"):
        resolve(tmp_path / "inside/link.parquet", tmp_path / "inside", spool)


def test_a_value_that_parquet_cannot_hold_is_a_data_error(tmp_path, spool):
    odd = pa.table({"d": pa.array([np.timedelta64(1, "ns")]), "u": pa.nulls(1, pa.month_day_nano_interval())})
    with pytest.raises(DataError, match="the Arrow table cannot be handed"):
        resolve(odd, tmp_path, spool)
    assert not list(spool.folder.iterdir())


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_link_in_a_folder_does_not_lead_out_of_the_roots(tmp_path, spool, ending):
    """The engine itself, which nothing confines, would read an Arrow file behind it."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    (inside / "deep").mkdir(parents=True)
    outside.mkdir()
    for name in (inside / f"a.{ending}", outside / f"secret.{ending}"):
        pq.write_table(TABLE, name) if ending == "parquet" else feather.write_feather(TABLE, str(name))
    (inside / "deep" / f"b.{ending}").symlink_to(outside / f"secret.{ending}")
    for source in (inside, inside / "deep", inside / "**" / f"*.{ending}", inside / "*"):
        with pytest.raises(DataError, match="outside the folders"):
            resolve(source, inside, spool)
    (inside / "deep" / f"b.{ending}").unlink()
    (inside / "deep" / f"b.{ending}").symlink_to(inside / f"a.{ending}")
    resolve(inside, inside, spool)


def test_a_glob_cannot_be_made_to_take_for_ever(tmp_path, spool):
    deep = tmp_path
    for name in "abcdefgh":
        deep = deep / name
        deep.mkdir()
        pq.write_table(TABLE, deep / "x.parquet")
    assert len(paths_of(resolve(f"{tmp_path}/{'**/' * 40}*.parquet", tmp_path, spool))) == 8
    with pytest.raises(DataError, match="more than 2 times"):
        resolve(f"{tmp_path}/{'**/*/' * 12}*.parquet", tmp_path, spool)
