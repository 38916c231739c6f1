"""What others may call their objects and put into logs, and what stores may say: nothing leads astray."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import DataError
from engine.sources.stores.problems import store_error
from tests.sources.delta_writer import DeltaWriter, column, metadata, protocol
from tests.sources.spooled import spooled
from tests.stores.conftest import Bucket, Reading
from tests.stores.meddling import Proxy

LATER = '{"protocol": {"minReaderVersion": 9, "minWriterVersion": 9}}'
TABLE = pa.table({"a": [1, 2, 3]})


@pytest.mark.parametrize(
    "key",
    [
        "t/../x.parquet",
        *(pytest.param(f"t/{odd}/x.parquet", marks=pytest.mark.slow) for odd in ("", ".", "g=1/..")),
    ],
)
def test_names_that_no_file_can_have_are_refused_and_not_passed_over(
    bucket: Bucket, reading: Reading, key: str
) -> None:
    bucket.put_table("t/a.parquet", TABLE)
    bucket.put_table(key, TABLE)
    with pytest.raises(DataError, match=r"empty, \. or \.\.") as caught:
        reading(f"{bucket.url}/t")
    assert key in str(caught.value) and not reading.files


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "\U0001f600" * 200, "x" * 900, "%2e%2e", "a%2Fb", "a\\b", "a*b[1]?", "a:b{c}", "\x1b[31mred", " a ",
        "x@v3", "x?y=1#z", "-rf", "$(id)", "\u202egnp",
    ],
)  # fmt: skip
def test_odd_names_are_read_within_the_spool(bucket: Bucket, reading: Reading, name: str) -> None:
    bucket.put_table(f"t/{name}.parquet", TABLE)
    source = reading(f"{bucket.url}/t")
    assert spooled(source) == [1, 2, 3]
    [found] = [path for path in reading.spool.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert found.parent.parent == reading.spool.folder / "fetched"
    source.release()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda log: (log / f"{1:020}.json").unlink(), "table-log", "has a gap"),
        (lambda log: (log / f"{2:020}.json").write_text('{"add": {"pa'), "table-log", "half written"),
        (lambda log: (log.parent / "b.parquet").unlink(), "table-file", "b.parquet"),
        (lambda log: (log.parent / "b.parquet").write_bytes(b"x" * 600), "store-changed", "b.parquet"),
        (
            lambda log: (log / f"{2:020}.json").write_text(
                '{"protocol": {"minReaderVersion": 9, "minWriterVersion": 9}}'
            ),
            "table-feature",
            "version 9",
        ),
    ],
)
def test_a_table_in_a_bucket_that_is_not_whole_is_told(
    bucket: Bucket, reading: Reading, tmp_path: Path, spoil: Callable[[Path], object], code: str, said: str
) -> None:
    writer = DeltaWriter(tmp_path / "good")
    writer.commit(protocol(), metadata([column("a", "long")]))
    writer.commit(writer.add("a.parquet", TABLE))
    writer.commit(writer.add("b.parquet", TABLE))
    shutil.copytree(writer.folder, tmp_path / "bad")
    spoil(tmp_path / "bad" / "_delta_log")
    bucket.put_folder(tmp_path / "bad", "t")
    with pytest.raises(DataError, match=said) as caught:
        reading(f"delta:{bucket.url}/t")
    assert caught.value.code == code and f"delta:{bucket.url}/t" in str(caught.value)
    bucket.put_folder(writer.folder, "t")  # somebody restores it
    assert spooled(reading(f"delta:{bucket.url}/t")) == [1, 1, 2, 2, 3, 3]


@pytest.mark.slow
def test_runs_at_the_same_time_fetch_an_object_once(
    bucket: Bucket, make_reading: Callable[..., Reading], proxy: Proxy
) -> None:
    for number in range(5):
        bucket.put_table(f"t/{number}.parquet", TABLE)
    reading, found = make_reading(5_000), []

    def read() -> None:
        source = reading(f"{bucket.url}/t")
        found.append(spooled(source))
        source.release()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[1] * 5 + [2] * 5 + [3] * 5] * 4
    got = [path for method, path in proxy.asked if method == "GET" and path.endswith(".parquet")]
    assert len(got) == len(set(got)) == 5


@pytest.mark.parametrize(
    "said",
    [
        "error sending http://user:hunter2@host:9000/bucket/x",
        "GET https://host/x?X-Amz-Credential=hunter2&X-Amz-Signature=hunter2 failed",
        "GET https://account.blob.core.windows.net/x?sv=1&sig=hunter2",
        "no answer (Request ID: hunter2)",
        "first line\nAuthorization: hunter2",
    ],
)
def test_what_a_store_says_is_told_without_what_opens_it(said: str) -> None:
    assert "hunter2" not in str(store_error(OSError(said), "s3://bucket/x"))
