"""A private folder (0700) for what the engine hands to a local backend; removed with the engine.

Tables are written once as Parquet, one file for each table and run. Links lead to files whose own names a
backend would misread; what they point at must be within its roots all the same.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import DataError

_PREFIX: Final = "calcmetric-spool-"


class Spool:
    """The folder. Thread-safe."""

    def __init__(self) -> None:
        _sweep(Path(tempfile.gettempdir()))
        lock = None
        while lock is None:  # an engine that starts at this very moment may sweep it before it is locked
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            lock = _try_lock(self.folder)
        self._finalize = weakref.finalize(self, _remove, self.folder, lock, os.getpid())

    def write(self, table: pa.Table, label: str) -> Path:
        """Write a table; return its file.

        Raises:
            DataError: a column has a type that Parquet cannot hold, or the disk is full.
        """
        try:
            return self.write_batches(table.schema, [table])
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{label} cannot be handed to the data engine: {error}") from None

    def write_batches(self, schema: pa.Schema, batches: Iterable[Any]) -> Path:
        """Write batches (or tables) of one schema; return the file.

        Raises:
            pa.ArrowException, OSError: they cannot be written; nothing is left.
        """
        path = self._new_path(".parquet")
        target = _plain_schema(schema)
        try:
            with pq.ParquetWriter(path, target) as writer:
                for batch in batches:
                    table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
                    writer.write_table(_cast(table, target))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def link(self, targets: Sequence[Path]) -> Path:
        """A new folder with one link for each target, in their order, under names that mean nothing."""
        folder = self._new_path("")
        folder.mkdir()
        for number, target in enumerate(targets):
            (folder / f"part-{number:06}{''.join(target.suffixes[-2:])}").symlink_to(target)
        return folder

    def remove(self, path: Path | None) -> None:
        """Remove what one of the other methods made. Never raises."""
        if path is not None:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder."""
        self._finalize()

    def _new_path(self, ending: str) -> Path:
        return self.folder / f"{uuid.uuid4().hex}{ending}"


def _remove(folder: Path, lock: int, owner: int) -> None:
    """Remove the folder; not from a forked child, which inherits finalizers and exits as well."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _try_lock(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; None if another holds it, or it is not ours."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _sweep(parent: Path) -> None:
    """Remove what processes left that were killed: their folders are locked by nobody."""
    for folder in parent.glob(f"{_PREFIX}*"):
        if (lock := _try_lock(folder)) is None:
            continue
        if os.fstat(lock).st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def plain_table(table: pa.Table, label: str) -> pa.Table:
    """A table in types that every backend reads.

    Raises:
        DataError: a value does not fit.
    """
    try:
        return _cast(table, _plain_schema(table.schema))
    except pa.ArrowException as error:
        raise DataError(f"{label} cannot be handed to the data engine: {error}") from None


def _cast(table: pa.Table, target: pa.Schema) -> pa.Table:
    return table.cast(target, safe=False)  # unsafe only in that nanoseconds are cut to microseconds


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Categories as their values (Sail cannot read them), microseconds (what Spark keeps), no metadata."""
    return pa.schema([pa.field(field.name, _plain_type(field.type), field.nullable) for field in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    return kind
