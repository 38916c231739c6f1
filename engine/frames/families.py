"""Families of frames: those that part rows among them, and which frame a row is in by its keys. Pure.

The full data over the whole range is a family, and so are its windows, the segments of each group whose
axes have keys, and each term, or pair of terms, of a group that has some.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.connect.proto as pb

from engine.frames.normal import ArrowColumn, Numbers, column_of_keys, normal, whole_numbers

_MAX_TABLE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Family:
    """Frames that part rows among them: each row is in one of them at most.

    Attributes:
        keys: which of the plan's `frame_keys` tell its frames apart, that of the window last.
        inside: the condition that a row within the run's bound is in any of them; null counts as no.
            None: each row is.
        frames: values of those keys, as dictionaries have them, to the frame's index.
    """

    keys: tuple[int, ...]
    inside: pb.Expression | None
    frames: Mapping[tuple[Hashable, ...], int]


def frames_of(family: Family, columns: Sequence[ArrowColumn]) -> Numbers:
    """The index of the frame that each row is in, or -1.

    Args:
        family: one that has keys: all rows are in the only frame of one that has none.
        columns: one for each of the family's keys, in their order. Of an Array
            in dictionary form only the dictionary is compared.
    """
    assert len(columns) == len(family.keys) > 0
    codes: Numbers | None = None
    known = np.zeros(len(family.frames), np.int64)
    size = 1
    for place, column in enumerate(columns):
        wanted = list(dict.fromkeys(key[place] for key in family.frames))
        numbers = {key: number for number, key in enumerate(wanted)}
        # The last code of a column is for values that no frame has.
        here = _numbers(column, wanted)
        known = known * (len(wanted) + 1) + np.array([numbers[key[place]] for key in family.frames], np.int64)
        codes = here if codes is None else codes * (len(wanted) + 1) + here
        size *= len(wanted) + 1
    assert codes is not None
    indices = np.fromiter(family.frames.values(), np.int64, len(family.frames))
    return _look_up(codes, known, indices, size)


def _numbers(column: ArrowColumn, wanted: list[Hashable]) -> Numbers:
    """The place of each row's value among those wanted, or how many are wanted."""
    if isinstance(column, pa.DictionaryArray) and not column.indices.null_count:
        places: Numbers = _numbers(column.dictionary, wanted)[column.indices.to_numpy()]
        return places
    column = normal(column)
    found = pc.index_in(column, value_set=column_of_keys(wanted, column))
    return whole_numbers(found, absent=len(wanted))


def _look_up(codes: Numbers, known: Numbers, indices: Numbers, size: int) -> Numbers:
    """The index of each code that is known, or -1; all codes are less than a size."""
    if size <= _MAX_TABLE:
        table = np.full(size, -1, np.int64)
        table[known] = indices
        return table[codes]
    order = np.argsort(known)
    places = np.minimum(np.searchsorted(known[order], codes), len(known) - 1)
    found: Numbers = np.where(known[order][places] == codes, indices[order][places], -1)
    return found
