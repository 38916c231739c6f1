"""What answers hold: every field, for the document, and for clients that are made from it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.models.result import STATUSES
from engine.service.rules.conditions import STATES


class ResponseModel(BaseModel):
    """An answer has these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class SegmentShown(ResponseModel):
    """A segment group of a model; of what defines it, what was given."""

    id: str
    model_id: str
    by: str | None = None
    top: int | None = None
    values: list[bool | int | float | str | None] | None = None
    buckets: list[int | float | str] | None = None
    outer: bool | None = None
    label: str | None = None
    where: str | None = None
    terms: dict[str, str] | None = None
    group: str | None = Field(
        None, description="what results call it, where another group has a condition of the same label"
    )


class VersionError(ResponseModel):
    """What is wrong with a segment group on the data of one model version."""

    id: str = Field(description="of the model version")
    error: str


class SegmentHealth(ResponseModel):
    """Whether a segment group fits the data of its model."""

    status: Literal["good", "failing", "unchecked"] = Field(
        description="failing: it is left out on the versions listed, and everything else is calculated"
    )
    versions: list[VersionError]


class DataSegmentShown(SegmentShown):
    """A segment group, and whether it fits the data; in our spelling and in that of Aporia's clients."""

    health: SegmentHealth
    name: str
    field_name: str | None
    values: list[bool | int | float | str | None] = Field(description="or edges, or names of terms")
    terms_values: list[list[str]] | None
    is_global_filter: bool
    created_at: str


class BaselineShown(ResponseModel):
    """What metrics of two frames compare with."""

    kind: str
    length: str | None = None


class ModelShown(ResponseModel):
    """A model."""

    id: str
    name: str
    aggregation_period: str
    retention: str
    zone: str
    segments: list[SegmentShown]
    baseline: BaselineShown | None = Field(
        None, description="null: metrics of two frames compare with a version's training_dataset"
    )
    type: str = Field(description="what the model predicts")
    description: str | None
    icon: str
    color: str
    owner: str | None
    created_at: str


class DatasetShown(ResponseModel):
    """Where rows are; `id` is what results and validations call it."""

    id: str | None
    source: str | None = None
    timestamp: str | None = None
    header: bool | None = None
    separator: str | None = None
    encoding: str | None = None
    quote: str | None = None


class SegmentError(ResponseModel):
    """What is wrong with a segment group on this version's data."""

    id: str = Field(description="of the data segment")
    error: str


class VersionHealth(ResponseModel):
    """Whether a version's data can be calculated."""

    status: Literal["good", "no-data", "no-timestamp", "bad-segments", "failing", "unchecked"] = Field(
        description="no-data: it has no serving_dataset as yet; no-timestamp: it can be validated, but is "
        "not scheduled; bad-segments: those are left "
        "out, all else is calculated; failing: `error` says what cannot be read; unchecked: not looked at"
    )
    error: str | None
    segments: list[SegmentError]
    checked_at: str | None


class VersionShown(ResponseModel):
    """A version of a model, and its data."""

    id: str
    model_id: str
    name: str
    is_active: bool = Field(description="whether it is calculated")
    serving_dataset: DatasetShown = Field(description="its id is null while there is none")
    training_dataset: DatasetShown | None
    health: VersionHealth
    created_at: str


class MetricHealth(ResponseModel):
    """How a metric's calculation goes."""

    status: Literal["good", "failing", "poisoned"]
    failures: int
    paused_until: str | None
    error: str | None
    next_try: str | None


class MetricListed(ResponseModel):
    """A metric without its code, which its id shows."""

    id: str
    model_id: str
    name: str
    version: int
    params: dict[str, bool | int | float | str]
    warnings: list[dict[str, Any]]
    health: MetricHealth
    created_at: str
    updated_at: str


class MetricShown(MetricListed):
    """A metric with its code."""

    code: str


class CodeShown(ResponseModel):
    """A code that a metric had, and the parameters that were set of it."""

    version: int
    code: str
    params: dict[str, bool | int | float | str]
    sha256: str
    warnings: list[dict[str, Any]]
    created_at: str


class Deleted(ResponseModel):
    """Something was deleted."""

    id: str
    deleted: bool


class Cancelled(ResponseModel):
    """A validation was cancelled."""

    metric_id: str
    dataset_id: str
    cancelled: bool


class FrameErrorShown(ResponseModel):
    """Why there is no number."""

    code: str
    message: str
    line: int | None
    hint: str


class WindowShown(ResponseModel):
    """A range of time, without its end."""

    start: str
    end: str


_STATUS = Field(description="; ".join(f"{name}: {means}" for name, means in STATUSES.items()))


class FrameShown(ResponseModel):
    """What became of a metric on all data, or on one segment; of several numbers, of one."""

    segment: dict[str, Any] | None
    window: WindowShown | None
    name: str | None = Field(None, description="which of several numbers; null for a metric that gives one")
    status: str = _STATUS
    value: float | None
    rows: int | None
    baseline_rows: int | None = Field(None, description="rows of what it was compared with, if it was")
    seconds: float
    printed: str
    error: FrameErrorShown | None


class ValidationShown(ResponseModel):
    """How far a validation is (the first six fields), or how it ended."""

    status: Literal["pending", "success", "failed"]
    progress: int
    metric_id: str
    metric_version: int
    dataset_id: str
    run_id: str
    value: float | None = None
    result: FrameShown | None = None
    named: dict[str, FrameShown] = Field(
        {}, description="of a metric that gives several numbers, what `result` is of one"
    )
    segments: list[FrameShown] = []
    printed: str = ""
    seconds: float = 0.0
    time: dict[str, str | None] | None = None
    error: FrameErrorShown | None = None
    problems: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    cut: list[dict[str, Any]] = []
    source_sha256: str | None = None


class ResultShown(ResponseModel):
    """What a calculation gave for one segment and window; of several numbers, for one of them."""

    segment: dict[str, Any] | None
    label: str
    window: WindowShown
    kind: str
    name: str | None = Field(description="which of several numbers; null for a metric that gives one")
    status: str = _STATUS
    value: float | None
    rows: int | None
    baseline_rows: int | None = Field(None, description="rows of what it was compared with, if it was")
    seconds: float
    printed: str
    error: FrameErrorShown | None
    version: int
    dataset_id: str
    as_of: str
    snapshot: str | None = Field(None, description="of a Delta or Iceberg table, the version that was read")
    crossed: list[str] = Field(description="ids of the rules that were crossed when this was the newest")
    run_id: str


class ResultPage(ResponseModel):
    """A page of results, and what `after` takes for the next one."""

    results: list[ResultShown]
    next: str | None


class RuleStateShown(ResponseModel):
    """The state of a rule on one segment, and one of several numbers."""

    dataset_id: str
    label: str
    name: str | None
    state: Literal["ok", "crossed", "no_data", "error"] = Field(
        description="; ".join(f"{name}: {means}" for name, means in STATES.items())
    )
    value: float | None
    window_start: str
    since: str = Field(description="the window in which this state began")


class DeliveryShown(ResponseModel):
    """What was sent last for a rule, or is to be."""

    id: str
    attempts: int
    delivered_at: str | None
    error: str | None


class RuleShown(ResponseModel):
    """A rule on the results of a metric."""

    id: str
    metric_id: str
    name: str
    above: float | None
    below: float | None
    changed_by: float | None
    windows: int = Field(alias="for")
    minimum_rows: int
    segments: str
    number: str | None
    url: str | None
    states: list[RuleStateShown]
    delivery: DeliveryShown | None
    created_at: str


class RuleMade(RuleShown):
    """A rule that was just made."""

    secret: str | None = Field(description="signs what is sent to `url`; shown this once")


class Recalculation(ResponseModel):
    """What will be calculated again."""

    as_of: str
    windows: int
    work: int


class LogLine(ResponseModel):
    """A line of a run's log."""

    time: str
    level: str
    message: str
    details: dict[str, Any]


class Alive(ResponseModel):
    """The process lives."""

    status: str
    version: str


class Ready(ResponseModel):
    """The process can work."""

    status: str
