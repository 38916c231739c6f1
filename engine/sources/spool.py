"""Tables handed over by the caller, written once as Parquet where a local backend can read them.

One folder for each engine, 0700, removed with it; one file for each table and run, removed with the run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import DataError

# Spark keeps microseconds; pandas has nanoseconds.
_TIMESTAMPS: Final = {"coerce_timestamps": "us", "allow_truncated_timestamps": True}


class Spool:
    """A private folder for tables in transit."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="calcmetric-spool-"))
        self._finalize = weakref.finalize(self, _remove, self.folder, os.getpid())

    def write(self, table: pa.Table) -> Path:
        """Write a table; return its file.

        Raises:
            DataError: a column has a type that Parquet cannot hold, or the disk is full.
        """
        return self.write_batches(table.schema, [table])

    def write_batches(self, schema: pa.Schema, batches: Iterable[Any]) -> Path:
        """Write batches (or tables) of one schema; see `write`."""
        path = self.folder / f"{uuid.uuid4().hex}.parquet"
        target = _plain_schema(schema)
        try:
            with pq.ParquetWriter(path, target, **_TIMESTAMPS) as writer:
                for batch in batches:
                    table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
                    writer.write_table(table.cast(target))
        except (pa.ArrowException, OSError) as error:
            path.unlink(missing_ok=True)
            raise DataError(f"the table cannot be handed to the data engine: {error}") from None
        return path

    def close(self) -> None:
        """Remove the folder."""
        self._finalize()


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder; not from a forked child, which inherits finalizers and exits as well."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Dictionary-encoded columns as their values (Sail cannot read them), and no metadata."""
    fields = []
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        fields.append(pa.field(field.name, kind, field.nullable))
    return pa.schema(fields)
