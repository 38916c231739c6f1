"""The queries that read a dataset's files in DuckDB."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlglot import exp

_READERS: Final = {"parquet": "READ_PARQUET", "csv": "READ_CSV", "json": "READ_JSON"}


def read_query(file_format: str, paths: Sequence[str], options: Mapping[str, str]) -> exp.Select:
    """All rows of files, or of folders with Hive partitions in their names.

    Args:
        file_format: "parquet", "csv" or "json".
        paths: files and folders.
        options: of the reader, as `engine.relations.read_files` has them.
    """
    return exp.select(exp.Star()).from_(_reader(file_format, paths, options))


def in_capitals(reading: exp.Select, names: Sequence[str]) -> exp.Query:
    """The same rows under names in capital letters, which is what unquoted names mean in Snowflake."""
    inner = reading.subquery(exp.to_identifier("_calcmetric_f", quoted=True))
    columns = [
        exp.alias_(exp.column(exp.to_identifier(name, quoted=True)), name.upper(), quoted=True)
        for name in names
    ]
    return exp.Select().from_(inner).select(*columns, copy=False)


def _reader(file_format: str, paths: Sequence[str], options: Mapping[str, str]) -> exp.Expression:
    """The table function that reads files; folders are read with the Hive partitions in their names."""
    names = [exp.Literal.string(file) for path in paths for file in _files(Path(path))]
    arguments: list[exp.Expression] = [exp.Array(expressions=names)]
    given: dict[str, exp.Expression] = {"union_by_name": exp.true()}
    if any(Path(path).is_dir() for path in paths):
        given["hive_partitioning"] = exp.true()
    if file_format == "csv":
        given |= {"header": exp.true(), "sample_size": exp.Literal.number(-1)}
        if "sep" in options:
            given["delim"] = exp.Literal.string(options["sep"])
    if file_format == "json":
        given |= {"format": exp.Literal.string("newline_delimited"), "sample_size": exp.Literal.number(-1)}
    arguments += [exp.EQ(this=exp.to_identifier(name), expression=value) for name, value in given.items()]
    return exp.Table(this=exp.Anonymous(this=_READERS[file_format], expressions=arguments))


def _files(path: Path) -> list[str]:
    """A file, or the files of a folder but for hidden ones."""
    if not path.is_dir():
        return [str(path)]
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name[0] not in "_.")
        found += [str(Path(folder) / name) for name in sorted(names) if name[0] not in "_."]
    return found
