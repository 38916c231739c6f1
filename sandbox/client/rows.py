"""PySpark's `df.collect()` with `.columns`; see `sandbox.client.collected`."""

from __future__ import annotations

from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.conversion import ArrowTableToRowsConversion
from pyspark.sql.pandas.types import from_arrow_schema

from sandbox.client.collected import CollectedRows


def install_collect() -> None:
    """Give PySpark's DataFrame the `collect` that returns `CollectedRows`. Called once, in the zygote."""

    def collect(self: DataFrame) -> CollectedRows:
        table, schema = self._to_table()
        schema = schema or from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
        return CollectedRows(
            table, lambda rows: ArrowTableToRowsConversion.convert(rows, schema, binary_as_bytes=True)
        )

    DataFrame.collect = collect  # type: ignore[method-assign] # which is what this is for
