"""The same metric in Evidently and whylogs: a program for an environment that has these, and not calcmetric.

Takes a JSON object on standard input: `library`, `path` of the data, `edges` of the buckets of age and
`groupings` (lists of columns, the first empty). Prints one: `seconds`, and `tables`, which hold for each
grouping the rows of its members with their number. whylogs has no correlation: its number is without it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.update(DO_NOT_TRACK="1", WHYLOGS_NO_ANALYTICS="True")  # they report their use otherwise

import pandas as pd

_SEPARATOR = "|"
Tables = list[list[list[Any]]]


def main() -> None:
    order = json.load(sys.stdin)
    library = {"evidently": in_evidently, "whylogs": in_whylogs}[order["library"]]
    library(_read(order, 1_000), order["groupings"])  # imports and first uses are not what is measured
    began = time.perf_counter()
    tables = library(_read(order, None), order["groupings"])
    print(json.dumps({"seconds": time.perf_counter() - began, "tables": tables}))


def _read(order: dict[str, Any], rows: int | None) -> pd.DataFrame:
    """The data with a column for each grouping; a pair of members is one text."""
    data = pd.read_parquet(Path(order["path"]), columns=["country", "category", "age", "score", "amount"])
    data = data.iloc[:rows]
    bucket = pd.cut(data["age"], order["edges"], right=False, labels=False).fillna(-1).astype("int8")
    data = data.drop(columns="age").assign(bucket=bucket.astype(str))
    for names in order["groupings"]:
        if len(names) > 1:
            pair = data[names[0]].str.cat([data[name] for name in names[1:]], sep=_SEPARATOR)
            data[_SEPARATOR.join(names)] = pair
    return data


def in_evidently(data: pd.DataFrame, groupings: list[list[str]]) -> Tables:
    """A custom metric, by each column."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.core.metric_types import SingleValueCalculation, SingleValueMetric
    from evidently.metrics.group_by import GroupBy

    class Ours(SingleValueMetric):
        pass

    class OursCalculation(SingleValueCalculation[Ours]):
        def display_name(self) -> str:
            return "ours"

        def calculate(self, context: Any, current_data: Any, reference_data: Any) -> Any:
            del context, reference_data
            kept = current_data.as_dataframe().query("score >= 0.1")
            corr = kept["score"].corr(kept["amount"])
            return self.result(float(kept["amount"].mean() * kept["score"].std() + corr))

    keys = [_SEPARATOR.join(names) for names in groupings[1:]]
    definition = DataDefinition(numerical_columns=["score", "amount"], categorical_columns=keys)
    dataset = Dataset.from_pandas(data, data_definition=definition)
    snapshot = Report([Ours(), *(GroupBy(Ours(), key) for key in keys)]).run(dataset, None)
    found: dict[str, list[list[Any]]] = {key: [] for key in ("", *keys)}
    for metric in snapshot.dict()["metrics"]:
        config = metric.get("config") or {}
        key, label = config.get("column_name", ""), config.get("label")
        found[key].append([*([] if label is None else label.split(_SEPARATOR)), metric["value"]])
    return list(found.values())


def in_whylogs(data: pd.DataFrame, groupings: list[list[str]]) -> Tables:
    """Profiles of the columns, segmented by each column."""
    import whylogs
    from whylogs.core.schema import DatasetSchema
    from whylogs.core.segmentation_partition import segment_on_column

    kept = data[data["score"] >= 0.1]
    numbers = ["score", "amount"]
    tables = [[[_of_profile(whylogs.log(kept[numbers]).view())]]]
    for names in groupings[1:]:
        key = _SEPARATOR.join(names)
        schema = DatasetSchema(segments=segment_on_column(key))
        results = whylogs.log(kept[[*numbers, key]], schema=schema)
        tables.append(
            [
                [*segment.key[0].split(_SEPARATOR), _of_profile(results.view(segment))]
                for segment in results.segments()
            ]
        )
    return tables


def _of_profile(view: Any) -> float:
    mean, deviation = (
        view.get_column(column).get_metric("distribution").to_summary_dict()[what]
        for column, what in (("amount", "mean"), ("score", "stddev"))
    )
    return float(mean * deviation)


if __name__ == "__main__":
    main()
