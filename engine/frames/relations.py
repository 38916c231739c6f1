"""Relations that read a dataset, as protobuf. Pure; the trusted side makes them, guests never do.

A path may be a file, a folder (Hive partitions included) or, on Spark, a glob. Pass the schema that the
first analysis gave, so that inference (a pass over CSV or JSON) happens once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Final, Literal

import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

from engine.models.tables import TableName, Version
from engine.spark.plans.trees import walk

FileFormat = Literal["parquet", "csv", "json"]

_OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "parquet": {},
    "csv": {"header": "true"},
    "json": {},  # one object per line
}
_INFERRING: Final[Mapping[str, Mapping[str, str]]] = {"csv": {"inferSchema": "true"}}
# An option for DuckDB: all files have the same columns.
ALIKE: Final = "alike"
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


def read_table(name: str, version: Version | None = None) -> pb.Relation:
    """A relation that reads a table of the backend's catalog by its name, qualified or not.

    Args:
        name: of the table.
        version: which the catalog is asked for, as by `VERSION AS OF` or `TIMESTAMP AS OF`; None: the latest.
    """
    options = {}
    if isinstance(version, int):
        options = {"versionAsOf": str(version)}
    elif version is not None:
        options = {"timestampAsOf": version.astimezone(UTC).isoformat()}
    table = pb.Read.NamedTable(unparsed_identifier=name, options=options)
    return _identified(pb.Relation(read=pb.Read(named_table=table)))


def read_remote_table(table: TableName) -> pb.Relation:
    """A relation that reads a table by the reader that a cluster has for its format."""
    options = {}
    if isinstance(table.version, int):
        options = {"versionAsOf" if table.format == "delta" else "snapshot-id": str(table.version)}
    elif table.version is not None:
        millis = round(table.version.timestamp() * 1000)
        instant = table.version.astimezone(UTC).isoformat()
        options = {"timestampAsOf": instant} if table.format == "delta" else {"as-of-timestamp": str(millis)}
    source = pb.Read.DataSource(format=table.format, paths=[table.path], options=options)
    return _identified(pb.Relation(read=pb.Read(data_source=source)))


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


def unpruned(relation: pb.Relation, schema: pb.DataType, early: frozenset[str] = frozenset()) -> pb.Relation:
    """The same rows, of which none is passed over because of what files say of a column's values.

    Statistics of Parquet files leave NaN out, and zeros may have either sign in them; to Spark NaN is the
    largest number, so `x > 5` keeps rows of a row group whose largest number is said to be 3. And a condition
    on a day goes to the files through a calendar that lacks ten days of October 1582. Spark looks at the
    files where a condition names a column of theirs, so these columns get names of their own: NANVL(x, x) and
    COALESCE(d, d) are x and d, bit by bit, and no rule of the optimizer knows that. Conditions on other
    columns, time ranges above all, are still pushed down. Rejected: switching that off, which reads all of a
    file for one day of it.

    Args:
        relation: a dataset.
        schema: its type, a struct. Columns whose names mean several of its columns stay as they are.
        early: columns of it that may hold days or instants from before 1582-10-15, by name in lower case.
            Files that the engine does not see, those of a cluster, tell it of none.
    """
    if relation.HasField("local_relation") or relation.read.data_source.format in ("csv", "json"):
        return relation
    names = Counter(field.name.lower() for field in schema.struct.fields)
    renamed = [
        (field.name, function)
        for field in schema.struct.fields
        if (function := _identity(field, early)) and names[field.name.lower()] == 1
    ]
    if not renamed:
        return relation
    made = pb.Relation()
    made.common.plan_id = _PLAN_ID + 1
    made.with_columns.input.CopyFrom(relation)
    for name, function in renamed:
        alias = made.with_columns.aliases.add()
        alias.name.append(name)
        call = alias.expr.unresolved_function
        call.function_name = function
        for _ in range(2):
            quoted = "`" + name.replace("`", "``") + "`"
            call.arguments.add().unresolved_attribute.unparsed_identifier = quoted
    return made


def pinned(relation: pb.Relation) -> pb.Relation:
    """A frame's rows as they are in a session in UTC, whatever the time zone of the session that reads them.

    Instants, days and wall clocks are compared with literals of their own types, which mean the same in every
    session. But text of files, and folders that are named after moments, are read in the session's time zone
    unless the reader is told another one.
    """
    copy = pb.Relation()
    copy.CopyFrom(relation)
    for here in walk(copy):
        if isinstance(here, pb.Read.DataSource):
            here.options["timeZone"] = "UTC"
    return copy


def depends_on_settings(relation: pb.Relation) -> str:
    """What of a frame's rows may be other rows under other settings of a session; "" if nothing is."""
    for here in walk(relation):
        if isinstance(here, pb.Expression.ExpressionString):
            return "this segment is a condition in SQL"
        if isinstance(here, pb.Read.NamedTable):
            return "the data is a table of the data engine's catalog"
    return ""


def _identity(field: pb.DataType.StructField, early: frozenset[str]) -> str | None:
    """The function of a column twice that is the column; None if it may stay as it is."""
    kind = field.data_type.WhichOneof("kind")
    if kind in ("float", "double"):
        return "nanvl"
    dated = kind in ("date", "timestamp", "timestamp_ntz")
    return "coalesce" if dated and field.name.lower() in early else None


def _identified(relation: pb.Relation) -> pb.Relation:
    relation.common.plan_id = _PLAN_ID
    return relation
