"""Keys of groups: which rows have the same, as Spark tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers: TypeAlias = npt.NDArray[np.int64]


def numbered(keys: Sequence[pa.ChunkedArray], rows: int) -> Numbers:
    """A number for each row, the same where all keys are equal, in the order of the keys with nulls first.

    Nulls are equal, so are NaNs of whatever bits, and so are the two zeros.

    Args:
        keys: columns of as many rows, of types that are not nested.
        rows: how many there are.
    """
    found = np.zeros(rows, np.int64)
    for key in keys:
        ranks = _ranks(key)
        _, found = np.unique(found * (ranks.max(initial=0) + 1) + ranks, return_inverse=True)
    return found.astype(np.int64)


def has_negative_zero(key: pa.ChunkedArray) -> bool:
    """Whether one of its values is -0.0, of which Spark may show the other zero."""
    if not pa.types.is_floating(key.type):
        return False
    numbers = key.drop_null().to_numpy()
    return bool(np.any(np.signbit(numbers) & (numbers == 0)))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """All of a column."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays([*column.chunks, pa.array([], column.type)])


def _ranks(column: pa.ChunkedArray) -> Numbers:
    """Numbers in the order of a key's values; that of null is 0."""
    values = one_array(column)
    nulls = values.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_floating(values.type):
        numbers = values.fill_null(pa.scalar(0, values.type)).to_numpy(zero_copy_only=False)
        _, ranks = np.unique(numbers + 0.0, return_inverse=True)  # one zero of the two
    else:
        plain = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
        encoded = plain.dictionary_encode()
        order = pc.sort_indices(encoded.dictionary).to_numpy()
        places = np.empty(len(order) + 1, np.int64)  # the last one is that of nulls
        places[order] = np.arange(len(order))
        ranks = places[encoded.indices.fill_null(len(order)).to_numpy(zero_copy_only=False)]
    return np.where(nulls, 0, ranks.astype(np.int64) + 1)
