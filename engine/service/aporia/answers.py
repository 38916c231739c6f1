"""What is answered to Aporia's clients alone."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.service.answers import ResponseModel


class Workspace(ResponseModel):
    """A workspace that the key of a request opens."""

    id: str
    name: str
    account: str


class SourceShown(ResponseModel):
    """A data source."""

    id: str
    name: str
    type: str
    created_at: str


class ColumnShown(ResponseModel):
    """A column of a dataset."""

    name: str
    type: str
    properties: dict[str, Any] | None


class ColumnsShown(ResponseModel):
    """The columns of a dataset, as far as a client said what they are."""

    id_column: str | None
    timestamp_column: str | None
    order_by_column: str | None
    group_by_column: str | None
    group_order_sort: str | None
    raw_inputs: list[ColumnShown]
    features: list[ColumnShown]
    predictions: list[ColumnShown]
    actuals: list[ColumnShown]


class DatasetShown(ResponseModel):
    """A dataset, and the version that it is of."""

    id: str
    model_id: str
    model_version_id: str
    stage: str
    data_source_id: str | None
    config: dict[str, Any]
    columns: ColumnsShown = Field(alias="schema")


class DatasetChanged(ResponseModel):
    """What a dataset reads."""

    config: dict[str, Any]
    id_column: str | None
    timestamp_column: str | None
    data_source_id: str | None


class FieldShown(ResponseModel):
    """A column of a model's data."""

    id: str
    name: str
    model_id: str
    type: str
    group: str
    properties: dict[str, Any] | None
    created_at: str
    updated_at: str


class SegmentField(ResponseModel):
    """The column of a segment group."""

    id: str
    name: str
    type: str


class SegmentExtended(ResponseModel):
    """A segment group, with what a client needs to draw it."""

    id: str
    name: str
    model_id: str
    is_custom_segment: bool = Field(description="whether it consists of conditions")
    create_composite_segments: bool
    field: SegmentField | None
    values: list[bool | int | float | str | None]
    terms_values: list[list[str]] | None
    created_at: str


class MetricProblem(ResponseModel):
    """Why a metric has no value."""

    code: str
    message: str
    hint: str


class AnsweredSegment(ResponseModel):
    """The segment that was asked for."""

    id: str
    value: str


class AnsweredMetric(ResponseModel):
    """The value of a metric: null for NaN, and where there are no rows."""

    id: str
    value: float | dict[str, float | None] | None = Field(description="of several numbers, by their names")
    error: MetricProblem | None
    segment: AnsweredSegment | None


class AnsweredTime(ResponseModel):
    """A range of time, without its end."""

    start: str
    end: str


class QueryAnswer(ResponseModel):
    """The metrics that were asked for of one range of time."""

    time_range: AnsweredTime | None
    metrics: list[AnsweredMetric]
