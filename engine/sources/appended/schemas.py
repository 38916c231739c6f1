"""Whether a table takes rows. Pure."""

from __future__ import annotations

import pyarrow as pa

from engine.errors import DataError
from engine.sources.appended.problems import RESULTS_TABLE


def refuse_other(have: pa.Schema, rows: pa.Schema, identity: str, label: str) -> None:
    """Refuse a table that holds something else, so that no data set gets rows of results among its own.

    Columns that only one of both has are no reason: those of rows are added, the table's own stay null.

    Raises:
        DataError: the table holds something else, or a column of it has another type.
    """
    if have.names and identity not in have.names:
        raise DataError(
            f"{label} does not hold results: it has no column {identity!r}; name another table",
            code=RESULTS_TABLE,
        )
    for one in rows:
        there = have.field(one.name).type if have.names.count(one.name) == 1 else one.type
        if _plain(there) != _plain(one.type):
            raise DataError(
                f"{label} has a column {one.name!r} of type {there}, and results have {one.type} there; "
                "name a place of their own",
                code=RESULTS_TABLE,
            )


def _plain(kind: pa.DataType) -> pa.DataType:
    """Texts are texts, however long they may be."""
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind
