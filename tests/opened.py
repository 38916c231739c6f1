"""A file as the engine reads it."""

from __future__ import annotations

from pathlib import Path

import pyspark.sql.connect.proto as pb

from engine.backends.native.files import scan_of
from engine.frames.relations import unpruned
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool
from engine.spark.native.translate import schema_of


def opened(path: Path) -> pb.Relation:
    """The relation that reads a Parquet file."""
    spool = Spool()
    source = resolve_source(path, roots=[path.parent], spool=spool)
    spool.close()
    return unpruned(source.relation, schema_of(source.relation, scan_of), source.early)
