"""Attempts to see, through the second frame, rows of another frame, segment, window or tenant.

Each row holds a power of two that tells of which part it is, so that what a metric sums up tells what it saw:
with the language layer on, and without it, when only the gateway stands before the data.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pandas as pd
import pytest

from engine import Baseline, Dataset, SegmentGroup, SourceRefused, TimeRange
from engine.models.layers import Layers
from engine.models.result import Result
from tests.servers import engine_on
from tests.tiers import slow_one_in

pytestmark = pytest.mark.spark

DAYS: Final = 3
GROUPS: Final = ("a", "b")
SPAN: Final = TimeRange("2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z")


def make_rows(first: int) -> pd.DataFrame:
    """One row for each day and group, with a bit of its own from `first` on."""
    rows = [
        {
            "ts": pd.Timestamp("2026-03-01T12:00:00Z") + pd.Timedelta(days=day),
            "g": group,
            "secret": 1 << (first + 2 * day + place),
        }
        for day in range(DAYS)
        for place, group in enumerate(GROUPS)
    ]
    return pd.DataFrame(rows).astype({"ts": "datetime64[us, UTC]"})


DATA, OTHER, THEIRS = make_rows(0), make_rows(10), make_rows(20)

HEAD: Final = """
from pyspark.sql import functions as F
import pyspark
def total(frame):
    return frame.agg(F.sum("secret")).first()[0] or 0
"""


def of(body: str, takes: str = "df, baseline") -> str:
    """A metric with this body."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"{HEAD}\ndef calc_metric({takes}):\n    spark = df.sparkSession\n{lines}\n"


# Attempts on whatever is not in the two frames of the call.
BOTH: Final = {
    "both frames by their names": 'return total(spark.table("frame")) + total(spark.table("baseline_frame"))',
    "a union": 'return total(df.select("secret").union(baseline.select("secret")))',
    "a view of the second frame's name": """
baseline.createOrReplaceTempView("mine")
try:
    df.createOrReplaceTempView("baseline_frame")
except Exception:
    pass
return total(baseline) + total(df)
""",
    "an alias of the second frame's name": """
fake = df.alias("baseline_frame").select("baseline_frame.secret")
return total(fake.union(baseline.alias("frame").select("frame.secret")))
""",
    "columns of the one through the other": """
try:
    return total(baseline.select(df["secret"]))
except Exception:
    return total(df) + total(baseline)
""",
    "sql with names of frames": """
try:
    return spark.sql("SELECT sum(secret) FROM baseline_frame").first()[0]
except Exception:
    return total(df) + total(baseline)
""",
    "a filter that is always true": """
a = df.filter((F.col("g") == "x") | F.lit(True))
b = baseline.where("1 = 1 or g = 'x'")
return total(a) + total(b)
""",
    "a view that is left for the next call": """
seen = 0
try:
    seen = total(spark.table("left"))
except Exception:
    pass
baseline.createOrReplaceTempView("left")
return seen + total(df) + total(baseline)
""",
    "a plan by hand": """
proto = pyspark.sql.connect.proto
relation = proto.Relation()
relation.subquery_alias.alias = "baseline_frame"
relation.subquery_alias.input.read.named_table.unparsed_identifier = "baseline_frame"
client = spark._client
request = client._execute_plan_request_with_metadata()
request.plan.root.CopyFrom(relation)
table = client._execute_and_fetch(request, {})[0]
return sum(table["secret"].to_pylist()) + total(df)
""",
    "a frame in a frame's place": """
proto = pyspark.sql.connect.proto
relation = proto.Relation()
relation.subquery_alias.alias = "frame"
relation.subquery_alias.input.filter.input.read.named_table.unparsed_identifier = "baseline_frame"
relation.subquery_alias.input.filter.condition.literal.boolean = True
client = spark._client
request = client._execute_plan_request_with_metadata()
request.plan.root.CopyFrom(relation)
table = client._execute_and_fetch(request, {})[0]
return sum(table["secret"].to_pylist()) + total(df)
""",
    "a settings' session": """
spark.conf.set("spark.sql.ansi.enabled", "false")
return total(df) + total(baseline)
""",
}
# Attempts of a metric of one frame on a second one.
# Spark alone answers them, for each frame.
SPARKS: Final = {"a settings' session"}
ALONE: Final = {
    "by its name": 'return total(spark.table("baseline_frame"))',
    "in sql": 'return spark.sql("SELECT sum(secret) FROM baseline_frame").first()[0]',
    "through a view": """
spark.table("baseline_frame").createOrReplaceTempView("v")
return total(spark.table("v"))
""",
    "beside the frame": 'return total(df.select("secret").union(spark.table("baseline_frame")["secret"]))',
    "described only": 'return len(spark.table("baseline_frame").columns)',
    "in other letters": 'return total(spark.table("Baseline_Frame"))',
    "in quotes": 'return total(spark.table("`baseline_frame`"))',
}


@pytest.fixture(scope="module", params=["all layers", "the gateway alone"])
def wall(request, native_backend, shared_options):
    layers = Layers() if request.param == "all layers" else Layers(language=False)
    with engine_on(native_backend, layers=layers, **shared_options) as engine:
        yield engine


def allowed(result: Result, data: pd.DataFrame, compared: dict[tuple[str | None, int | None], int]) -> int:
    """All bits that a call may see: those of its frame, and of its baseline frame."""
    segment = None if result.frame.segment is None else result.frame.segment.value
    window = None if result.frame.window is None else result.frame.window.start.day - 1
    rows = data[(data["ts"] >= "2026-03-02") & (data["ts"] < "2026-03-04")]
    rows = rows if window is None else rows[rows["ts"].dt.day == window + 1]
    rows = rows if segment is None else rows[rows["g"] == segment]
    named = None if segment is None else str(segment)
    return int(rows["secret"].sum()) | compared[named, window]


def by_group(rows: pd.DataFrame) -> dict[str | None, pd.DataFrame]:
    """All rows, and those of each group."""
    found: dict[str | None, pd.DataFrame] = {group: rows[rows["g"] == group] for group in GROUPS}
    return {None: rows, **found}


def training(rows: pd.DataFrame) -> dict[tuple[str | None, int | None], int]:
    sums = by_group(rows)
    return {(g, w): int(one["secret"].sum()) for g, one in sums.items() for w in (None, 1, 2)}


def previous(rows: pd.DataFrame) -> dict[tuple[str | None, int | None], int]:
    sums = by_group(rows)
    found = {
        (g, w): int(one[one["ts"].dt.day == w]["secret"].sum()) for g, one in sums.items() for w in (1, 2)
    }
    # Before the two days of the whole range lies one day with rows.
    return found | {(g, None): found[g, 1] for g in sums}


QUICK = [name for name in list(BOTH)[::4] if name not in (*SPARKS, "columns of the one through the other")]


@pytest.mark.parametrize("kind", ["training", "previous"])
@pytest.mark.parametrize("name", slow_one_in(2, BOTH, quick=QUICK))
def test_a_call_sees_its_own_two_frames_only(wall, name, kind):
    baseline = Baseline.data(Dataset(OTHER)) if kind == "training" else Baseline.previous()
    compared = training(OTHER) if kind == "training" else previous(DATA)
    try:
        run = wall.evaluate(
            of(BOTH[name]),
            Dataset(DATA, timestamp="ts"),
            baseline=baseline,
            segments=[SegmentGroup.by_value("g")],
            time=SPAN,
            every="1d",
        )
    except SourceRefused:
        return  # the language layer says no; without it the gateway is asked
    for result in run.results:
        assert result.status in ("ok", "refused", "raised"), result
        if result.status == "ok":
            assert int(result.value) == allowed(result, DATA, compared), result


@pytest.mark.parametrize("name", ALONE)
def test_a_metric_of_one_frame_has_no_second_one(wall, name):
    run = wall.evaluate(
        of(ALONE[name], "df"), Dataset(DATA, timestamp="ts"), baseline=Baseline.data(Dataset(OTHER))
    )
    assert run.overall.status in ("refused", "raised"), run.overall


def test_tenants_at_the_same_time_see_their_own(native_engine):
    source = of("return total(df) + total(baseline)")

    def run(tenant: str, data: pd.DataFrame, baseline: pd.DataFrame) -> list[float]:
        done = native_engine.evaluate(
            source,
            Dataset(data, timestamp="ts"),
            baseline=Baseline.data(Dataset(baseline)),
            segments=[SegmentGroup.by_value("g")],
            tenant=tenant,
        )
        return [one.value for one in done.results]

    pairs = [("mine", DATA, OTHER), ("theirs", DATA, THEIRS)] * 3
    with ThreadPoolExecutor(len(pairs)) as threads:
        found = list(threads.map(lambda pair: run(*pair), pairs))
    for (_, data, baseline), values in zip(pairs, found, strict=True):
        whole = [one["secret"].sum() for one in (data, baseline)]
        parts = [[one[one["g"] == group]["secret"].sum() for one in (data, baseline)] for group in GROUPS]
        assert values == [sum(whole), *map(sum, parts)]
