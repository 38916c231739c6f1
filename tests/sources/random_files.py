"""Folders of files at random, what is asked of them, and the answers, worked out from the rows themselves.

`python -m tests.sources.random_files BACKEND --minutes 60 [--seed 1]` asks for as long as that, and prints
the seed of what came out otherwise; its exit status is then 1.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import functools
import json
import math
import random
import shutil
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa

from engine import Dataset, Engine, Result, Run, SegmentGroup, TimeRange
from engine.errors import CalcmetricError
from engine.models.frame import Segment
from tests.sources.random_rows import NAMES, ODD, Row, Rows
from tests.sources.writers import ARROW, PARQUET, PYARROW

Filter: TypeAlias = tuple[str, Callable[[Sequence[Row]], int]]

_REFORM: Final = dt.date(1582, 10, 15)
_LEAP: Final = dt.date(2024, 2, 29)
_BETWEEN: Final = dt.date(1582, 10, 10)
# What a time range of a run takes, and what it leaves out.
_SPAN: Final = TimeRange("1582-10-10T12:00:00Z", "2024-02-29T23:00:00Z")
_SPAN_START: Final = dt.datetime(1582, 10, 10, 12)
_SPAN_END: Final = dt.datetime(2024, 2, 29, 23)
_EDGES: Final = (-10, 0, 50)
_BUCKETS: Final = ("(-inf,-10)", "[-10,0)", "[0,50)", "[50,inf)")


@dataclass(frozen=True)
class Question:
    """Something to ask of a frame.

    Attributes:
        text: a column, of PySpark's as of Snowpark's, that answers it.
        answer: the same of rows.
    """

    text: str
    answer: Callable[[Sequence[Row]], Any]


def _count(condition: str, holds: Callable[[Row], bool | None]) -> Question:
    """How many rows a condition holds for."""
    text = f"F.sum(F.when({condition}, F.lit(1)).otherwise(F.lit(0)))"
    return Question(text, lambda rows: sum(1 for row in rows if holds(row) is True) if rows else None)


def _sum(text: str, name: str, measure: Callable[[Any], float | Decimal]) -> Question:
    """The sum of something over the values of a column; None if it has none."""
    return Question(text, lambda rows: sum(map(measure, known)) if (known := _values(rows, name)) else None)


def _least(name: str) -> Question:
    return Question(
        f"F.min('{name}')", lambda rows: min(map(float, _values(rows, name)), key=_order, default=None)
    )


def _greatest(name: str) -> Question:
    return Question(
        f"F.max('{name}')", lambda rows: max(map(float, _values(rows, name)), key=_order, default=None)
    )


def _distinct(name: str) -> Question:
    return Question(
        f"F.count_distinct(F.col('{name}'))", lambda rows: len({_member(one) for one in _values(rows, name)})
    )


def _year(which: str, name: str) -> Question:
    pick = {"min": min, "max": max}[which]
    return Question(
        f"F.year(F.{which}('{name}'))",
        lambda rows: pick((one.year for one in _values(rows, name)), default=None),
    )


def _known(name: str, holds: Callable[[Any], bool]) -> Callable[[Row], bool]:
    return lambda row: row[name] is not None and holds(row[name])


def _order(value: float) -> tuple[bool, float]:
    """NaN is greater than everything."""
    return (math.isnan(value), 0.0 if math.isnan(value) else value)


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None]


def _known_in(name: str, rows: Sequence[Row]) -> int:
    return len(_values(rows, name))


QUESTIONS: Final = (
    Question("F.count(F.lit(1))", len),
    *(Question(f"F.count('{name}')", functools.partial(_known_in, name)) for name in NAMES),
    _sum("F.sum('n')", "n", int),
    _sum("F.sum(F.col('n') * F.lit(2))", "n", lambda one: 2 * one),
    _sum("F.sum('m')", "m", Decimal),
    _sum("F.sum(F.dayofmonth('d'))", "d", lambda one: one.day),
    _sum("F.sum(F.minute('t'))", "t", lambda one: one.minute),
    _sum("F.sum(F.length('s'))", "s", len),
    *(make(name) for name in ("n", "x", "m") for make in (_least, _greatest)),
    *(_year(which, name) for name in ("d", "t") for which in ("min", "max")),
    *map(_distinct, ("s", "d", "x", "t", "b")),
    _count("F.col('n') > 5", _known("n", lambda value: value > 5)),
    _count("F.col('n') == 0", _known("n", lambda value: value == 0)),
    _count("F.col('x') > 0.25", _known("x", lambda value: _order(value) > _order(0.25))),
    _count("F.col('x') <= 0.0", _known("x", lambda value: _order(value) <= (False, 0.0))),
    _count("F.col('x') == 0.0", _known("x", lambda value: value == 0)),
    _count("F.col('s') == F.lit('b')", _known("s", lambda value: value == "b")),
    _count("F.col('s').isin(['', 'é'])", _known("s", lambda value: value in ("", "é"))),
    _count("F.col('b')", _known("b", lambda value: value)),
    _count("F.col('d') < F.to_date(F.lit('1582-10-15'))", _known("d", lambda value: value < _REFORM)),
    _count("F.col('d') >= F.to_date(F.lit('9999-12-31'))", _known("d", lambda value: value.year == 9999)),
    _count("F.col('d') == F.to_date(F.lit('2024-02-29'))", _known("d", lambda value: value == _LEAP)),
)  # fmt: skip


def _counted(name: str, holds: Callable[[Any], bool]) -> Callable[[Sequence[Row]], int]:
    return lambda rows: sum(1 for one in _values(rows, name) if holds(one))


def _both(rows: Sequence[Row]) -> int:
    return sum(1 for row in rows if row["b"] and row["n"] is not None and row["n"] > 0)


# Whole filters, which a backend may push into its files: condition for both, and what it means.
FILTERS: Final[tuple[Filter, ...]] = (
    ("F.col('x') > F.lit(0.25)", _counted("x", lambda one: _order(one) > _order(0.25))),
    ("F.col('x') < F.lit(0.0)", _counted("x", lambda one: one < 0)),
    ("F.col('x') != F.lit(0.5)", _counted("x", lambda one: one != 0.5)),
    ("F.col('n') >= F.lit(100)", _counted("n", lambda one: one >= 100)),
    ("F.col('n').isin([7, -128])", _counted("n", lambda one: one in (7, -128))),
    ("F.col('d') < F.to_date(F.lit('1582-10-15'))", _counted("d", lambda one: one < _REFORM)),
    ("F.col('d') == F.to_date(F.lit('1582-10-10'))", _counted("d", lambda one: one == _BETWEEN)),
    ("F.col('d') > F.to_date(F.lit('2024-01-01'))", _counted("d", lambda one: one >= _LEAP)),
    ("F.col('s') == F.lit('a')", _counted("s", lambda one: one == "a")),
    ("F.col('s') > F.lit('ab')", _counted("s", lambda one: one > "ab")),
    ("F.col('m') < F.lit(0)", _counted("m", lambda one: one < 0)),
    ("F.col('b') & (F.col('n') > F.lit(0))", _both),
    ("F.col('l').isNull()", lambda rows: len(rows) - len(_values(rows, "l"))),
    ("F.col('o').isNotNull()", lambda rows: len(_values(rows, "o"))),
)  # fmt: skip

# What PySpark asks of arrays, structs and maps; Snowpark's local engine hands them over as JSON, which is
# printed, and summed up here.
_NESTED: Final = """
    row = df.agg(
        F.sum('o.a'),
        F.sum(F.when(F.col('l').isNotNull(), F.size('l'))),
        F.sum(F.aggregate('l', F.lit(0).cast('long'), lambda sum, one: sum + F.coalesce(one, F.lit(0)))),
        F.sum(F.try_element_at('k', F.lit('b'))),
        F.count(F.when(F.col('o.b') == 'x', 1)),
    ).collect()[0]
    for value in row:
        print(0.0 if value is None else float(value))
"""
_NESTED_AS_JSON: Final = """
    for name in ('o', 'l', 'k'):
        found = {}
        for row in df.select(name).collect():
            found[row[0] or ''] = found.get(row[0] or '', 0) + 1
        print(repr(found))
"""
_NESTED_TEXTS: Final = ("sum of o.a", "size of l", "sum of l", "sum of k['b']", "count of o.b = 'x'")


def _sums(structs: Sequence[Any], lists: Sequence[Any], maps: Sequence[Any]) -> list[float]:
    return [
        sum(one["a"] or 0 for one in structs),
        sum(map(len, lists)),
        sum(one or 0 for values in lists for one in values),
        sum(one.get("b") or 0 for one in maps),
        sum(one["b"] == "x" for one in structs),
    ]


def _sums_of_json(lines: Sequence[str]) -> list[str]:
    counted = [ast.literal_eval(line) for line in lines]
    values = [[json.loads(text) for text in one for _ in range(one[text]) if text] for one in counted]
    return [repr(float(value)) for value in _sums(*values)]


def source_of(backend: str, filters: Sequence[Filter]) -> str:
    """A metric that prints the answers to all questions, and how many rows pass these filters."""
    module = "snowflake.snowpark" if backend == "duckdb" else "pyspark.sql"
    texts = [one.text for one in QUESTIONS]
    columns = ",\n        ".join(f"({text}).alias('A{place}')" for place, text in enumerate(texts))
    counts = "".join(f"    print(repr(float(df.filter({text}).count())))\n" for text, _ in filters)
    return (
        f"from {module} import functions as F\n\n\n"
        f"def calc_metric(df):\n    row = df.agg(\n        {columns}\n"
        "    ).collect()[0]\n    for value in row:\n"
        "        print(None if value is None else repr(float(value) + 0.0))\n"
        f"{counts}{_NESTED_AS_JSON if backend == 'duckdb' else _NESTED}    return df.count()\n"
    )


def expected(rows: Sequence[Row], filters: Sequence[Filter]) -> list[str]:
    """What the metric prints for these rows; -0.0 is 0.0."""
    found = [one.answer(rows) for one in QUESTIONS]
    found += [answer(rows) for _, answer in filters]
    found += _sums(_values(rows, "o"), _values(rows, "l"), list(map(dict, _values(rows, "k"))))
    return [str(None) if value is None else repr(float(value) + 0.0) for value in found]


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes:
        source: of a dataset.
        rows: that it has.
    """

    source: Any
    rows: list[Row]


def write_folder(folder: Path, chance: random.Random) -> Made:
    """Write some files; give what to read, and the rows that it has."""
    drawn = Rows(chance)
    kind = chance.choices(("parquet", "arrow", "table"), (16, 3, 1))[0]
    names = list(NAMES)
    parts: tuple[str, ...] = ()
    if kind == "parquet" and chance.random() < 0.35:
        parts = tuple(chance.sample(("g", "n", "d"), chance.choice((1, 1, 2))))
        names = [name for name in NAMES if name not in parts]
    odd = chance.choice(ODD)
    rows: list[Row] = []
    tables: list[Any] = []
    for number in range(1 if kind == "table" else chance.choice((1, 1, 2, 3, 5))):
        own = drawn.draw(chance.choice((0, 1, 3, 40)))
        place = _partition(parts, own, drawn, typed=not number)
        writer = ARROW if kind == "arrow" else chance.choice(PARQUET)
        columns = {}
        for name in chance.sample(names, len(names)):
            empty = chance.random() < 0.1
            for row in own if empty else ():
                row[name] = None
            column = pa.chunked_array([drawn.array(name, own, may_lack_type=bool(number) and empty)])
            if number and (chance.random() < 0.1 or not writer.keeps(column)):
                for row in own:
                    row[name] = None
            else:
                columns[name.upper() if number and chance.random() < 0.3 else name] = column
        if chance.random() < 0.2:
            columns["odd"] = pa.chunked_array([pa.nulls(len(own), odd)])
        if not columns:
            columns["b"] = pa.chunked_array([pa.nulls(len(own))])
        if not all(map(writer.keeps, columns.values())):
            writer = PYARROW
        tables.append(pa.table(columns))
        rows += own
        if kind == "table":
            break
        path = folder.joinpath(*place, f"{number}.{kind}")
        path.parent.mkdir(parents=True, exist_ok=True)
        writer.write(path, tables[-1], chance, drawn.instants)
    if kind == "table":
        return Made(tables[0], rows)
    files = sorted(folder.rglob(f"*.{kind}"))
    listed = not parts and chance.random() < 0.3
    return Made(chance.sample(files, len(files)) if listed else folder, rows)


def _partition(parts: Sequence[str], rows: list[Row], drawn: Rows, *, typed: bool) -> list[str]:
    """Names of folders for a file, whose rows get their values; `typed`: none of them is null.

    A partition column of nulls alone is text, of which no question about numbers and days is asked.
    """
    [decides] = drawn.draw(1)
    while typed and any(decides[name] is None for name in parts):
        [decides] = drawn.draw(1)
    for row in rows:
        row |= {name: decides[name] for name in parts}
    values = ["__HIVE_DEFAULT_PARTITION__" if decides[name] is None else str(decides[name]) for name in parts]
    return [f"{name}={value}" for name, value in zip(parts, values, strict=True)]


def ask(engine: Engine, backend: str, made: Made, chance: random.Random) -> list[str]:
    """What came out otherwise, fused or not, in words; nothing if all is well."""
    groups = {
        "g": SegmentGroup.by_value("g"),
        "high": SegmentGroup.where("high", "x > 0.25"),
        "n": SegmentGroup.by_buckets("n", _EDGES, outer=True),
    }
    extra = chance.choice(("d", "b", "x", "s", None, None))
    if extra is not None:
        groups[extra] = SegmentGroup.by_value(extra)
    filters = chance.sample(FILTERS, 4)
    timed = chance.random() < 0.3
    dataset = Dataset(made.source, timestamp="t" if timed else None)
    whole = [
        row
        for row in made.rows
        if not timed or (row["t"] is not None and _SPAN_START <= row["t"] < _SPAN_END)
    ]
    wrong = []
    for fuse in (True, False):
        run: Run = engine.evaluate(
            source_of(backend, filters),
            dataset,
            segments=list(groups.values()),
            time=_SPAN if timed else None,
            fuse=fuse,
        )
        members = [{_member(row[name]) for row in whole} for name in ("g", extra) if name is not None]
        frames = 1 + 1 + len(_EDGES) + 1 + sum(map(len, members))
        if len(run.results) != frames:
            wrong.append(f"fuse={fuse}: {len(run.results)} frames, not {frames}")
        for one in run.results:
            own = _rows_of(one.frame.segment, whole)
            wrong += [
                f"fuse={fuse}, {one.frame.segment}: {text}"
                for text in _differences(backend, filters, one, own)
            ]
    return wrong


def _rows_of(segment: Segment | None, rows: list[Row]) -> list[Row]:
    """The rows of a frame."""
    if segment is None:
        return rows
    if segment.type == "where":
        return [row for row in rows if row["x"] is not None and _order(row["x"]) > _order(0.25)]
    name = str(segment.group)
    if segment.type == "bucket":
        numbers = [row for row in rows if row[name] is not None]
        return [row for row in numbers if _BUCKETS[bisect_right(_EDGES, row[name])] == segment.value]
    return [row for row in rows if _member(row[name]) == _member(segment.value)]


def _member(value: Any) -> Any:
    """A value that is equal to others of its segment: NaN to itself, and -0.0 to 0.0."""
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def _differences(backend: str, filters: Sequence[Filter], result: Result, rows: list[Row]) -> Iterator[str]:
    """What is wrong with the result of a frame that has these rows."""
    if (result.status, result.value, result.rows) != ("ok", float(len(rows)), len(rows)):
        yield f"{result.status} {result.value} of {len(rows)} rows: {result.error or result.excuse}"
        return
    texts = [*(one.text for one in QUESTIONS), *(text for text, _ in filters)]
    printed = result.printed.splitlines()
    if backend == "duckdb":
        printed[len(texts) :] = _sums_of_json(printed[len(texts) :])
    for text, want, got in zip((*texts, *_NESTED_TEXTS), expected(rows, filters), printed, strict=True):
        if want != got:
            yield f"{text}: {want}, got {got}"


def main() -> int:
    """Ask for a while."""
    parser = argparse.ArgumentParser(prog="python -m tests.sources.random_files")
    parser.add_argument("backend", choices=("duckdb", "spark"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    until, seed, found = time.monotonic() + options.minutes * 60, options.seed, 0
    with tempfile.TemporaryDirectory() as root, Engine(options.backend, roots=(root,)) as engine:
        while time.monotonic() < until:
            chance, folder = random.Random(seed), Path(root, str(seed))
            folder.mkdir()
            made = write_folder(folder, chance)
            try:
                wrong = ask(engine, options.backend, made, chance)
            except CalcmetricError as error:
                wrong = [f"{type(error).__name__}: {error}"]
            shutil.rmtree(folder)
            found += bool(wrong)
            print(*(f"seed {seed}: {one}" for one in wrong), sep="\n", end="\n" if wrong else "", flush=True)
            seed += 1
    print(f"{seed - options.seed} folders, {found} of them read wrongly")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
