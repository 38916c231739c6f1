"""Trusted side: what a worker may ask, as small dataclasses with rebuilt plans; `parse` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import pyspark.sql.connect.proto as pb

ConfigKind = Literal["get", "get_with_default", "get_option", "get_all", "is_modifiable"]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Run a plan and return its rows."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class DefineView:
    """`createTempView` and `createOrReplaceTempView`; `name` is normalised."""

    name: str
    relation: pb.Relation
    replace: bool


@dataclass(frozen=True, slots=True)
class ViewExists:
    """`catalog.tableExists`; `name` is normalised."""

    name: str


@dataclass(frozen=True, slots=True)
class DropView:
    """`catalog.dropTempView`; `name` is normalised."""

    name: str


@dataclass(frozen=True, slots=True)
class RegisterFunction:
    """`spark.udf.register`: a function of the author, and its name."""

    function: pb.CommonInlineUserDefinedFunction


@dataclass(frozen=True, slots=True)
class RunSql:
    """`spark.sql`; make a relation of it with `sql_relation`.

    Attributes:
        query: the author's text, not yet checked: that needs the guest's views.
        positional: values of `?` markers.
        named: values of `:name` markers.
        inputs: DataFrames formatted into the text, by the name that PySpark gave each.
    """

    query: str
    positional: tuple[pb.Expression, ...]
    named: tuple[tuple[str, pb.Expression], ...]
    inputs: tuple[tuple[str, pb.Relation], ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """Describe the columns of a plan."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class TreeString:
    """Describe the columns of a plan as a tree; `level` levels, or all."""

    relation: pb.Relation
    level: int | None


@dataclass(frozen=True, slots=True)
class IsLocal:
    """`df.isLocal()`."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class IsStreaming:
    """`df.isStreaming`."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class SameSemantics:
    """`df.sameSemantics(other)`."""

    relation: pb.Relation
    other: pb.Relation


@dataclass(frozen=True, slots=True)
class SemanticHash:
    """`df.semanticHash()`."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class Persist:
    """`df.cache()`, `df.persist()`: accepted, and nothing is done."""


@dataclass(frozen=True, slots=True)
class Unpersist:
    """`df.unpersist()`: accepted, and nothing is done."""


@dataclass(frozen=True, slots=True)
class StorageLevel:
    """`df.storageLevel`: nothing is ever stored."""


@dataclass(frozen=True, slots=True)
class SparkVersion:
    """`spark.version`."""


@dataclass(frozen=True, slots=True)
class DdlParse:
    """Parse a type or schema; `text` is checked and re-emitted."""

    text: str


@dataclass(frozen=True, slots=True)
class JsonToDdl:
    """Write a JSON schema as DDL; `text` is checked and written anew."""

    text: str


@dataclass(frozen=True, slots=True)
class ConfigGet:
    """Read configuration.

    Attributes:
        kind: which of the protocol's ways to read: "get", "get_all" and their like.
        keys: keys, each with the caller's default, or None. For "get_all" the prefix, if any.
    """

    kind: ConfigKind
    keys: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ConfigSet:
    """Ask what follows under other settings; keys and values are not yet checked."""

    pairs: tuple[tuple[str, str], ...]


Request: TypeAlias = (
    Fetch
    | DefineView
    | ViewExists
    | DropView
    | RegisterFunction
    | RunSql
    | Schema
    | TreeString
    | IsLocal
    | IsStreaming
    | SameSemantics
    | SemanticHash
    | Persist
    | Unpersist
    | StorageLevel
    | SparkVersion
    | DdlParse
    | JsonToDdl
    | ConfigGet
    | ConfigSet
)
