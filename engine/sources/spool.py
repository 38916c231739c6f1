"""A private folder (0700) for what the engine hands to a local backend; removed with the engine.

Tables are written once as Parquet, one file for each table and run. Links lead to files whose own names a
backend would misread; what they point at must be within its roots all the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
import uuid
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from engine.errors import BackendStartError

_PREFIX: Final = "calcmetric-spool-"
# What functions of the author may have in files at a time, for one run.
SCRATCH_BYTES: Final = 16 << 30


class Spool:
    """The folder. Thread-safe."""

    def __init__(self) -> None:
        """Make it.

        Raises:
            BackendStartError: there is no folder for temporary files that can be written.
        """
        lock = None
        try:
            _sweep(Path(tempfile.gettempdir()))
            while lock is None:  # an engine that starts at this very moment may sweep it before it is locked
                self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
                lock = _try_lock(self.folder)
        except OSError as error:
            raise BackendStartError(
                f"no temporary folder can be made ({error.strerror or error}); set the environment variable "
                "TMPDIR to a folder that this user may write to, on a disk with room"
            ) from None
        self._finalize = weakref.finalize(self, _remove, self.folder, lock, os.getpid())

    def write_batches(
        self, schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path | None = None
    ) -> Path:
        """Write batches of one schema; return the file.

        Args:
            schema: of types that every backend reads.
            batches: the rows.
            path: in a folder of `new_folder`; None: a file of its own.

        Raises:
            pa.ArrowException, OSError: they cannot be written; nothing is left.
        """
        path = path or self._new_path(".parquet")
        try:
            with pq.ParquetWriter(path, schema, write_statistics=_ordered_leaves(schema)) as writer:
                for batch in batches:
                    writer.write_batch(batch)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def open_scratch(self, stack: contextlib.ExitStack) -> Scratch:
        """A folder for rows that the engine made itself.

        Args:
            stack: is given its removal.

        Raises:
            OSError: there is no room.
        """
        folder = self.new_folder()
        stack.callback(self.remove, folder)
        return Scratch(folder)

    def new_folder(self) -> Path:
        """A new folder, empty."""
        folder = self._new_path("")
        folder.mkdir()
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


class ScratchFull(Exception):
    """One run's files have as many bytes as they may."""


class Scratch:
    """Makes files of rows, of so many bytes together at most. Thread-safe.

    Attributes:
        most_bytes: what all that are there may have, in Arrow's form.
    """

    def __init__(self, folder: Path, most_bytes: int = SCRATCH_BYTES) -> None:
        self.most_bytes = most_bytes
        self._folder = folder
        self._taken = 0
        self._lock = threading.Lock()

    def of_a_run(self) -> Scratch:
        """The same folder, and as many bytes again: what one run takes is missing to no other."""
        return Scratch(self._folder, self.most_bytes)

    def new_file(self, schema: pa.Schema) -> ScratchFile:
        """Begin a file.

        Raises:
            pa.ArrowException, OSError: it cannot be made.
        """
        return ScratchFile(self._folder / f"{uuid.uuid4().hex}.parquet", schema, self)

    def take(self, size: int) -> None:
        """Set bytes aside.

        Raises:
            ScratchFull: so many are not left.
        """
        with self._lock:
            if self._taken + size > self.most_bytes:
                raise ScratchFull
            self._taken += size

    def give(self, size: int) -> None:
        """They are free again."""
        with self._lock:
            self._taken -= size


class ScratchFile:
    """A file of rows that is read by the queries of one run, and then removed.

    Only days and instants have statistics, without which nobody knows whether they are read alike everywhere.

    Attributes:
        path: where the file is.
    """

    def __init__(self, path: Path, schema: pa.Schema, scratch: Scratch) -> None:
        self.path = path
        self._scratch = scratch
        self._size = 0
        dated = [one.name for one in schema if types.is_date(one.type) or types.is_timestamp(one.type)]
        texts = [one.name for one in schema if types.is_string(one.type)]
        self._writer = pq.ParquetWriter(
            path, schema, compression="none", use_dictionary=texts, write_statistics=dated
        )

    def write(self, table: pa.Table) -> None:
        """Append rows.

        Raises:
            ScratchFull: the run has too many bytes in files.
            pa.ArrowException, OSError: they cannot be written.
        """
        self._scratch.take(table.nbytes)
        self._size += table.nbytes
        self._writer.write_table(table)

    def finish(self) -> None:
        """All rows are there.

        Raises:
            pa.ArrowException, OSError: the end cannot be written.
        """
        self._writer.close()

    def remove(self) -> None:
        """Remove it, whether it is finished or not. Never raises."""
        with contextlib.suppress(pa.ArrowException, OSError, ValueError):
            self._writer.close()
        self.path.unlink(missing_ok=True)
        self._scratch.give(self._size)
        self._size = 0


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


def _ordered_leaves(schema: pa.Schema) -> list[str]:
    """The paths of all columns but floats: statistics cannot tell of NaN, and readers differ about that."""
    return [path for one in schema for path in _leaves(one.name, one.type)]


def _leaves(path: str, kind: Any) -> list[str]:
    if types.is_struct(kind):
        return [leaf for one in kind for leaf in _leaves(f"{path}.{one.name}", one.type)]
    if types.is_map(kind):
        key, value = _leaves(f"{path}.key_value.key", kind.key_type), f"{path}.key_value.value"
        return [*key, *_leaves(value, kind.item_type)]
    if types.is_list(kind):
        return _leaves(f"{path}.list.element", kind.value_type)
    return [] if types.is_floating(kind) else [path]
