"""Appending to folders of Parquet files: a file for each key, there as a whole or not at all. An adapter."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from engine.errors import DataError
from engine.models.targets import TableTarget
from engine.models.urls import StoreUrl
from engine.sources.appended.problems import RESULTS_TABLE
from engine.sources.appended.schemas import refuse_other
from engine.sources.stores.filesystems import open_store
from engine.sources.stores.problems import store_error

_ENDING: Final = ".parquet"
_TABLES: Final = {"_delta_log": "a Delta table", "metadata": "an Iceberg table", ".hoodie": "a Hudi table"}


def append_to_parquet(
    target: TableTarget, place: StoreUrl | Path, rows: Mapping[str, pa.Table], identity: str
) -> None:
    """Write a file for each key that has none. See `append_rows`."""
    schema = next(iter(rows.values())).schema
    if isinstance(place, StoreUrl):
        try:
            _append_to_store(target, place, rows, schema, identity)
        except (OSError, pa.ArrowException) as error:
            raise store_error(error, str(target), doing="appended to") from None
        return
    place.mkdir(exist_ok=True)
    try:
        with os.scandir(place) as found:
            names = {one.name for one in found}
        _refuse(names, lambda name: pq.read_schema(place / name), schema, identity, target)
        for key, table in rows.items():
            if f"{key}{_ENDING}" not in names:
                _put(place / f"{key}{_ENDING}", table)
    except PermissionError:
        raise
    except OSError as error:
        raise DataError(
            f"{target}: results cannot be appended ({error.strerror or error}); nothing is left half written",
            code=RESULTS_TABLE,
        ) from None


def _append_to_store(
    target: TableTarget, url: StoreUrl, rows: Mapping[str, pa.Table], schema: pa.Schema, identity: str
) -> None:
    store = open_store(url)
    infos = store.get_file_info(fs.FileSelector(url.path, allow_not_found=True))
    names = {info.base_name for info in infos}

    def read(name: str) -> pa.Schema:
        with store.open_input_file(url.below(name).path) as file:
            return pq.read_schema(file)

    _refuse(names, read, schema, identity, target)
    for key, table in rows.items():
        if f"{key}{_ENDING}" not in names:
            pq.write_table(table, sink := io.BytesIO())
            with store.open_output_stream(url.below(f"{key}{_ENDING}").path) as stream:
                stream.write(sink.getvalue())


def _refuse(names: set[str], read: Any, schema: pa.Schema, identity: str, target: TableTarget) -> None:
    table = next((what for name, what in _TABLES.items() if name in names), None)
    if table is not None:
        raise DataError(
            f"{target} is {table}, to which files cannot just be added; name its format, or another location",
            code=RESULTS_TABLE,
        )
    first = min((name for name in names if name.endswith(_ENDING) and name[0] not in "._"), default=None)
    if first is None:
        return
    try:
        have = read(first)
    except pa.ArrowException:
        raise DataError(f"{target}: its file {first!r} is not a Parquet file", code=RESULTS_TABLE) from None
    refuse_other(have, schema, identity, str(target))


def _put(path: Path, table: pa.Table) -> None:
    """Write a file that nobody sees before it is whole; whoever writes the same second leaves the first."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            pq.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()
