"""The confinement of local servers, with everything in front of them taken away.

Without the language layer and the gateway, a guest's own plans reach the server as they are. What it may
read is then up to the kernel alone.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine
from engine.models.layers import Layers
from tests.engine.support import metric
from tests.servers import ASKS_SPARK, engine_on

CANARY = pa.table({"secret": [1, 2, 3]})


def read(path: Path) -> str:
    return metric(f"return df.sparkSession.read.parquet({str(path)!r}).count()")


@pytest.mark.slow
@pytest.mark.parametrize("shared_server", ASKS_SPARK, indirect=True)
def test_a_plan_that_reads_a_canary_outside_the_roots_fails(
    shared_server, data_dir, rows, shared_options, tmp_path
):
    inside, outside = data_dir / "inside.parquet", tmp_path / "outside.parquet"
    for path in (inside, outside):
        pq.write_table(CANARY, path)
    off = Layers(language=False, gateway=False)
    with engine_on(shared_server, **shared_options, layers=off) as engine:
        assert engine.evaluate(metric("return df.count()"), rows).overall.value == 300
        assert engine.evaluate(read(inside), rows).overall.value == 3, "the layers before it are off"
        stopped = engine.evaluate(read(outside), rows).overall
        assert stopped.status in ("raised", "backend_error"), stopped
        written = engine.evaluate(
            metric(f"df.write.parquet({str(tmp_path / 'stolen')!r})\nreturn 1"), rows
        ).overall
        assert written.status in ("raised", "backend_error"), written
    assert not (tmp_path / "stolen").exists()


@pytest.mark.parametrize("shared_server", ASKS_SPARK, indirect=True)
def test_with_every_layer_on_the_same_metric_is_refused_before_it_runs(
    shared_server, rows, shared_options, tmp_path
):
    with engine_on(shared_server, **shared_options, layers=Layers(language=False)) as engine:
        result = engine.evaluate(read(tmp_path / "outside.parquet"), rows).overall
    assert result.error is not None
    assert (result.status, result.error.code) == ("refused", "read-refused")


@pytest.mark.spark(own=True)
@pytest.mark.slow
def test_the_canary_would_be_read_without_the_servers_confinement(data_dir, rows, worker_pool, tmp_path):
    pq.write_table(CANARY, tmp_path / "outside.parquet")
    off = Layers(language=False, gateway=False, server=False)
    with Engine("spark", native=False, roots=(data_dir,), layers=off, pool=worker_pool) as engine:
        run = engine.evaluate(read(tmp_path / "outside.parquet"), rows)
    assert run.overall.value == 3


def test_datasets_outside_the_roots_are_an_error_that_names_them(native_backend, shared_options, tmp_path):
    from engine import DataError

    pq.write_table(CANARY, tmp_path / "outside.parquet")
    opened = engine_on(native_backend, **shared_options)
    with opened as engine, pytest.raises(DataError, match="roots"):
        engine.evaluate(metric("return df.count()"), Dataset(tmp_path / "outside.parquet"))
