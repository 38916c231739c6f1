"""Relations that read a dataset, as protobuf. Pure; the trusted side makes them, guests never do.

A path may be a file, a folder (Hive partitions included) or, on Spark, a glob. Pass the schema that the
first analysis gave, so that inference (a pass over CSV or JSON) happens once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

FileFormat = Literal["parquet", "csv", "json"]

_OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "parquet": {},
    "csv": {"header": "true"},
    "json": {},  # one object per line
}
_INFERRING: Final[Mapping[str, Mapping[str, str]]] = {"csv": {"inferSchema": "true"}}
# Plan ids of relations that the engine makes itself; a guest's own count up from 0.
_PLAN_ID: Final = 2**40


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
        paths: files or folders; on Spark also globs.
        schema: Spark's JSON or DDL text; the files tell if it is empty.
        options: of the data source, over those that the format has here.
    """
    chosen = dict(_OPTIONS[file_format])
    if not schema:
        chosen |= _INFERRING.get(file_format, {})
    source = pb.Read.DataSource(
        format=file_format, paths=paths, options={**chosen, **(options or {})}, schema=schema or None
    )
    return _identified(pb.Relation(read=pb.Read(data_source=source)))


def read_table(name: str) -> pb.Relation:
    """A relation that reads a table of the backend's catalog by its name, qualified or not."""
    return _identified(pb.Relation(read=pb.Read(named_table=pb.Read.NamedTable(unparsed_identifier=name))))


def read_inline(data: bytes) -> pb.Relation:
    """A relation that holds its rows itself, as an Arrow stream."""
    return _identified(pb.Relation(local_relation=pb.LocalRelation(data=data)))


def with_schema(relation: pb.Relation, schema: pb.DataType) -> pb.Relation:
    """A relation of `read_files` with its columns spelled out, so that nothing is inferred again."""
    spelled = pb.Relation()
    spelled.CopyFrom(relation)
    source = spelled.read.data_source
    source.schema = proto_schema_to_pyspark_data_type(schema).json()
    source.options.pop("inferSchema", None)
    return spelled


def _identified(relation: pb.Relation) -> pb.Relation:
    relation.common.plan_id = _PLAN_ID
    return relation
