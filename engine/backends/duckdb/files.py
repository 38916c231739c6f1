"""The queries that read a dataset's files in DuckDB."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote

from sqlglot import exp

from engine.frames.relations import ALIKE

_READERS: Final = {"parquet": "READ_PARQUET", "csv": "READ_CSV", "json": "READ_JSON"}
# Spark's names of types -> DuckDB's; decimals have the same in both.
_TYPES: Final = MappingProxyType(
    {
        "boolean": "BOOLEAN",
        "byte": "TINYINT",
        "short": "SMALLINT",
        "integer": "INTEGER",
        "long": "BIGINT",
        "float": "FLOAT",
        "double": "DOUBLE",
        "string": "VARCHAR",
        "binary": "BLOB",
        "date": "DATE",
        "time(6)": "TIME",
        "timestamp": "TIMESTAMPTZ",
        "timestamp_ntz": "TIMESTAMP",
    }
)


def read_query(file_format: str, paths: Sequence[str], options: Mapping[str, str], schema: str) -> exp.Select:
    """All rows of files, or of folders with Hive partitions in their names.

    Args:
        file_format: "parquet", "csv" or "json".
        paths: files and folders.
        options: of the reader, as `engine.frames.relations.read_files` has them.
        schema: the columns, in Spark's JSON; DuckDB's own guess if it is empty.
    """
    reading = _reader(file_format, paths, options, guess=not schema)
    if not schema:
        return exp.select(exp.Star()).from_(reading)
    in_folders = {unquote(name): name for path in paths for name in _folder_columns(Path(path))}
    columns = [_column(one, in_folders) for one in json.loads(schema)["fields"]]
    return exp.Select().select(*columns, copy=False).from_(reading)


# Arithmetic in these overflows where Snowflake's NUMBER(38, 0) does not.
_WIDER: Final = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"), "BIGINT"),
    "UBIGINT": "INT128",
}


def in_capitals(reading: exp.Select, columns: Mapping[str, str]) -> exp.Query:
    """The same rows under names in capital letters, which is what unquoted names mean in Snowflake.

    Args:
        reading: the rows.
        columns: name -> DuckDB's name of its type; narrow whole numbers become wide ones.
    """
    inner = reading.subquery(exp.to_identifier("_calcmetric_f", quoted=True))
    selected = [
        exp.alias_(_wide(exp.column(exp.to_identifier(name, quoted=True)), kind), name.upper(), quoted=True)
        for name, kind in columns.items()
    ]
    return exp.Select().from_(inner).select(*selected, copy=False)


def _wide(column: exp.Expr, kind: str) -> exp.Expr:
    return exp.cast(column, _WIDER[kind]) if kind in _WIDER else column


def _column(one: Mapping[str, Any], in_folders: Mapping[str, str]) -> exp.Expr:
    """A column as the type that it has; a cast to the type that the file has costs nothing."""
    name, kind = one["name"], one["type"]
    column: exp.Expr = exp.column(exp.to_identifier(in_folders.get(name, name), quoted=True))
    if isinstance(kind, str):  # nested values become JSON text, in which the types of files look alike
        text = _TYPES.get(kind) or kind.upper()
        column = exp.Cast(this=column, to=exp.DataType.build(text, dialect="duckdb"))
    return exp.alias_(column, name, quoted=True)


def _reader(file_format: str, paths: Sequence[str], options: Mapping[str, str], *, guess: bool) -> exp.Expr:
    """The table function that reads files; folders are read with the Hive partitions in their names."""
    names = [exp.Literal.string(file) for path in paths for file in _files(Path(path))]
    arguments: list[exp.Expr] = [exp.Array(expressions=names)]
    given: dict[str, exp.Expr] = {"union_by_name": exp.false() if ALIKE in options else exp.true()}
    given["hive_partitioning"] = exp.true() if any(Path(path).is_dir() for path in paths) else exp.false()
    if not guess:
        given["hive_types_autocast"] = exp.false()
    if file_format == "csv":
        given |= {"header": exp.true(), "sample_size": exp.Literal.number(-1)}
        if "sep" in options:
            given["delim"] = exp.Literal.string(options["sep"])
    if file_format == "json":
        given |= {"format": exp.Literal.string("newline_delimited"), "sample_size": exp.Literal.number(-1)}
    arguments += [exp.EQ(this=exp.to_identifier(name), expression=value) for name, value in given.items()]
    return exp.Table(this=exp.Anonymous(this=_READERS[file_format], expressions=arguments))


def _folder_columns(path: Path) -> list[str]:
    """The names of the columns in the names of folders, as they are written there: those of any one file."""
    found = []
    while path.is_dir():
        folders = [one for one in path.iterdir() if "=" in one.name]
        if not folders:
            break
        path = folders[0]
        found.append(path.name.partition("=")[0])
    return found


def _files(path: Path) -> list[str]:
    """A file, or the files of a folder but for hidden ones."""
    if not path.is_dir():
        return [str(path)]
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name[0] not in "_." or "=" in name)
        found += [str(Path(folder) / name) for name in sorted(names) if name[0] not in "_."]
    return found
