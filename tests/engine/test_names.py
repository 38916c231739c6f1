"""Several numbers of one metric, and parameters, through every door of the engine, on frames of PySpark."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine import Dataset, Engine, Metric, ParamsRefused, Run, SegmentGroup, SourceRefused, UsageError
from engine.models.result import GOOD
from tests.engine.names import HOSTILE, source_of, told
from tests.engine.support import BY_GROUP
from tests.servers import NATIVE, engine_on
from tests.tiers import one_in

FUNCTIONS = "from pyspark.sql import functions as F"
# What a metric gives that has parameters: each by its segment.
SCORES = """
from pyspark.sql import functions as F

def calc_metric(df, *, above: float = 100, column: ColumnName = "n", mode: Literal["plain", "half"] = "plain",
                strict: bool = False, digits: int = 3, label: str = "x") -> dict[str, float]:
    kept = df.filter(F.col(column) > above)
    row = kept.agg(F.count("*").alias("rows"), F.avg(column).alias("mean")).first()
    scale = 0.5 if mode == "half" else 1.0
    print(above, column, mode, strict, digits, label)
    return {"rows": row["rows"], "mean": float("nan") if row["mean"] is None else row["mean"] * scale}
"""
COUNT = "def calc_metric(df):\n    return df.count()\n"


def values(run: Run) -> list[tuple[str, str | None, str, float | None]]:
    return [
        (str(one.frame.segment or ""), one.name, one.status, None if math.isnan(one.value) else one.value)
        for one in run.results
    ]


@pytest.mark.parametrize("backend", NATIVE)
def test_names_and_parameters_by_segment_fused_and_not(
    backend: str, request: pytest.FixtureRequest, rows: Dataset, shared_options: dict[str, Any]
) -> None:
    chosen = {"above": 150, "mode": "half"}
    server = request.getfixturevalue(f"{backend}_backend")
    groups = [BY_GROUP, SegmentGroup.where("few", "n < 10")]
    with engine_on(server, **shared_options) as engine:
        fused = engine.evaluate(SCORES, rows, segments=groups, params=chosen)
        alone = engine.evaluate(SCORES, rows, segments=groups, params=chosen, fuse=False)
        together = engine.evaluate_many(
            {"scores": Metric(SCORES, chosen), "default": SCORES, "rows": COUNT}, rows, segments=groups
        )
    assert values(fused) == values(alone) == values(together["scores"])
    assert values(fused)[:2] == [("", "rows", "ok", 149.0), ("", "mean", "ok", 112.5)]
    assert values(fused)[-2:] == [("few", "rows", "ok", 0.0), ("few", "mean", "nan", None)]
    assert dict(fused.params) == {"above": 150.0, "mode": "half"}
    assert fused.results[0].printed == "150.0 n half False 3 x\n"
    assert together["default"].named["rows"].value == 199.0 and dict(together["default"].params) == {}
    assert together["rows"].overall.value == 300.0 and together["rows"].names == ()
    assert "cells" in {one.how for one in fused.report.sharing}


def test_what_hostile_guests_return_is_names_of_the_plain_kind_or_none(bare: Engine, rows: Dataset) -> None:
    sources = {name: source_of(body, FUNCTIONS) for name, (body, _) in HOSTILE.items()}
    runs = bare.evaluate_many(sources, rows)
    assert {name: told(run.results) for name, run in runs.items()} == {
        name: expected for name, (_, expected) in HOSTILE.items()
    }
    for run in runs.values():
        assert all(one.error is None or one.error.message.isprintable() for one in run.results)


def test_without_the_annotation_everything_but_one_number_stays_invalid(bare: Engine, rows: Dataset) -> None:
    bodies = ("return {'a': 1}", "return pd.Series({'a': 1})", "return df.agg(F.count('*')).collect()[0]")
    returns = ("float", "dict", "dict[str, str]")
    sources = {f"{body} -> {kind}": source_of(body, FUNCTIONS, kind) for body in bodies for kind in returns}
    runs = bare.evaluate_many(sources, rows)
    assert {one.overall.error.code for one in runs.values() if one.overall.error} == {"returned-collection"}
    assert all(one.overall.status == "invalid_output" for one in runs.values())


def test_a_frame_without_a_name_is_missing_and_one_that_failed_failed_for_each(
    engine: Engine, rows: Dataset
) -> None:
    source = """
def calc_metric(df) -> dict[str, float]:
    low = df.agg({"g": "min"}).first()[0]
    high = df.agg({"g": "max"}).first()[0]
    if low != high:
        return {"a": 1, "b": 2}
    if low == "a":
        return {"c": 3, "a": float("nan")}
    raise ValueError(low)
"""
    live = engine.submit(source, rows, segments=[BY_GROUP])
    seen = list(live)
    run = live.result()
    assert run.names == ("a", "b", "c") and run.frames == 4
    assert [(one.frame.index, one.name, one.status) for one in run.results] == [
        (0, "a", "ok"), (0, "b", "ok"), (0, "c", "missing"),
        (1, "a", "nan"), (1, "b", "missing"), (1, "c", "ok"),
        *[(index, name, "raised") for index in (2, 3) for name in "abc"],
    ]  # fmt: skip
    key = {(one.frame.index, one.name): one.status for one in seen}
    assert len(seen) == 12 and key == {(one.frame.index, one.name): one.status for one in run.results}
    assert live.progress.total == 4


def test_parameters_are_refused_before_anything_runs_all_at_once(engine: Engine, rows: Dataset) -> None:
    wrong = {"above": "high", "mode": "third", "abov": 1, "df": 2, "digits": 2**64}
    calls = (engine.evaluate, engine.submit, engine.plan)
    for call in calls:
        with pytest.raises(ParamsRefused) as refused:
            call(SCORES, rows, params=wrong)
        assert len(refused.value.problems) == 5
        assert all(name in str(refused.value) for name in wrong)
    assert engine.check(SCORES, params=wrong) == refused.value.problems
    assert engine.check(SCORES, params={"above": 1}) == engine.check(SCORES) == ()
    many = {"one": Metric(SCORES, wrong), "two": Metric(COUNT, {"k": 1}), "three": Metric(SCORES)}
    with pytest.raises(ParamsRefused) as together:
        engine.evaluate_many(many, rows)
    assert {name: len(found) for name, found in together.value.by_metric.items()} == {"one": 5, "two": 1}
    for params in ([1], "above=1", {1: 2}):
        with pytest.raises(UsageError, match="params must be a dict"):
            engine.evaluate(SCORES, rows, params=params)  # type: ignore[arg-type]
    with pytest.raises(SourceRefused):
        engine.evaluate("import os\n", rows, params=wrong)


@pytest.mark.parametrize("column", one_in(4, ["nope", "_metadata.file_path", "n`", "n.m", "\x1b[2J"]))
def test_a_column_that_the_data_does_not_have_is_refused_before_a_frame_runs(
    engine: Engine, rows: Dataset, column: str
) -> None:
    with pytest.raises(ParamsRefused) as refused:
        engine.evaluate(SCORES, rows, params={"column": column})
    (problem,) = refused.value.problems
    assert (problem.code, problem.line) == ("parameter-column", 4)
    many: dict[str, str | bytes | Metric] = {
        "fits": SCORES,
        **{f"m{i}": Metric(SCORES, {"column": column}) for i in range(17)},
    }
    with pytest.raises(ParamsRefused) as together:
        engine.evaluate_many(many, rows)
    assert set(together.value.by_metric) == set(many) - {"fits"}


def test_a_dry_run_has_the_parameters(engine: Engine, rows: Dataset) -> None:
    source = "def calc_metric(df, *, times: int = 1):\n    return sum(df.count() for _ in range(times))\n"
    assert engine.plan(source, rows, params={"times": 3}).calls_per_frame == 3


def test_parameters_do_not_share_answers_with_other_values_of_theirs(engine: Engine, rows: Dataset) -> None:
    many = {str(above): Metric(SCORES, {"above": above}) for above in (0, 100, 299, 1e9)}
    runs = engine.evaluate_many(many, rows, segments=[BY_GROUP])
    assert [run.named["rows"].value for run in runs.values()] == [299.0, 199.0, 0.0, 0.0]
    assert all(one.status in GOOD for run in runs.values() for one in run.results)
