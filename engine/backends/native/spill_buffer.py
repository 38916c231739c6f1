"""Answers that are held whole before anything of them is passed on: small ones in memory, others in a file.

The file has no name any more once it is whole, and its pages are the system's to drop, so that an answer of a
gigabyte takes as little of a process's memory as one of a few megabytes.
"""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa

_IN_MEMORY: Final = 32 << 20


class SpillBuffer:
    """One answer. A context manager."""

    def __init__(self, folder: Path) -> None:
        """Hold nothing yet.

        Args:
            folder: for the file, if there has to be one.
        """
        self._path = folder / f"{uuid.uuid4().hex}.arrow"
        self._tables = list[pa.Table]()
        self._bytes = 0
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            with contextlib.suppress(OSError, pa.ArrowException):  # of a full disk, which was told already
                self._writer.close()
            self._path.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Take the next rows.

        Raises:
            OSError, pa.ArrowException: there is no room for the rows.
        """
        self._tables.append(table)
        self._bytes += table.nbytes
        if self._bytes > _IN_MEMORY:
            if self._writer is None:
                self._writer = pa.ipc.new_stream(str(self._path), table.schema)
            for one in self._tables:
                self._writer.write_table(one)
            self._tables.clear()

    def table(self) -> pa.Table:
        """All rows; nothing can be added any more.

        Raises:
            OSError, pa.ArrowException: the file cannot be read.
        """
        if self._writer is None:
            return pa.concat_tables(self._tables)
        self._writer.close()
        with pa.memory_map(str(self._path)) as mapped:
            return pa.ipc.open_stream(mapped).read_all()
