"""A disk that is full where the engine puts what functions of the author gave."""

import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import DataError, Dataset, Engine
from tests.disks import fill, small_disk
from tests.engine.support import metric

pytestmark = [pytest.mark.slow, pytest.mark.spark(own=True), pytest.mark.root]

ROWS = 2_000_000
CODE = metric(
    "fee = F.pandas_udf(lambda n: n * 2.0 + 0.5, 'double')\nreturn df.agg(F.sum(fee('n'))).first()[0]"
)


@pytest.fixture
def disk(tmp_path, monkeypatch):
    with small_disk(tmp_path / "small", megabytes=64) as folder:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        monkeypatch.setenv("TMPDIR", str(folder))
        yield folder


@pytest.mark.parametrize("native", [True, pytest.param(False, marks=pytest.mark.deep)])
def test_it_costs_a_run_and_the_next_one_is_right(disk, tmp_path, native):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"n": np.arange(ROWS, dtype="int64")}), path)
    wanted = float(np.arange(ROWS).sum() * 2.0 + ROWS * 0.5)
    with Engine("spark", native=native, roots=(tmp_path,), workers=1) as engine:

        def works() -> bool:
            result = engine.evaluate(CODE, Dataset(path)).overall
            return (result.status, result.value) == ("ok", wanted)

        assert works()
        kept = {one.name for one in disk.iterdir()}
        filler = fill(disk)
        if native:  # counted all the same; what the function gave finds no room
            during = engine.evaluate(CODE, Dataset(path)).overall
            assert during.status == "refused" and during.error is not None, during
            assert "room in the folder for temporary files" in during.error.hint
        else:  # Spark cannot even count
            with pytest.raises(DataError, match=r"no room on its disk .* TMPDIR names"):
                engine.evaluate(CODE, Dataset(path))
        filler.unlink()
        assert {one.name for one in disk.iterdir()} == kept
        assert works()
