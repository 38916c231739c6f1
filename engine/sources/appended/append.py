"""Appending rows to a table, once for each key. An adapter.

A key that the table has already adds nothing, whoever appended it, so a step that may have been done can be
done again. Who names a table of results is whoever runs calcmetric, and never the author of a metric.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from engine.errors import DataError, UsageError
from engine.models.targets import TableTarget
from engine.sources.appended.delta import append_to_delta
from engine.sources.appended.parquet import append_to_parquet
from engine.sources.appended.problems import RESULTS_TABLE


def check_appending(target: TableTarget) -> None:
    """See that rows could be appended, without asking any store.

    Raises:
        UsageError: the folder that it would lie in is not there, or what writes it cannot.
    """
    if target.format == "delta" and importlib.util.find_spec("deltalake") is None:
        raise UsageError(
            f"{target}: appending to Delta tables needs deltalake, which is not installed: "
            "pip install 'calcmetric[delta]'"
        )
    if target.format == "delta" and "%" in target.place:
        raise UsageError(
            f"{target}: the library that writes Delta tables misreads a percent sign in a name; "
            "choose another name"
        )
    if target.url is not None:
        return
    folder = folder_of(target)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{target}: {str(folder)!r} is a file; name a folder to append to")
    if not folder.parent.is_dir():
        raise UsageError(f"there is no folder {str(folder.parent)!r} to make {str(target)!r} in")


def append_rows(target: TableTarget, rows: Mapping[str, pa.Table], identity: str) -> None:
    """Append rows, all or none of those that have one key.

    Args:
        target: the table; made if it is not there.
        rows: by keys, of letters and digits; all of one schema.
        identity: the column that tells a table of such rows from any other.

    Raises:
        UsageError: as `check_appending`.
        DataError: the table takes no such rows, or its store fails.
    """
    check_appending(target)
    for key in rows:
        if not (key.isascii() and key.isalnum()):
            raise UsageError(f"{key!r} is not a valid key; use letters and digits only")
    try:
        if target.format == "delta":
            append_to_delta(target, target.url or folder_of(target), rows, identity)
        else:
            append_to_parquet(target, target.url or folder_of(target), rows, identity)
    except PermissionError as error:
        raise DataError(
            f"{target}: results cannot be appended ({error.strerror or 'permission denied'}); "
            "check that this user may write there",
            code=RESULTS_TABLE,
        ) from None


def folder_of(target: TableTarget) -> Path:
    """The folder of a table that lies in one."""
    return Path(target.place).expanduser().absolute()
