"""Data in object stores: found by name, folder and pattern, kept between runs, read by backends as files."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from deltalake import write_deltalake

from engine import Dataset, Engine, SegmentGroup
from engine.backends.native.backend import NativeSpark
from engine.errors import DataError, UsageError
from engine.models.urls import parse_store_url
from tests.servers import engine_on
from tests.sources.delta_writer import DeltaWriter, bitmap64, column, inline, metadata, protocol
from tests.sources.iceberg_writer import IcebergWriter
from tests.sources.spooled import spooled
from tests.stores.conftest import Bucket, Reading
from tests.stores.meddling import Proxy

NUMBERS = pa.table({"a": [1, 2, 3]})
OTHERS = pa.table({"a": [4, 5]})


def of(*numbers: int) -> pa.Table:
    return pa.table({"a": list(numbers)})


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("/x", [1, 2, 3, 4]),
        ("/x/", [1, 2, 3, 4]),
        ("/x/day=2/p.parquet", [3]),
        ("/x/day=*/p.parquet", [1, 3]),
        ("/x/day=*", [1, 2, 3]),
        ("/x/**/*.parquet", [1, 2, 3, 4, 9]),
        ("/x/day=[!1]", [3]),
        ("/x/?.parquet", [4]),
    ],
)
@pytest.mark.slow
def test_places_and_patterns_mean_what_they_mean_in_folders(
    bucket: Bucket, reading: Reading, tmp_path: Path, named: str, expected: list[int]
) -> None:
    files = {
        "day=1/p.parquet": 1,
        "day=1/q.parquet": 2,
        "day=2/p.parquet": 3,
        "z.parquet": 4,
        "_hidden/h.parquet": 9,
    }
    if "day" not in named:  # else some lie in folders of a column and others do not
        files = {name.replace("day=", "day"): number for name, number in files.items()}
    for name, number in files.items():
        if name != "z.parquet" or "day" not in named:
            bucket.put_table(f"x/{name}", of(number))
    bucket.put("x/.crc", b"hidden")
    bucket.put("x/_SUCCESS", b"")
    bucket.put("x/y_$folder$", b"")
    assert spooled(reading(f"{bucket.url}{named}")) == expected


@pytest.mark.slow
def test_text_and_arrow_are_read_likewise(bucket: Bucket, reading: Reading) -> None:
    sink = io.BytesIO()
    feather.write_feather(NUMBERS, sink)
    bucket.put("a.arrow", sink.getvalue())
    bucket.put("c.csv", b"a,b\n1,x\n2,y\n3,z\n")
    bucket.put("j.jsonl", b'{"a": 1}\n{"a": 2}\n{"a": 3}\n')
    for name in ("a.arrow", "c.csv", "j.jsonl"):
        assert spooled(reading(f"{bucket.url}/{name}")) == [1, 2, 3], name


@pytest.mark.slow
def test_what_was_fetched_is_kept_until_it_is_another_object(
    bucket: Bucket, make_reading: Callable[..., Reading], proxy: Proxy
) -> None:
    now = [0.0]
    reading = make_reading(clock=lambda: time.time() + now[0])
    bucket.put_table("t/a.parquet", NUMBERS)

    def fetches() -> int:
        found = sum(method == "GET" and "a.parquet" in path for method, path in proxy.asked)
        proxy.asked.clear()
        return found

    for expected in (1, 0):
        source = reading(f"{bucket.url}/t")
        assert spooled(source) == [1, 2, 3] and fetches() == expected
        source.release()
    bucket.put_table(
        "t/a.parquet", pa.table({"a": [3, 2, 1]})
    )  # of the same size, in the same second perhaps
    reading(f"{bucket.url}/t").release()
    assert fetches() == 1
    now[0] = 3600.0  # so old that the listing says enough
    reading(f"{bucket.url}/t").release()
    proxy.asked.clear()
    reading(f"{bucket.url}/t").release()
    assert not any("a.parquet" in path and method == "HEAD" for method, path in proxy.asked)
    now[0] = 8 * 3600.0
    bucket.put_table("t/b.parquet", NUMBERS)
    reading(f"{bucket.url}/t/b.parquet").release()
    assert reading.files == ["b.parquet"]  # the other one was not used for hours


def test_only_what_lies_below_the_roots_is_read(
    bucket: Bucket, make_reading: Callable[..., Reading], proxy: Proxy
) -> None:
    reading = make_reading(root=f"{bucket.url}/mine")
    bucket.put_table("mine/a.parquet", NUMBERS)
    bucket.put_table("mine-not/a.parquet", OTHERS)
    assert spooled(reading(f"{bucket.url}/mine/*.parquet")) == [1, 2, 3]
    proxy.asked.clear()
    for other in ("", "/mine-not/a.parquet", "/mine*", "/m*/a.parquet", "/mine-not/*"):
        with pytest.raises(DataError, match="outside the places"):
            reading(f"{bucket.url}{other}")
    with pytest.raises(DataError, match="outside the places"):
        reading(f"delta:{bucket.url}/other")
    with pytest.raises(DataError, match="outside the places"):
        reading("s3://another-bucket/mine/a.parquet")
    assert not proxy.asked  # nobody was asked


@pytest.mark.parametrize(
    "named",
    [
        "s3://user:secret@bucket/x", "s3://bucket:9000/x", "s3://bucket/../x", "s3://bucket/a//b", "s3:///x",
        "s3://bucket/a\\b", "abfs://account/x", "abfs://c@evil.example/x", "abfs://c@account.evil.net/x",
        "s3://bucket?endpoint_override=evil/x", "gs://b/x\n",
    ],
)  # fmt: skip
def test_names_that_say_more_than_a_place_are_refused(named: str) -> None:
    with pytest.raises(UsageError):
        parse_store_url(named)


def test_the_same_place_has_one_name() -> None:
    assert str(parse_store_url("s3a://b/x/")) == "s3://b/x"
    assert str(parse_store_url("abfss://c@acc.dfs.core.windows.net/x")) == str(
        parse_store_url("abfs://c@acc/x")
    )
    assert not parse_store_url("s3://b/xy").is_within(parse_store_url("s3://b/x"))
    assert parse_store_url("gs://b/x").is_within(parse_store_url("gcs://b"))


@pytest.mark.slow
def test_delta_tables_are_read_with_all_that_their_logs_say(
    bucket: Bucket, reading: Reading, tmp_path: Path
) -> None:
    write_deltalake(str(tmp_path / "t"), pa.table({"g": ["x", "y"], "a": [1, 2]}), partition_by=["g"])
    write_deltalake(str(tmp_path / "t"), pa.table({"g": ["x"], "a": [3]}), mode="append")
    bucket.put_folder(tmp_path / "t", "d/t")
    for named in (f"delta:{bucket.url}/d/t", f"{bucket.url}/d/t"):
        source = reading(named)
        assert spooled(source) == [1, 2, 3]
        assert source.table is not None and source.table.snapshot == "1"
    assert spooled(reading(f"delta:{bucket.url}/d/t@v0")) == [1, 2]
    for inside in ("/d/t/g=x", "/d", "/d/t/**/*.parquet"):
        with pytest.raises(DataError, match="belongs to a Delta Lake table"):
            reading(f"{bucket.url}{inside}")
    log = sorted((tmp_path / "t" / "_delta_log").glob("*.json"))[0].name
    bucket.remove(f"d/t/_delta_log/{log}")
    with pytest.raises(DataError) as caught:
        reading(f"delta:{bucket.url}/d/t")
    assert caught.value.code == "table-log"


def test_deletion_vectors_beside_a_table_are_fetched_too(
    bucket: Bucket, reading: Reading, tmp_path: Path
) -> None:
    writer = DeltaWriter(tmp_path / "t")
    writer.commit(protocol("deletionVectors"), metadata([column("a", "long")]))
    [vector] = writer.vector_file(bitmap64({0, 2}))
    added = writer.add("1.parquet", of(1, 2, 3), None, {"numRecords": 3}, {**vector, "cardinality": 2})
    writer.commit(added, writer.add("2.parquet", of(4, 5, 6), vector=inline(bitmap64({1}), 1)))
    bucket.put_folder(tmp_path / "t", "t")
    assert spooled(reading(f"delta:{bucket.url}/t")) == [2, 4, 6]
    bucket.remove("t/2.parquet")
    with pytest.raises(DataError, match=r"its log names is gone: .*2\.parquet") as caught:
        reading(f"delta:{bucket.url}/t@v1")
    assert caught.value.code == "table-file"


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["../other/x.parquet", "s3://elsewhere/x.parquet", "/x.parquet", "a//b.parquet"]
)
def test_a_log_that_leads_elsewhere_is_refused(
    bucket: Bucket, reading: Reading, tmp_path: Path, proxy: Proxy, path: str
) -> None:
    writer = DeltaWriter(tmp_path / "t")
    writer.commit(protocol(), metadata([column("a", "long")]), writer.added(path, 10))
    bucket.put_folder(tmp_path / "t", "t")
    with pytest.raises(DataError) as caught:
        reading(f"delta:{bucket.url}/t")
    assert caught.value.code == "table-path"
    assert not any("x.parquet" in asked for _, asked in proxy.asked)


@pytest.mark.slow
def test_iceberg_tables_are_read_wherever_they_were_written(
    bucket: Bucket, reading: Reading, tmp_path: Path
) -> None:
    writer = IcebergWriter(tmp_path / "w", NUMBERS)
    writer.append(OTHERS)
    bucket.put_folder(writer.folder, "w/t")
    source = reading(f"iceberg:{bucket.url}/w/t")
    assert spooled(source) == [1, 2, 3, 4, 5]
    assert source.table is not None and source.table.files == 2
    assert spooled(reading(f"{bucket.url}/w/t")) == [1, 2, 3, 4, 5]
    with pytest.raises(DataError, match="belongs to an Iceberg table"):
        reading(f"{bucket.url}/w/t/data")


METRIC = """
from pyspark.sql import functions as F

def calc_metric(df):
    return df.agg(F.avg("a").alias("m")).first()["m"]
"""


@pytest.mark.parametrize("fuse", [True, False])
def test_an_engine_gives_the_numbers_of_pandas_and_nobody_else_the_credentials(
    bucket: Bucket, native_backend: NativeSpark, shared_options: dict[str, Any], fuse: bool
) -> None:
    frame = pd.DataFrame({"a": [float(number) for number in range(30)], "g": ["x", "y", "z"] * 10})
    bucket.put_table("r/rows.parquet", pa.Table.from_pandas(frame))
    told = []
    with engine_on(native_backend, **{**shared_options, "roots": (bucket.url,)}) as engine:
        assert isinstance(engine, Engine)
        run = engine.evaluate(
            METRIC,
            Dataset(f"{bucket.url}/r/rows.parquet"),
            segments=[SegmentGroup.by_value("g")],
            fuse=fuse,
            on_progress=lambda progress: told.append(str(progress)),
        )
    found = {str(one.frame.segment.value): one.value for one in run.results if one.frame.segment is not None}
    assert found == pytest.approx(frame.groupby("g")["a"].mean().to_dict())
    assert "fetching: 1 of 1 objects" in told
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment, line = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"sandbox" in line or b"duckdb_server" in line:
            assert b"a-secret-of-the-tests" not in environment
