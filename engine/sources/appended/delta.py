"""Appending to Delta tables, by delta-rs. An adapter.

A commit notes the keys of its rows as transactions of applications, which is the format's own way to tell
what was written already. They outlive what rewrites the table's files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from engine.errors import DataError
from engine.models.targets import TableTarget
from engine.models.urls import StoreUrl
from engine.sources.appended.problems import RESULTS_TABLE
from engine.sources.appended.schemas import refuse_other
from engine.sources.stores.filesystems import delta_options
from engine.sources.stores.problems import is_missing, is_refusal, reason_of, store_error

# What was asked for twice within this time is noticed; older keys may go when the log is cleaned up.
_SETTINGS: Final = {"delta.setTransactionRetentionDuration": "interval 30 days"}
_TRIES: Final = 5
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_ARROWS: Final = re.compile(r"\s*\u21b3\s*|\s+")
_BODY: Final = re.compile(r"<\?xml.*|<Error>.*", re.DOTALL)
_ENTRY: Final = 1


def append_to_delta(
    target: TableTarget, place: StoreUrl | Path, rows: Mapping[str, pa.Table], identity: str
) -> None:
    """Append rows in one commit; what of it is there already is left out. See `append_rows`."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    for number in range(1, _TRIES + 1):
        try:
            options = delta_options(place) if isinstance(place, StoreUrl) else {}
            named = str(place) if isinstance(place, StoreUrl) else place.as_uri()
            return _append(named, options, rows, identity, str(target))
        except CommitFailedError as error:  # others may have appended the same, which the next look tells
            if number == _TRIES:
                raise _failed(target, error) from None
        except (DeltaError, OSError) as error:
            raise _failed(target, error) from None
        except (DataError, MemoryError):
            raise
        except Exception as error:  # what its library raises in another language has no class
            raise _failed(target, error) from None
    raise AssertionError("the last try returns or raises")


def _append(
    place: str, options: dict[str, str], rows: Mapping[str, pa.Table], identity: str, label: str
) -> None:
    from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
    from deltalake.exceptions import TableNotFoundError

    schema = next(iter(rows.values())).schema
    # Opened before it is asked, and written to as it was then: who appends the same meanwhile is noticed.
    try:  # is_deltatable() would let no other thread run until the store answers
        opened = DeltaTable(place, storage_options=options)
    except TableNotFoundError:
        opened = DeltaTable.create(
            place, schema, mode="ignore", configuration=_SETTINGS, storage_options=options
        )
    missing = {key: one for key, one in rows.items() if opened.transaction_version(key) is None}
    refuse_other(pa.schema(opened.schema().to_arrow()), schema, identity, label)
    if missing:
        write_deltalake(
            opened,
            pa.concat_tables(missing.values()),
            mode="append",
            schema_mode="merge",
            commit_properties=CommitProperties(
                app_transactions=[Transaction(key, _ENTRY) for key in missing]
            ),
        )


def _failed(target: TableTarget, error: Exception) -> DataError:
    if isinstance(error, PermissionError):
        raise error
    plain = _ARROWS.sub(" ", _BODY.sub("", _COLOURS.sub("", str(error)))).strip()
    if target.url is not None and (is_refusal(error) or is_missing(error) or isinstance(error, OSError)):
        return store_error(type(error)(plain), str(target), doing="appended to")
    return DataError(
        f"{target}: results cannot be appended ({reason_of(OSError(plain))}); check that it is a Delta "
        "table that can be written to, or name another location",
        code=RESULTS_TABLE,
    )
