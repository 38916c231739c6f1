"""Relations that read a dataset, as protobuf. Pure; the trusted side makes them, guests never do.

A path may be a file, a folder (Hive partitions included) or a glob, with or without `file://`. Pass the
schema that the first analysis gave, so that inference (a pass over CSV or JSON) happens once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import pyspark.sql.connect.proto as pb

FileFormat = Literal["parquet", "csv", "json"]

_OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "parquet": {},
    "csv": {"header": "true"},
    "json": {},  # one object per line
}
_INFERRING: Final[Mapping[str, Mapping[str, str]]] = {"csv": {"inferSchema": "true"}}
_GLOB_CHARACTERS: Final = "\\*?[]{}"


def read_files(
    file_format: FileFormat,
    paths: Sequence[str],
    *,
    schema: str = "",
    options: Mapping[str, str] | None = None,
) -> pb.Relation:
    """A relation that reads files.

    Args:
        file_format: "json" means JSON lines; CSV files have a header line.
        paths: files, folders or globs; see `escape_glob` for names that are meant literally.
        schema: Spark's JSON or DDL text; the files tell if it is empty.
        options: of the data source, over those that the format has here.
    """
    chosen = dict(_OPTIONS[file_format])
    if not schema:
        chosen |= _INFERRING.get(file_format, {})
    source = pb.Read.DataSource(
        format=file_format, paths=paths, options={**chosen, **(options or {})}, schema=schema or None
    )
    return pb.Relation(read=pb.Read(data_source=source))


def read_table(name: str) -> pb.Relation:
    """A relation that reads a table of the backend's catalog by its name, qualified or not."""
    return pb.Relation(read=pb.Read(named_table=pb.Read.NamedTable(unparsed_identifier=name)))


def escape_glob(path: str) -> str:
    """The glob that matches exactly this path, for names that hold glob characters."""
    return "".join(f"\\{character}" if character in _GLOB_CHARACTERS else character for character in path)
