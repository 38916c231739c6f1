"""Who gets a baseline, which, and what is said where there is none or it does not fit."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from engine import (
    Baseline,
    DataError,
    Dataset,
    SegmentGroup,
    SourceRefused,
    SourcesRefused,
    TimeRange,
    UsageError,
)
from tests.baselines.data import GROUPS, make_data, make_training

pytestmark = pytest.mark.spark

DATA, TRAINING = make_data(), make_training()
ONE = "def calc_metric(df):\n    return df.count()\n"
TWO = "def calc_metric(df, baseline):\n    return df.count() - baseline.count()\n"
EITHER = "def calc_metric(df, baseline=None):\n    return 0 if baseline is None else baseline.count()\n"
BY_COUNTRY = SegmentGroup.by_value("country", top=10)


def average(name: str) -> str:
    """A metric that compares a column's average."""
    return (
        "from pyspark.sql import functions as F\n"
        "def calc_metric(df, baseline):\n"
        f"    mean = lambda frame: frame.agg(F.avg('{name}')).first()[0]\n"
        "    return mean(df) - mean(baseline)\n"
    )


def test_a_metric_that_needs_one_is_refused_without_with_the_fix(native_engine):
    with pytest.raises(SourceRefused) as refused:
        native_engine.evaluate(TWO, Dataset(DATA))
    (problem,) = refused.value.problems
    assert (problem.code, problem.line, problem.column) == ("baseline-missing", 1, 21)
    assert "Baseline.previous()" in problem.hint and "baseline=None" in problem.hint
    with pytest.raises(SourcesRefused) as many:
        native_engine.evaluate_many({"one": ONE, "two": TWO}, Dataset(DATA))
    assert set(many.value.by_metric) == {"two"}
    assert [one.code for one in native_engine.check(TWO, compares=False)] == ["baseline-missing"]
    assert native_engine.check(TWO) == ()


def test_the_report_says_of_what_a_frame_asks_for_itself_that_it_is_about_the_baseline(native_engine):
    source = "def calc_metric(df, baseline):\n    return df.count() - baseline.union(baseline).count()\n"
    run = native_engine.evaluate(
        source, Dataset(DATA), segments=[BY_COUNTRY], baseline=Baseline.data(Dataset(TRAINING))
    )
    apart = {one.plan: one.frames for one in run.report.sharing if one.how == "frame"}
    assert list(apart.values()) == [len(run.results)] and min(apart).startswith("baseline: ")


def test_a_metric_of_one_frame_never_sees_it_and_says_so(native_engine):
    missing = Baseline.data(Dataset("no/such/file.parquet"))  # it is not even opened
    run = native_engine.evaluate(ONE, Dataset(DATA), baseline=missing)
    assert run.overall.value == len(DATA) and run.overall.baseline_rows is None
    assert [one.code for one in run.report.warnings] == ["baseline-unused"]
    assert run.baseline is None and "baseline" not in run.to_dict()


def test_it_may_be_optional(native_engine):
    data = Dataset(DATA)
    assert native_engine.evaluate(EITHER, data).overall.value == 0
    run = native_engine.evaluate(EITHER, data, baseline=Baseline.data(Dataset(TRAINING)))
    assert run.overall.value == run.overall.baseline_rows == len(TRAINING)
    assert run.to_dict()["baseline"] == {"kind": "training"}
    assert list(run.to_pandas()["baseline_rows"]) == [len(TRAINING)]


@pytest.mark.parametrize(
    "source",
    [
        "calc_metric = lambda df, baseline: df.count() - baseline.count()",
        "def compare(df, baseline):\n    return df.count() - baseline.count()\ncalc_metric = compare",
        "def calc_metric(df, baseline, /, *, z: int = 0):\n    return df.count() - baseline.count() + z",
        "def calc_metric(df, baseline, more=0):\n    return df.count() - baseline.count() + more",
    ],
)
def test_other_ways_of_writing_it(native_engine, source):
    run = native_engine.evaluate(source, Dataset(DATA), baseline=Baseline.data(Dataset(TRAINING)))
    assert run.overall.value == len(DATA) - len(TRAINING)


def test_several_metrics_share_it_and_others_are_not_given_it(native_engine):
    sources = {"one": ONE, "two": TWO, "mean": average("amount")}
    baseline = Baseline.data(Dataset(TRAINING))
    runs = native_engine.evaluate_many(sources, Dataset(DATA), segments=GROUPS, baseline=baseline)
    assert runs["one"].overall.baseline_rows is None
    for name in ("two", "mean"):
        alone = native_engine.evaluate(
            sources[name], Dataset(DATA), segments=GROUPS, baseline=baseline, name=name, fuse=False
        )
        for result, want in zip(runs[name].results, alone.results, strict=True):
            assert (result.frame, result.status) == (want.frame, want.status)
            assert (result.rows, result.baseline_rows) == (want.rows, want.baseline_rows)
            assert result.value == pytest.approx(want.value, rel=1e-9, nan_ok=True)


def test_a_plan_counts_both(native_engine):
    plan = native_engine.plan(
        TWO, Dataset(DATA), segments=[BY_COUNTRY], baseline=Baseline.data(Dataset(TRAINING))
    )
    assert plan.rows[0] == len(DATA) and plan.baseline_rows[0] == len(TRAINING)
    assert len(plan.baseline_rows) == len(plan.frames)
    assert plan.to_dict()["baseline"] == {"kind": "training"}


def test_a_segment_that_one_side_lacks(native_engine):
    run = native_engine.evaluate(
        average("amount"), Dataset(DATA), segments=[BY_COUNTRY], baseline=Baseline.data(Dataset(TRAINING))
    )
    found = {one.frame.segment and one.frame.segment.value: one for one in run.results}
    assert set(found) == {None, "AT", "DE", "FR", "CH", "XX"}, "the data's own segments, and no others"
    for value in ("CH", "XX"):
        assert found[value].status == "no_data" and found[value].baseline_rows == 0 < found[value].rows
    ranked = SegmentGroup.by_value("country", top=1)
    run = native_engine.evaluate(
        TWO,
        Dataset(DATA[DATA["country"] != "AT"]),
        segments=[ranked],
        baseline=Baseline.data(Dataset(TRAINING)),
    )
    assert [one.frame.segment.value for one in run.results[1:]] == ["DE"], "AT leads the baseline alone"


def test_the_data_itself_and_nothing(native_engine):
    run = native_engine.evaluate(
        average("amount"), Dataset(DATA), segments=GROUPS, baseline=Baseline.data(Dataset(DATA))
    )
    assert {one.value for one in run.results} == {0.0}
    nothing = pa.Table.from_pandas(TRAINING).slice(0, 0)
    run = native_engine.evaluate(
        average("amount"), Dataset(DATA), segments=GROUPS, baseline=Baseline.data(Dataset(nothing))
    )
    assert {one.status for one in run.results} == {"no_data"}
    assert {one.baseline_rows for one in run.results} == {0}


@pytest.mark.slow
@pytest.mark.parametrize("fuse", [True, False])
def test_one_that_is_replaced_while_a_run_looks_at_it(native_engine, data_dir, fuse):
    """Numbers of two states are no run's; those that came before are of the old rows."""
    path, newer = data_dir / f"replaced-{fuse}.parquet", data_dir / f"newer-{fuse}.parquet"
    TRAINING.to_parquet(path)
    TRAINING.head(100).to_parquet(newer)
    source = "def calc_metric(df, baseline):\n    return baseline.filter('n >= 0').count()\n"
    live = native_engine.submit(
        source, Dataset(DATA), segments=[BY_COUNTRY], baseline=Baseline.data(Dataset(path)), fuse=fuse
    )
    first = next(iter(live))
    newer.replace(path)
    country = None if first.frame.segment is None else first.frame.segment.value
    assert first.value == len(TRAINING if country is None else TRAINING[TRAINING["country"] == country])
    with pytest.raises(DataError, match="while the run read it"):
        live.result()
    later = native_engine.evaluate(source, Dataset(DATA), baseline=Baseline.data(Dataset(path)))
    assert (later.overall.value, later.overall.baseline_rows) == (100, 100)


@pytest.mark.parametrize("make", [lambda rows: rows, pa.Table.from_pandas], ids=["pandas", "arrow"])
def test_columns_of_no_type_have_that_of_the_data(native_engine, make):
    """Without rows pandas does not know a text from anything else."""
    untyped = pd.DataFrame(columns=list(TRAINING.columns), dtype=object)
    assert pa.Table.from_pandas(untyped).schema.field("country").type == pa.null()
    for nothing in (TRAINING.iloc[:0], untyped, untyped.reindex(range(2))):
        baseline = Baseline.data(Dataset(make(nothing)))
        run = native_engine.evaluate(
            "def calc_metric(df, baseline):\n    return float(df.dtypes == baseline.dtypes)\n",
            Dataset(DATA),
            segments=[BY_COUNTRY],
            baseline=baseline,
        )
        assert {(one.status, one.value) for one in run.results} == {("ok", 1.0)}
        assert run.overall.baseline_rows == len(nothing)
    with pytest.raises(DataError, match=r"the baseline: .*no columns"):
        native_engine.evaluate(TWO, Dataset(DATA), baseline=Baseline.data(Dataset(make(pd.DataFrame()))))


def test_columns_that_differ_are_named_before_anything_runs_if_the_metric_uses_them(native_engine):
    other = TRAINING.assign(amount=TRAINING["amount"].astype(str)).drop(columns="score")
    baseline = Baseline.data(Dataset(other))
    for name, told in (("amount", "'amount', which is string in it and double"), ("score", "it lacks")):
        with pytest.raises(DataError, match=told) as refused:
            native_engine.evaluate(average(name), Dataset(DATA), baseline=baseline)
        assert "the baseline" in str(refused.value)
    assert native_engine.evaluate(average("n"), Dataset(DATA), baseline=baseline).overall.status == "ok"
    narrow = TRAINING.assign(n=TRAINING["n"].astype("int32"))
    run = native_engine.evaluate(average("n"), Dataset(DATA), baseline=Baseline.data(Dataset(narrow)))
    assert run.overall.status == "ok", "how much fits into a number is no difference"


def test_segments_have_to_mean_something_in_both(native_engine):
    other = TRAINING.assign(country=range(len(TRAINING)))
    with pytest.raises(DataError, match="baseline: segments by 'country' is of type string, and long"):
        native_engine.evaluate(
            TWO, Dataset(DATA), segments=[BY_COUNTRY], baseline=Baseline.data(Dataset(other))
        )
    with pytest.raises(DataError, match=r"baseline: .*there is no column 'country'"):
        native_engine.evaluate(
            TWO,
            Dataset(DATA),
            segments=[BY_COUNTRY],
            baseline=Baseline.data(Dataset(TRAINING.drop(columns="country"))),
        )


def test_a_name_that_means_the_server_where_no_column_has_it(native_engine):
    data = DATA.assign(user="x", current_date="y")
    with pytest.raises(DataError, match="'user', which it lacks, 'current_date', which it lacks"):
        native_engine.evaluate(TWO, Dataset(data), baseline=Baseline.data(Dataset(TRAINING)))


def test_what_needs_to_know_the_time(native_engine):
    for baseline, told in (
        (Baseline.previous(), "previous window needs a timestamp"),
        (Baseline.first("3d"), "first stretch needs a timestamp"),
    ):
        with pytest.raises(DataError, match=told):
            native_engine.evaluate(TWO, Dataset(DATA), baseline=baseline)
    with pytest.raises(DataError, match="needs a time range with both ends"):
        native_engine.evaluate(TWO, Dataset(DATA, timestamp="ts"), baseline=Baseline.previous())


def test_the_previous_range_lies_within_the_retention(native_engine):
    span = TimeRange("2026-10-08T00:00:00Z", "2026-10-11T00:00:00Z")
    as_of = "2026-10-11T00:00:00Z"
    for retention, first in (("10d", "2026-10-05"), ("4d", "2026-10-07"), ("3d", "2026-10-08")):
        data = Dataset(DATA, timestamp="ts", retention=retention)
        run = native_engine.evaluate(TWO, data, baseline=Baseline.previous(), time=span, as_of=as_of)
        ts = DATA["ts"]
        kept = (ts >= pd.Timestamp(first, tz="UTC")) & (ts < pd.Timestamp("2026-10-08", tz="UTC"))
        assert run.overall.baseline_rows == int(kept.sum())


@pytest.mark.parametrize(
    "make",
    [
        lambda: Baseline.data("file.parquet"),  # type: ignore[arg-type]
        lambda: Baseline.first("soon"),
        lambda: Baseline("last"),  # type: ignore[arg-type]
        lambda: Baseline("training"),
    ],
)
def test_what_is_no_baseline(make):
    with pytest.raises(UsageError):
        make()


def test_an_option_of_another_type(native_engine):
    with pytest.raises(UsageError, match=r"baseline must be a Baseline, not a str: give baseline=Baseline\."):
        native_engine.evaluate(TWO, Dataset(DATA), baseline="previous")
