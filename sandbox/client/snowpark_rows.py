"""Answers of the engine as Snowflake's connector would give them: descriptions, rows, pandas.

The engine sends whole numbers, decimals, floats, text, dates and times as Arrow columns; semi-structured
values are JSON text, as they are with the connector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa
from snowflake.connector.constants import FIELD_NAME_TO_ID
from snowflake.connector.cursor import ResultMetadata, ResultMetadataV2

from sandbox.contract.framing import BATCH_HEADER
from sandbox.contract.messages import ColumnType

_TEXT_BYTES: Final = 16 << 20


def describe(columns: Iterable[ColumnType]) -> list[ResultMetadataV2]:
    """What a cursor's `_description_internal` is."""
    return [
        ResultMetadataV2(
            name=column.name,
            type_code=FIELD_NAME_TO_ID[column.type],
            is_nullable=True,
            internal_size=_TEXT_BYTES if column.type == "TEXT" else None,
            precision=column.precision if column.type == "FIXED" else None,
            scale=column.scale if column.type == "FIXED" or column.type.startswith("TI") else None,
        )
        for column in columns
    ]


def describe_shortly(columns: Iterable[ColumnType]) -> list[ResultMetadata]:
    """What a cursor's `description` is."""
    return [
        ResultMetadata(one.name, one.type_code, None, one.internal_size, one.precision, one.scale, True)
        for one in describe(columns)
    ]


def read_batches(payloads: Iterable[memoryview]) -> Iterator[pa.Table]:
    """The tables in the payloads of BATCH frames."""
    for payload in payloads:
        with pa.ipc.open_stream(payload[BATCH_HEADER.size :]) as reader:
            yield reader.read_all()


class Answer:
    """An answer in memory.

    Attributes:
        columns: the name and type of each column.
        table: the values of the columns.
    """

    def __init__(self, columns: Sequence[ColumnType], table: pa.Table) -> None:
        self.columns = tuple(columns)
        self.table = table

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows of Python values: whole numbers as int, other exact numbers as Decimal."""
        return list(
            zip(
                *(
                    _values(column, values)
                    for column, values in zip(self.columns, self.table.columns, strict=True)
                ),
                strict=True,
            )
        )

    def to_pandas(self) -> pd.DataFrame:
        """A pandas DataFrame, in which exact numbers with decimals are floats, as the connector has it."""
        columns = [
            values.cast(pa.float64()) if pa.types.is_decimal(values.type) and column.scale else values
            for column, values in zip(self.columns, self.table.columns, strict=True)
        ]
        names = [column.name for column in self.columns]
        frame: pd.DataFrame = pa.table(columns, names=names).to_pandas(coerce_temporal_nanoseconds=True)
        return frame


def _values(column: ColumnType, values: pa.ChunkedArray) -> list[Any]:
    found: list[Any] = values.to_pylist()
    if column.type == "FIXED" and not column.scale and pa.types.is_decimal(values.type):
        return [None if value is None else int(value) for value in found]
    return found
