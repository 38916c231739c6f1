"""Files of text on DuckDB, through the engine: the numbers, nested values, and errors in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine import Dataset, Engine
from engine.errors import DataError
from tests.snowflake.metrics.support import metric


def value(engine: Engine, body: str, source: object, **options: Any) -> float:
    result = engine.evaluate(metric(f"return {body}"), Dataset(source, **options)).overall
    assert result.status == "ok", result.error
    return float(result.value)


@pytest.fixture
def folder(data_dir: Path, request: pytest.FixtureRequest) -> Path:
    made: Path = data_dir / "text" / request.node.name
    made.mkdir(parents=True)
    return made


def test_files_of_other_orders_and_columns_add_up(snow_engine: Engine, folder: Path) -> None:
    (folder / "a.csv").write_text("x,y\n1,10\n2,20\n")
    (folder / "b.csv").write_text("y;z;x\n30;9;3\n40;9;4\n")
    assert value(snow_engine, "df.agg(F.sum('X')).collect()[0][0]", folder) == 10
    assert value(snow_engine, "df.agg(F.sum('Y')).collect()[0][0]", folder) == 100
    paths = [folder / "a.csv", folder / "b.csv"]
    assert value(snow_engine, "df.agg(F.count('Z')).collect()[0][0]", paths) == 2


def test_quotes_and_line_breaks_are_pandas_own(snow_engine: Engine, folder: Path) -> None:
    frame = pd.DataFrame({"note": ["plain", 'he said "no",\ntwice'], "x": [1, 2]})
    frame.to_csv(folder / "q.csv", index=False, sep=";", encoding="utf-16")
    assert value(snow_engine, "df.count()", folder / "q.csv") == 2
    assert value(snow_engine, "df.agg(F.max(F.length('NOTE'))).collect()[0][0]", folder / "q.csv") == 19
    (folder / "l.csv").write_bytes("note|x\n'M|nchen'|1\n".replace("M|", "M|ü").encode("cp1252"))
    options = {"separator": "|", "encoding": "cp1252", "quote": "'", "header": True}
    assert (
        value(snow_engine, "df.agg(F.max(F.length('NOTE'))).collect()[0][0]", folder / "l.csv", **options)
        == 8
    )


@pytest.mark.parametrize(
    "lines", ['{"x":1,"v":["a"]}\n{"x":2,"v":[]}\n', '{"x":1,"v":{"a":[{"b":1}]}}\n{"x":2,"v":null}\n']
)
def test_lists_and_objects_do_not_stop_a_metric(snow_engine: Engine, folder: Path, lines: str) -> None:
    (folder / "n.json").write_text(lines)
    assert value(snow_engine, "df.count()", folder / "n.json") == 2
    assert value(snow_engine, "df.agg(F.sum('X')).collect()[0][0]", folder / "n.json") == 3


def test_what_cannot_be_read_is_a_data_error(snow_engine: Engine, folder: Path) -> None:
    for name, text, words in (
        ("r.csv", "x,g\n1,a\n2\n", r"'r\.csv', line 3"),
        ("a.json", '[{"x":1}]', r"'a\.json', line 1"),
        ("h.csv", "1,2\n3,4\n", "header="),
    ):
        (folder / name).write_text(text)
        with pytest.raises(DataError, match=words):
            snow_engine.evaluate(metric("return df.count()"), Dataset(folder / name))
