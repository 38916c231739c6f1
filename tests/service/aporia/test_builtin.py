"""Metrics that are asked for by name: the numbers of scipy and of their formulas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, rankdata

from engine import Baseline, Dataset, Engine, Metric, SegmentGroup
from engine.service.aporia.builtin import BUILTIN, EQUAL, Builtin

# What Spark would take for a structure's field, and for quotes.
HOSTILE = {"age": "age.years", "score": "sc`ore"}
# What is missing is neither a value nor a prediction, whether it is null or NaN.
WITH_NAN = ("psi", "js_distance", "hellinger_distance", "ks_distance", "auc_roc", "precision")
Floats = NDArray[np.float64]
Numbers = dict[str, dict[str, tuple[str, float | None]]]


def rows_of(count: int, moved: float, seed: int) -> pd.DataFrame:
    """Rows of a model, some with something missing."""
    random = np.random.default_rng(seed)
    age = np.round(random.normal(40 + moved, 12, count))
    score = np.round(random.random(count), 2)
    label = (random.random(count) < score).astype(float)
    actual = random.normal(10, 3, count)
    for column in (age, score, label):
        column[random.random(count) < 0.06] = np.nan
    word = random.choice(list("abc"), count, p=[0.5, 0.3, 0.2] if moved else [0.2, 0.3, 0.5])
    return pd.DataFrame(
        {
            "age": age,
            "score": score,
            "label": pd.array(label, dtype="Float64"),
            "guess": actual + random.normal(moved / 9, 1, count),
            "actual": actual,
            "word": word,
            "said": np.where(random.random(count) < 0.7, word, "a"),
            "side": random.choice(["left", "right"], count),
        }
    )


def expected(data: pd.DataFrame, its: pd.DataFrame) -> dict[str, float]:
    """What each metric is, by its name and its column."""
    age = data["age"].dropna()
    found = {"count": float(len(data))}
    found |= {f"{name} age": float(getattr(age, name)()) for name in ("sum", "mean", "min", "max", "median")}
    found["missing_count age"] = float(data["age"].isna().sum())
    found["missing_ratio age"] = float(data["age"].isna().mean())
    found |= _of_classes(data)
    error = data["guess"] - data["actual"]
    found |= {"mse guess": float((error**2).mean()), "mae guess": float(error.abs().mean())}
    found["rmse guess"] = found["mse guess"] ** 0.5
    found["accuracy said"] = float((data["said"] == data["word"]).mean())
    found["ks_distance age"] = float(ks_2samp(age, its["age"].dropna()).statistic)
    for column, (p, q) in {"age": _between(age, its["age"].dropna()), "word": _shares(data, its)}.items():
        low, high = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
        found[f"psi {column}"] = float(np.sum((low - high) * np.log(low / high)))
        found[f"js_distance {column}"] = float(jensenshannon(p, q, base=2))
        found[f"hellinger_distance {column}"] = float(np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2))
    return found


def _of_classes(data: pd.DataFrame) -> dict[str, float]:
    known = data[data["score"].notna() & data["label"].notna()]
    score, true = known["score"].to_numpy(), known["label"].to_numpy(float) == 1
    yes = score >= 0.4
    tp, fp = float((yes & true).sum()), float((yes & ~true).sum())
    fn, tn = float((~yes & true).sum()), float((~yes & ~true).sum())
    found = {"tp_count": tp, "fp_count": fp, "fn_count": fn, "tn_count": tn}
    found |= {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}
    found["accuracy"] = (tp + tn) / len(known)
    above = rankdata(score)[true].sum() - true.sum() * (true.sum() + 1) / 2
    found["auc_roc"] = float(above / (true.sum() * (~true).sum()))
    return {f"{name} score": value for name, value in found.items()}


def _between(one: pd.Series, other: pd.Series) -> tuple[Floats, Floats]:
    edges = np.unique(np.quantile(other, [tenth / 10 for tenth in range(1, 10)]))
    counts = [np.bincount(np.searchsorted(edges, of, side="right"), minlength=10) for of in (one, other)]
    return counts[0] / counts[0].sum(), counts[1] / counts[1].sum()


def _shares(data: pd.DataFrame, its: pd.DataFrame) -> tuple[Floats, Floats]:
    shares = [of["word"].value_counts(normalize=True) for of in (data, its)]
    keys = sorted(set(shares[0].index) | set(shares[1].index))
    return tuple(one.reindex(keys).fillna(0).to_numpy(float) for one in shares)  # type: ignore[return-value]


def metric(asked: str, called: Mapping[str, str] | None = None) -> Metric:
    """The code behind a name and a column, which may be called otherwise."""
    name, _, column = asked.partition(" ")
    found: Builtin = EQUAL if column == "said" else BUILTIN[name]
    params: dict[str, object] = {}
    if found.needs != "rows":
        params["column"] = (called or {}).get(column, column)
    if found.needs in ("classes", "values"):
        params["actual"] = {"score": "label", "said": "word", "guess": "actual"}[column]
    if found.needs == "classes" and found is not EQUAL:
        params["threshold"] = 0.4
    if found.needs == "shares":
        params["numeric"] = column == "age"
    return Metric(found.source, params)


def calculated(
    engine: Engine, codes: Mapping[str, Metric], data: object, its: object, *segments: SegmentGroup
) -> Numbers:
    """The numbers of metrics by their names and segments."""
    baseline = Baseline.data(Dataset(its))
    runs = engine.evaluate_many(codes, Dataset(data), baseline=baseline, segments=segments)
    return {
        name: {str(one.frame.segment): (one.status, one.value) for one in run.results}
        for name, run in runs.items()
    }


def nearly(wanted: Mapping[str, float]) -> dict[str, Any]:
    return {name: ("ok", pytest.approx(value, rel=1e-9, abs=1e-12)) for name, value in wanted.items()}


def of(found: Numbers, segment: str = "None") -> dict[str, tuple[str, float | None]]:
    return {name: numbers[segment] for name, numbers in found.items()}


@pytest.fixture(scope="module")
def drawn() -> tuple[pd.DataFrame, pd.DataFrame]:
    return rows_of(400, 4, 1), rows_of(300, 0, 2)


@pytest.mark.slow
def test_every_metric_has_the_number_of_its_formula(engine, drawn):
    wanted = expected(*drawn)
    assert {name.partition(" ")[0] for name in wanted} == set(BUILTIN)
    assert of(calculated(engine, {name: metric(name) for name in wanted}, *drawn)) == nearly(wanted)


@pytest.mark.slow
def test_every_segment_has_the_number_of_its_rows(engine, drawn):
    codes = {name: metric(name) for name in expected(*drawn)}
    found = calculated(engine, codes, *drawn, SegmentGroup.by_value("side"))
    for side in ("left", "right"):
        rows = (frame[frame["side"] == side] for frame in drawn)
        assert of(found, f"side = {side}") == nearly(expected(*rows))


@pytest.mark.slow
@pytest.mark.spark
def test_columns_with_dots_and_quotes_are_meant_as_they_are_called(engine, drawn):
    wanted = {name: value for name, value in expected(*drawn).items() if name.endswith(tuple(HOSTILE))}
    codes = {name: metric(name, HOSTILE) for name in wanted}
    assert of(calculated(engine, codes, *(one.rename(columns=HOSTILE) for one in drawn))) == nearly(wanted)


@pytest.mark.slow
@pytest.mark.spark
def test_nan_is_missing_as_null_is(engine, drawn, data_dir: Path):
    """pandas writes NaN as null, other programs as NaN."""
    wanted = {name: value for name, value in expected(*drawn).items() if name.startswith(WITH_NAN)}
    places = []
    for number, frame in enumerate(drawn):
        table = pa.Table.from_pandas(frame.astype({"label": float}), preserve_index=False)
        for name in ("age", "score", "label"):
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.array(frame[name].to_numpy(float, na_value=np.nan)))
        places.append(str(data_dir / "service-data" / f"nan{number}.parquet"))
        pq.write_table(table, places[-1])
    codes = {name: metric(name) for name in wanted}
    assert of(calculated(engine, codes, places[0], places[1])) == nearly(wanted)
