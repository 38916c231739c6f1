"""The metrics of the manual's chapter on functions run, and give a number."""

import math

import pytest

from engine import Dataset
from tests.documents import ROOT, blocks
from tests.servers import engine_on

METRICS = {
    block.file: block.text
    for block in blocks(ROOT / "docs" / "writing.md")
    if block.file and any(f"F.{name}(" in block.text for name in ("udf", "pandas_udf", "arrow_udf"))
}


def test_there_is_one_for_each_kind():
    assert METRICS.keys() >= {"scored.py", "fees.py", "ranks.py", "tenths.py", "trimmed.py", "tiers.py"}


# More rows than are given to native answers as local data.
ASKS_SPARK = ("scored.py", "tiers.py")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.spark, pytest.mark.slow] if name in ASKS_SPARK else [])
        for name in METRICS
    ],
)
def test_a_metric_of_the_chapter_gives_a_number(name, native_backend, shared_options):
    payments = Dataset(str(ROOT / "examples" / "payments.parquet"))
    options = shared_options | {"roots": (ROOT / "examples",)}
    with engine_on(native_backend, **options) as engine:
        result = engine.evaluate(METRICS[name], payments).overall
    assert result.status == "ok", result.error
    assert math.isfinite(result.value)
