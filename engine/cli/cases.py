"""Tests of metrics: what a metric gives on a few rows, in a TOML file beside it.

`churn.case.toml` is about `churn.py`:

    [data]
    rows = [{ label = 1, country = "DE" }, { label = 0, country = "FR" }]   # or: file = "payments.csv"

    [run]                          # optional; the texts are those of the command line's options
    by = ["country"]

    [[expect]]                     # the full data
    value = 0.5

    [[expect]]
    segment = "country = FR"       # as results call it
    value = 0.0
    tolerance = 1e-6               # else a billionth, relative to the value
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa

from engine.api import Engine
from engine.cli.values import parse_buckets, parse_cross, parse_where
from engine.errors import CalcmetricError, SourceRefused, UsageError
from engine.models.dataset import Dataset
from engine.models.durations import parse_duration
from engine.models.result import STATUSES, Result
from engine.models.segments import SegmentGroup
from engine.models.time_range import TimeRange
from engine.runs.options import RunOptions
from engine.wording import said
from sandbox.contract.limits import Limits

SUFFIX: Final = ".case.toml"
_TOLERANCE: Final = 1e-9
_TABLES: Final = frozenset({"metric", "data", "run", "expect"})
_DATA: Final = frozenset({"rows", "file", "timestamp", "retention"})
_RUN: Final = frozenset(
    {"by", "top", "buckets", "where", "cross", "from", "to", "last", "as_of", "every", "zone", "params"}
)
_COPIED: Final[tuple[Literal["as_of", "every", "params"], ...]] = ("as_of", "every", "params")
_EXPECT: Final[Mapping[str, tuple[type, ...]]] = {
    "segment": (str,),
    "window": (str,),
    "name": (str,),
    "value": (int, float),
    "status": (str,),
    "tolerance": (int, float),
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one result has to be.

    Attributes:
        segment: as results call it; "" for the full data.
        window: as results call it; "" for any.
        name: of a named value; None for a plain number.
        value: the number; None where only the status counts.
        status: of the result.
        tolerance: how far the number may be off.
    """

    segment: str
    window: str
    name: str | None
    value: float | None
    status: str
    tolerance: float

    def __str__(self) -> str:
        """Which result it is about."""
        parts = (self.segment or "all data", self.window, self.name)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a metric.

    Attributes:
        path: of the file that says it.
        metric: of the metric's source.
        dataset: the rows.
        options: of the run.
        expected: what its results have to be.
    """

    path: Path
    metric: Path
    dataset: Dataset
    options: RunOptions
    expected: tuple[Expectation, ...]


def find_cases(places: Sequence[Path]) -> tuple[Path, ...]:
    """The files of tests in folders and below them, and those that are named themselves; sorted."""
    found: set[Path] = set()
    for place in places:
        found.update(place.rglob(f"*{SUFFIX}") if place.is_dir() else [place])
    return tuple(sorted(found))


def read_case(path: Path) -> Case:
    """Read one test.

    Raises:
        UsageError: it is not as described above; all problems are told.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None
    problems = _unknown(table, _TABLES, "")
    metric = path.parent / table.get("metric", path.name.removesuffix(SUFFIX) + ".py")
    if not metric.is_file():
        problems.append(f"there is no metric {metric.name} next to it")
    dataset = _collect(problems, lambda: _read_data(table.get("data"), path.parent))
    options = _collect(problems, lambda: _read_options(table.get("run", {})))
    expected = table.get("expect", [])
    if not isinstance(expected, list) or not expected:
        problems.append("it expects nothing; add [[expect]] with a value or a status")
        expected = []
    read = [_collect(problems, lambda one=one: _read_expectation(one)) for one in expected]  # type: ignore[misc]
    if problems or dataset is None or options is None:
        raise UsageError(f"{path}: {'; '.join(problems)}")
    return Case(path, metric, dataset, options, tuple(one for one in read if one is not None))


def read_cases(paths: Sequence[Path]) -> tuple[Case, ...]:
    """Read several tests.

    Raises:
        UsageError: some are not as described above; the problems of all are told.
    """
    problems: list[str] = []
    read = [_collect(problems, lambda path=path: read_case(path)) for path in paths]  # type: ignore[misc]
    if problems:
        raise UsageError("\n".join(problems))
    return tuple(read)


def run_case(engine: Engine, case: Case) -> tuple[str, ...]:
    """Run a test; return what is not as it was expected, nothing if all is.

    Raises:
        UsageError, DataError: the data or the options make no sense.
    """
    try:
        run = engine.evaluate(case.metric.read_bytes(), case.dataset, **case.options)
    except SourceRefused as refused:
        return tuple(
            f"{case.metric.name}:{problem.line}: {problem.message}"
            for problem in refused.problems
            if problem.severity == "error"
        )
    return tuple(wrong for one in case.expected if (wrong := _compare(one, run.results)))


def _compare(expected: Expectation, results: Sequence[Result]) -> str:
    found = [result for result in results if _is_meant(expected, result)]
    if not found:
        known = sorted({str(result.frame.segment or "all data") for result in results})
        return f"{expected}: there is no such result; the results are {', '.join(known[:20])}"
    for result in found:
        if result.status != expected.status:
            why = f": {result.error.message}" if result.error else ""
            shown = f" ({result.value:g})" if result.status == "ok" else why
            return f"{expected}: expected {expected.status}, got {result.status}{shown}"
        wanted = expected.value
        if wanted is not None and not math.isnan(wanted) and abs(result.value - wanted) > expected.tolerance:
            return f"{expected}: expected {wanted!r}, got {result.value!r}"
    return ""


def _is_meant(expected: Expectation, result: Result) -> bool:
    frame = result.frame
    return (
        str(frame.segment or "") == expected.segment
        and expected.window in ("", str(frame.window or ""))
        and result.name == expected.name
    )


def _read_data(table: object, folder: Path) -> Dataset:
    if not isinstance(table, dict):
        raise UsageError("it has no [data] with rows or a file")
    _refuse(_unknown(table, _DATA, "data."))
    more = {name: table.get(name) for name in ("timestamp", "retention")}
    if ("rows" in table) == ("file" in table):
        raise UsageError("[data] takes rows or a file, not both")
    if "file" in table:
        file = folder / str(table["file"])
        if not file.is_file():
            raise UsageError(f"there is no file {table['file']!r} next to it")
        return Dataset(file, **more)
    rows = table["rows"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise UsageError("rows must be a list of at least one table, such as [{ x = 1 }]")
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        made = pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})
    except (pa.ArrowException, OverflowError, ValueError) as error:
        raise UsageError(f"rows: {error}") from None
    return Dataset(made, **more)


def _read_options(table: object) -> RunOptions:
    if not isinstance(table, dict):
        raise UsageError("[run] must be a table")
    _refuse(_unknown(table, _RUN, "run."))
    top = table.get("top", 100)
    named: dict[str, SegmentGroup] = {
        field: SegmentGroup.by_value(field, top=top) for field in _texts(table, "by")
    }
    groups = list(named.values())
    groups += [parse_buckets(text) for text in _texts(table, "buckets")]
    groups += [parse_where(text) for text in _texts(table, "where")]
    groups += [parse_cross(text, named, top) for text in _texts(table, "cross")]
    options = RunOptions(segments=groups, limits=Limits(), zone=table.get("zone", "UTC"))
    start, end, last = table.get("from"), table.get("to"), table.get("last")
    if last is not None:
        options["time"] = TimeRange(end=end, length=parse_duration(last, what="last"))
    elif start is not None or end is not None:
        options["time"] = TimeRange(start=start, end=end)
    for name in _COPIED:
        if name in table:
            options[name] = table[name]
    return options


def _read_expectation(table: object) -> Expectation:
    if not isinstance(table, dict):
        raise UsageError("[[expect]] must be a table")
    problems = _unknown(table, frozenset(_EXPECT), "expect.")
    for name, kinds in _EXPECT.items():
        value = table.get(name)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            problems.append(
                f"expect.{name} must be a {'text' if kinds == (str,) else 'number'}, not {value!r}"
            )
    if not {"value", "status"} & table.keys():
        problems.append("expect has neither a value nor a status")
    _refuse(problems)
    value = None if "value" not in table else float(table["value"])
    status = table.get("status", "nan" if value is not None and math.isnan(value) else "ok")
    if status not in STATUSES:
        raise UsageError(f"expect.status {status!r} is not one of {', '.join(STATUSES)}")
    least = _TOLERANCE * max(1.0, abs(value or 0.0))
    segment = table.get("segment", "")
    return Expectation(
        segment if segment != "all data" else "",
        table.get("window", ""),
        table.get("name"),
        value,
        status,
        float(table.get("tolerance", least)),
    )


def _texts(table: Mapping[str, Any], name: str) -> list[str]:
    value = table.get(name, [])
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"run.{name} must be a text or a list of texts")
    return texts


def _unknown(table: Mapping[str, object], known: frozenset[str], where: str) -> list[str]:
    return [f"{where}{name} is not known ({', '.join(sorted(known))})" for name in table if name not in known]


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise UsageError("; ".join(problems))


def _collect(problems: list[str], read: Callable[[], Any]) -> Any:
    """What is read, or None, with what is wrong with it added to the problems."""
    try:
        return read()
    except CalcmetricError as error:
        problems.append(said(error, "command"))  # whose options the file takes after
        return None
