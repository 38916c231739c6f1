"""What the bodies of requests hold that only Aporia's clients make."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from engine.service.aporia.words import FieldType, Stage
from engine.service.schemas import Id, Name, Strict, Text

_COLUMNS = 10_000


class SourceBody(Strict):
    """A data source to make. Of its connection only the type is kept: what may be read, the operator says."""

    name: Name
    connection: dict[str, Any] = Field(description="`type`, such as s3; all else is forgotten at once")


class SourceChange(Strict):
    """What is to be changed of a data source; what is left out stays."""

    name: Name | None = None
    type: str | None = Field(None, max_length=64)
    data_source_type: str | None = Field(None, max_length=64, description="another name for `type`")
    connection: dict[str, Any] | None = Field(None, description="forgotten at once, but for its type")
    connection_data: dict[str, Any] | None = Field(None, description="forgotten at once, but for its type")


class ColumnBody(Strict):
    """A column that a client knows of."""

    name: Text
    type: FieldType
    properties: dict[str, str | int | float | bool | None] | None = Field(
        None, max_length=100, description="of an actual: its `prediction`"
    )


Columns = Annotated[list[ColumnBody], Field(max_length=_COLUMNS)]


class ColumnsBody(Strict):
    """What a client says of the columns of a dataset."""

    id_column: Text | None = None
    timestamp_column: Text | None = None
    order_by_column: Text | None = None
    group_by_column: Text | None = None
    group_order_sort: Literal["ascending", "descending"] | None = None
    raw_inputs: Columns = Field(default=[])
    features: Columns = Field(default=[])
    predictions: Columns = Field(default=[])
    actuals: Columns = Field(default=[])


class DatasetBody(Strict):
    """A dataset to make, for a version that has none of its stage."""

    stage: Stage
    model_id: Id
    model_version_id: Id
    data_source_id: Id
    config: dict[str, Any] = Field(max_length=100, description="`path` and the like; see docs/aporia.md")
    columns: ColumnsBody = Field(ColumnsBody(), alias="schema")


class DatasetChange(Strict):
    """What a dataset is to read from now on; what is left out stays."""

    data_source_id: Id | None = None
    config: dict[str, Any] | None = Field(None, max_length=100)
    id_column: Text | None = None
    timestamp_column: Text | None = None


class AskedTime(Strict):
    """A range of time, without its end."""

    start: str = Field(max_length=64, examples=["2026-04-01T00:00:00.000000+00:00"])
    end: str = Field(max_length=64, examples=["2026-05-01T00:00:00.000000+00:00"])


class AskedSegment(Strict):
    """One segment of a group."""

    id: Id = Field(description="of the data segment")
    value: str = Field(
        max_length=4_000, description="the value, the lower edge of a bucket, or the name of a term"
    )


class AskedData(Strict):
    """Which rows of a model."""

    dataset_type: Stage = "serving"
    time_range: AskedTime | None = Field(None, description="null: all that the model keeps")
    model_version: str | None = Field(
        None, max_length=64, description='an id; null or "*": the only active version that has such data'
    )
    segment: AskedSegment | None = None


class AskedDatasets(Strict):
    """The rows, and what they are compared with."""

    data: AskedData
    baseline: AskedData | None = None


class AskedParameters(Strict):
    """What a metric is of."""

    id: Id | None = Field(default=None, description="of a code-based metric")
    column: Text | None = None
    threshold: float | None = None
    k: int | None = None
    quantile: float | None = None
    value: str | int | float | bool | None = None


class AskedMetric(Strict):
    """A metric that is asked for."""

    id: str = Field(max_length=64, description="what the answer calls it")
    metric: str = Field(max_length=64, examples=["code", "mean"])
    parameters: AskedParameters = AskedParameters()
    datasets: AskedDatasets


class QueryBody(Strict):
    """Metrics of a model that are asked for at once."""

    model_id: Id
    metrics: list[AskedMetric] = Field(min_length=1, max_length=200)
