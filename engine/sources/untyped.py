"""Columns of a caller's table that hold nothing, and so are of no type: they have that of other data. Pure.

A pandas DataFrame without rows has texts in columns of the dtype `object`, like anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.models.dataset import Dataset
from engine.models.loaded import is_pandas
from engine.spark.native.types import arrow_type, from_proto

if TYPE_CHECKING:
    import pandas as pd


def typed_like(dataset: Dataset, schema: pb.DataType) -> Dataset:
    """A dataset, its columns that are of no type in that of the same column of other data.

    Args:
        dataset: anything but a pandas DataFrame and an Arrow table is as it is.
        schema: of the other data.
    """
    wanted = dict(_types(schema))
    source: Any = dataset.source
    if is_pandas(source):
        return replace(dataset, source=_frame(source, wanted))
    if isinstance(source, pa.Table):
        return replace(dataset, source=_table(source, wanted))
    return dataset


def _types(schema: pb.DataType) -> Iterator[tuple[str, pa.DataType]]:
    for field in schema.struct.fields:
        kind = arrow_type(from_proto(field.data_type))
        if kind is not None:
            yield field.name.lower(), kind


def _frame(frame: pd.DataFrame, wanted: Mapping[str, pa.DataType]) -> pd.DataFrame:
    import pandas as pd  # whoever has a frame has imported it

    names = [name for name in frame.columns if isinstance(name, str) and name.lower() in wanted]
    empty = {
        name: pd.arrays.ArrowExtensionArray(pa.nulls(len(frame), wanted[name.lower()]))
        for name in names
        # Two columns of one name are refused later.
        if names.count(name) == 1 and frame[name].dtype == object and frame[name].isna().all()
    }
    return frame.assign(**empty) if empty else frame


def _table(table: pa.Table, wanted: Mapping[str, pa.DataType]) -> pa.Table:
    for place, field in enumerate(table.schema):
        kind = wanted.get(field.name.lower())
        if kind is not None and pa.types.is_null(field.type):
            table = table.set_column(place, field.with_type(kind), pa.nulls(table.num_rows, kind))
    return table
