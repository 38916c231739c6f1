"""Most metrics of the corpus never start Java on local Parquet."""

from __future__ import annotations

import pytest

from tests.corpus.frames import metric_paths
from tests.spark.native.share import reasons, told


@pytest.mark.slow
def test_those_that_do_say_why() -> None:
    found = reasons(["amount_iqr", "lateral_top_two"])
    assert found == {"amount_iqr": "", "lateral_top_two": "the step lateral_join"}
    assert told(found).splitlines() == [
        "1 of 2 metrics never start Java (50%)",
        "   1 the step lateral_join: lateral_top_two",
    ]


@pytest.mark.slow
@pytest.mark.deep
def test_four_of_five_never_do() -> None:
    found = reasons(metric_paths())
    assert sum(not reason for reason in found.values()) >= 0.8 * len(found)
