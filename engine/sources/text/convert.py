"""Files of text become Parquet, once, in bounded memory: one file for each folder of partitions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from engine.models.text_options import TextOptions
from engine.sources.text.csvs import CsvFile, open_csv, read_csv
from engine.sources.text.json_columns import JsonStruct, json_schema, json_table, merge_json, type_of
from engine.sources.text.json_lines import read_json
from engine.sources.text.kinds import (
    NOTHING,
    TEXT,
    Column,
    TextColumnType,
    arrow_type,
    classify,
    convert,
    merge,
)
from engine.sources.text.problems import text_error
from engine.sources.text.stream import TextFile

# Text is compressed well enough, and fast; bounds of a group are written for nobody: backends disagree about
# what NaN does to them.
WRITING: Final[dict[str, Any]] = {"compression": "snappy", "write_statistics": False}
_ROWS_AT_ONCE: Final = 50_000
_TABLES_AT_ONCE: Final = 1_000
_PART: Final = "part-0.parquet"
_Check = Callable[[], None]
_T = TypeVar("_T")


class _Differs(Exception):
    """A value is of another type than its column was taken to be."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A file, and where each column of the result stands in it; None where it has none."""

    opened: CsvFile
    places: tuple[int | None, ...]


def convert_csv(files: Sequence[TextFile], options: TextOptions, target: Path, check: _Check) -> None:
    """Write the rows of CSV files as Parquet.

    Columns are united by name, in the order in which they come; what a file lacks is null in it. A column has
    the type that all its values in all files have.

    Args:
        files: to read; those of one folder of partitions one after the other.
        options: what the caller says of them.
        target: a folder to be filled, which is there.
        check: called now and then; what it raises ends the work.

    Raises:
        DataError: one of them cannot be read.
        OSError: the result cannot be written.
    """
    names, parts = _unite(files, options, check)
    if not parts:
        raise text_error("text-empty", files[0].name, None, "it has no lines, so it has no columns")

    def write(types: Sequence[TextColumnType]) -> None:
        fields = [pa.field(name, arrow_type(found)) for name, found in zip(names, types, strict=True)]
        schema = pa.schema(fields)
        tables = (
            (part.opened.file.folder, pa.table(_typed(columns, types), schema=schema))
            for part in parts
            for columns in _rows(part)
        )
        folders = [part.opened.file.folder for part in parts]
        _write(schema, folders, tables, target, check)

    _try_twice(write, _guess(names, parts), lambda: _find_types(names, parts, check), files[0].name)


def convert_json(files: Sequence[TextFile], options: TextOptions, target: Path, check: _Check) -> None:
    """Write the rows of files of JSON lines as Parquet; arguments and errors as for `convert_csv`."""

    def find() -> JsonStruct:
        found = JsonStruct()
        for file in files:
            for rows in read_json(file, options.encoding):
                check()
                found = _united(found, type_of(rows))
        if not found.fields:
            raise text_error(
                "text-empty", files[0].name, None, "it has no line with a value, so it has no columns"
            )
        return found

    def tables(kind: JsonStruct) -> Iterator[tuple[str, pa.Table]]:
        for file in files:
            for rows in read_json(file, options.encoding):
                if _united(kind, type_of(rows)) != kind:
                    raise _Differs
                yield file.folder, json_table(rows, kind)

    def write(kind: JsonStruct) -> None:
        if not kind.fields:
            raise _Differs
        _write(json_schema(kind), [file.folder for file in files], tables(kind), target, check)

    with closing(read_json(files[0], options.encoding)) as beginning:
        first = next(beginning, None)
    _try_twice(write, JsonStruct() if first is None else type_of(first), find, files[0].name)


def _united(first: JsonStruct, second: JsonStruct) -> JsonStruct:
    both = merge_json(first, second)
    assert isinstance(both, JsonStruct)
    return both


def _try_twice(write: Callable[[_T], None], guess: _T, find: Callable[[], _T], name: str) -> None:
    """Write as the first rows are, and if others differ, as all rows are."""
    try:
        write(guess)
    except _Differs:
        try:
            write(find())
        except _Differs:
            raise text_error(
                "text-changed", name, None, "it changed while it was read", "try again"
            ) from None


def _unite(
    files: Sequence[TextFile], options: TextOptions, check: _Check
) -> tuple[tuple[str, ...], list[_Part]]:
    """All columns of all files, and where they stand in each; names differ by more than capital letters."""
    names: dict[str, str] = {}
    opened = []
    for file in files:
        check()
        found = open_csv(file, options)
        if found is not None:
            opened.append(found)
            for name in found.dialect.names:
                names.setdefault(name.lower(), name)
    parts = []
    for one in opened:
        places = {name.lower(): place for place, name in enumerate(one.dialect.names)}
        parts.append(_Part(one, tuple(places.get(key) for key in names)))
    return tuple(names.values()), parts


def _guess(names: Sequence[str], parts: Sequence[_Part]) -> list[TextColumnType]:
    """The types of the columns in the first rows."""
    with closing(_rows(parts[0])) as rows:
        table = next(rows, None)
    return [NOTHING] * len(names) if table is None else [classify(column) for column in table]


def _find_types(names: Sequence[str], parts: Sequence[_Part], check: _Check) -> list[TextColumnType]:
    """The types of the columns in all rows."""
    types = [NOTHING] * len(names)
    for part in parts:
        for table in _rows(part):
            check()
            types = [
                found if found == TEXT else merge(found, classify(column))
                for found, column in zip(types, table, strict=True)
            ]
    return types


def _write(
    schema: pa.Schema,
    folders: Sequence[str],
    tables: Iterator[tuple[str, pa.Table]],
    target: Path,
    check: _Check,
) -> None:
    """Write a file for each folder of partitions, with rows or without; tables come by folder."""
    for folder in dict.fromkeys(folders):
        (target / folder).mkdir(parents=True, exist_ok=True)
    left = dict.fromkeys(folders)
    for folder, group in groupby(tables, key=lambda made: made[0]):
        left.pop(folder)
        with pq.ParquetWriter(target / folder / _PART, schema, **WRITING) as writer:
            for table in _gathered(group, check):
                writer.write_table(table)
    for folder in left:
        pq.write_table(schema.empty_table(), target / folder / _PART)


def _gathered(tables: Iterator[tuple[str, pa.Table]], check: _Check) -> Iterator[pa.Table]:
    """Tables of many rows out of tables that may have few, as many files have: each is a group of its own."""
    held: list[pa.Table] = []
    for _, table in tables:
        check()
        held.append(table)
        if sum(one.num_rows for one in held) >= _ROWS_AT_ONCE or len(held) == _TABLES_AT_ONCE:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _typed(columns: Sequence[Column], types: Sequence[TextColumnType]) -> list[Column]:
    made = []
    for column, found in zip(columns, types, strict=True):
        values = convert(column, found)
        if values is None:
            raise _Differs
        made.append(values)
    return made


def _rows(part: _Part) -> Generator[list[Column], None, None]:
    """The columns of a file's rows as text, some rows at a time, in the order of the result."""
    for table in read_csv(part.opened):
        yield [
            pa.nulls(table.num_rows, pa.string()) if place is None else table.column(place)
            for place in part.places
        ]
