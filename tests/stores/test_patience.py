"""A store that does not answer: nobody waits for it longer than they have time, and it leaves nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from engine import Dataset, Engine, Limits
from engine.backends.native.backend import NativeSpark
from engine.errors import DataError, Interrupted
from engine.models.urls import parse_store_url
from engine.service.data.datasets import fingerprint, state_of
from engine.sources.stored import state_of_stored
from engine.threads import STORE_THREADS, hangs
from tests.servers import SharedPool, engine_on
from tests.sources.spooled import spooled
from tests.stores.conftest import KEYS, TABLE, Bucket, Reading
from tests.stores.meddling import Proxy, Rule, after
from tests.waiting import wait_until

COUNT = "def calc_metric(df):\n    return float(df.count())\n"


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Set once a store that hangs is to answer."""
    answers = threading.Event()
    yield answers
    answers.set()


def stop() -> None:
    raise Interrupted("deadline")


@pytest.mark.parametrize(
    ("part", "method"),
    [
        ("1.parquet", "GET"),
        pytest.param("list-type=2", "GET", marks=pytest.mark.slow),
        pytest.param("t", "HEAD", marks=pytest.mark.slow),
    ],
)
def test_who_may_not_wait_leaves_and_a_retry_does_not_wait_either(
    filled: Bucket, reading: Reading, proxy: Proxy, hanging: threading.Event, part: str, method: str
) -> None:
    proxy.rules.append(Rule(after(hanging.wait), part, method, times=1))
    seen = len(proxy.asked)

    def check() -> None:
        if any(asked == method and part in path for asked, path in proxy.asked[seen:]):
            stop()

    with pytest.raises(Interrupted):
        reading(f"{filled.url}/t", check=check)
    assert "1.parquet" not in reading.files
    source = reading(f"{filled.url}/t")  # while the first one hangs
    assert spooled(source) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    taken = reading.fetched.bytes
    hanging.set()
    wait_until(lambda: not hangs(STORE_THREADS))
    assert reading.files == ["0.parquet", "1.parquet", "2.parquet"] and reading.fetched.bytes == taken
    source.release()
    assert spooled(reading(f"{filled.url}/t")) == [1, 1, 1, 2, 2, 2, 3, 3, 3]


@pytest.mark.slow
def test_a_run_ends_at_its_deadline_whatever_the_store_does(
    filled: Bucket,
    proxy: Proxy,
    hanging: threading.Event,
    native_backend: NativeSpark,
    shared_options: dict[str, Any],
) -> None:
    proxy.rules.append(Rule(after(hanging.wait), "1.parquet"))
    with engine_on(native_backend, **{**shared_options, "roots": (filled.url,)}) as engine:
        assert isinstance(engine, Engine)
        run = engine.evaluate(COUNT, Dataset(f"{filled.url}/t"), limits=Limits(wall_seconds=2))
        assert not hanging.is_set()
    assert run.overall.status == "limit"


@pytest.mark.slow
def test_objects_of_a_folder_share_a_folder(filled: Bucket, reading: Reading) -> None:
    source = reading(f"{filled.url}/t")
    folders = list((reading.spool.folder / "fetched").iterdir())
    assert len(folders) == 1
    filled.put_table(KEYS[0], pa.table({"a": [7, 8, 9, 10]}))
    again = reading(f"{filled.url}/t")  # the old one is in use still
    assert sorted(spooled(source)) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert sorted(spooled(again)) == [1, 1, 2, 2, 3, 3, 7, 8, 9, 10]
    source.release()
    again.release()
    assert len(list((reading.spool.folder / "fetched").iterdir())) == 2
    assert len(reading.files) == 3


def test_a_state_is_another_one_once_objects_are(filled: Bucket, reading: Reading, tmp_path: Path) -> None:
    def state(named: str) -> str:
        return state_of_stored([named], reading.stores, lambda: None)

    place = f"{filled.url}/t"
    seen = [state(place)]
    assert state(place) == seen[0]
    filled.put_table("t/4.parquet", TABLE)
    seen.append(state(place))
    filled.put_table("t/4.parquet", pa.table({"a": [1]}))
    seen.append(state(place))
    filled.remove("t/4.parquet")
    assert state(place) == seen[0] and len(set(seen)) == 3
    one = state(f"{place}/0.parquet")
    filled.put_table("t/0.parquet", pa.table({"a": [9] * 100}))
    assert state(f"{place}/0.parquet") != one
    for mode in ("error", "append"):
        write_deltalake(tmp_path / "table", TABLE, mode=mode)
        filled.put_folder(tmp_path / "table", "table")
        seen += [state(f"delta:{filled.url}/table"), state(f"{filled.url}/table")]
    assert len(set(seen)) == 5
    assert state("delta:elsewhere") == state("/a/folder") == ""
    with pytest.raises(DataError, match="outside the places"):
        state("s3://another/t")
    assert reading.stores.list_state(parse_store_url(f"{filled.url}/none")) == []


@pytest.mark.slow
def test_an_engine_tells_the_state_of_a_bucket_or_that_it_takes_too_long(
    filled: Bucket,
    proxy: Proxy,
    hanging: threading.Event,
    shared_options: dict[str, Any],
    native_backend: NativeSpark,
) -> None:
    data, place = Dataset(f"{filled.url}/t"), f"{filled.url}/t"
    with engine_on(native_backend, **{**shared_options, "roots": (filled.url,)}) as engine:
        assert isinstance(engine, Engine)
        before, told = engine.state_of(data), fingerprint(place, None, "", state_of(place, engine))
        filled.put_table("t/9.parquet", TABLE)
        assert engine.state_of(data) != before
        assert fingerprint(place, None, "", state_of(place, engine)) != told
        proxy.rules.append(Rule(after(hanging.wait), "list-type=2"))
        with pytest.raises(DataError, match="not listed within") as caught:
            engine.state_of(data, seconds=0.3)
        assert caught.value.code == "store-failed" and state_of("s3://another/t", engine) == "?"


@pytest.mark.slow
def test_an_engine_with_servers_of_tenants_tells_it_before_there_is_one(
    filled: Bucket, worker_pool: SharedPool
) -> None:
    data = Dataset(f"{filled.url}/t")
    with Engine("spark", roots=(filled.url,), server_per_tenant=True, pool=worker_pool) as engine:
        before = engine.state_of(data)
        filled.put_table("t/9.parquet", TABLE)
        assert before and engine.state_of(data) != before


@pytest.mark.slow
def test_the_command_ends_at_its_deadline(
    filled: Bucket, proxy: Proxy, hanging: threading.Event, tmp_path: Path
) -> None:
    """Though Arrow waits at the end of a process for every request that it has sent."""
    (tmp_path / "count.py").write_text(COUNT)
    proxy.rules.append(Rule(after(hanging.wait), "1.parquet"))
    words = ["-m", "engine.cli", "run", "count.py", "--data", f"{filled.url}/t", "--timeout", "3"]
    ended = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert not hanging.is_set()
    assert ended.returncode == 1 and "--timeout" in ended.stdout, ended.stderr
