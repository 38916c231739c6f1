"""What the bodies of requests hold: exactly these fields, of exactly these types."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine.models.baseline import BaselineKind
from engine.models.durations import parse_duration
from engine.models.text_options import TextOptions
from engine.service.aporia.words import ModelIcon, ModelType

Period = Literal["hourly", "daily", "weekly", "monthly"]
_NAME: Final = 200
_TEXT: Final = 4_000
_SEGMENTS: Final = 100


def _plain(text: str) -> str:
    """Refuse what hides or moves in a terminal or a log, and what databases refuse."""
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("must not hold control characters")
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _prose(text: str) -> str:
    """Refuse the same in text of several lines."""
    for line in text.replace("\t", " ").split("\n"):
        if line.strip():
            _plain(line)
    return text


Name = Annotated[str, Field(min_length=1, max_length=_NAME), AfterValidator(_plain)]
Text = Annotated[str, Field(min_length=1, max_length=_TEXT), AfterValidator(_plain)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Number = int | float
Params = Annotated[
    dict[str, bool | int | float | str],
    Field(max_length=100, description="values of keyword-only parameters of calc_metric, by name"),
]


class Strict(BaseModel):
    """No unknown fields, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


_SHAPES: Final = (
    {"by"}, {"by", "top"}, {"by", "values"}, {"by", "buckets"}, {"by", "buckets", "outer"},
    {"label", "where"}, {"terms"},
)  # fmt: skip


def _check_shape(given: set[str]) -> None:
    if given not in _SHAPES:
        raise ValueError(
            'a segment is {"by": "country"}, with "top" or "values" if wanted; {"by": "age", "buckets": '
            '[18, 25]}, with "outer" if wanted; {"label": "big", "where": "amount > 100"}; or {"terms": '
            '{"big": "amount > 100"}}'
        )


class SegmentBody(Strict):
    """A segment group: each value of a field, its buckets, or the rows for which expressions are true."""

    by: Text | None = Field(None, description="a column, or a dotted path into a struct column")
    top: int | None = Field(None, ge=1, le=10_000, description="how many values at most")
    values: list[bool | int | float | str | None] | None = Field(
        None, min_length=1, max_length=10_000, description="just these values"
    )
    buckets: list[int | float | str] | None = Field(
        None, min_length=1, max_length=10_000, description="ascending edges: numbers, or dates as text"
    )
    outer: bool | None = Field(None, description="also the two open ends of the buckets")
    label: Name | None = Field(None, description="what results call the rows of `where`")
    where: Text | None = Field(None, description="Boolean SQL, such as amount > 100")
    terms: dict[Name, Text] | None = Field(
        None, min_length=1, max_length=10_000, description="several `where` by their labels"
    )

    @model_validator(mode="after")
    def _fits(self) -> SegmentBody:
        _check_shape(set(self.definition()))
        return self

    def definition(self) -> dict[str, Any]:
        """The fields that were given, by name; null counts as not given."""
        return self.model_dump(exclude_none=True)


class BaselineBody(Strict):
    """What `calc_metric(df, baseline)` compares with."""

    kind: BaselineKind = Field(
        description="training: what the version was trained with; previous: the window before; first: the "
        "first stretch of the data"
    )
    length: str | None = Field(None, max_length=10, examples=["30d"], description="of first")

    @model_validator(mode="after")
    def _fits(self) -> BaselineBody:
        if (self.kind == "first") != (self.length is not None):
            raise ValueError(
                'a baseline is {"kind": "training"}, {"kind": "previous"} or '
                '{"kind": "first", "length": "30d"}'
            )
        if self.length is not None:
            parse_duration(self.length, what="length")
        return self


class _ModelLooks(Strict):
    """What says what a model is, to those who look at it; nothing is calculated by it."""

    type: ModelType | None = Field(None, description="shown as binary, where it was not said")
    description: Annotated[str, AfterValidator(_prose)] | None = Field(None, max_length=_TEXT)
    icon: ModelIcon | None = None
    color: str | None = Field(None, pattern=r"^#[0-9A-Fa-f]{6}$", examples=["#3564C9"])
    owner: Name | None = None


class ModelBody(_ModelLooks):
    """A model."""

    name: Name
    aggregation_period: Period = "daily"
    retention: str = Field("90d", max_length=10, examples=["90d"])
    zone: str = Field("UTC", max_length=64, examples=["Europe/Berlin"])
    segments: list[SegmentBody] | None = Field(None, max_length=_SEGMENTS)
    baseline: BaselineBody | None = Field(
        None, description="without one, metrics of two frames compare with a version's training_dataset"
    )


class ModelChange(_ModelLooks):
    """What is to be changed of a model; what is left out stays. `segments` replace all that there are."""

    name: Name | None = None
    model_type: ModelType | None = Field(None, description="another name for `type`")
    aggregation_period: Period | None = None
    retention: str | None = Field(None, max_length=10, examples=["90d"])
    zone: str | None = Field(None, max_length=64, examples=["Europe/Berlin"])
    segments: list[SegmentBody] | None = Field(None, max_length=_SEGMENTS)
    baseline: BaselineBody | None = None


Terms = Annotated[
    list[Annotated[list[Text], Field(min_length=2, max_length=2)]],
    Field(min_length=1, max_length=10_000, description="Boolean SQL with what to call its rows, in pairs"),
]
FieldValues = Annotated[
    list[bool | int | float | str],
    Field(min_length=1, max_length=10_000, description="of a numeric field the edges of buckets"),
]


class DataSegmentBody(SegmentBody):
    """A segment group to add to a model, in our spelling or with `name` in that of Aporia's clients."""

    model_id: Id
    name: Name | None = None
    field_name: Text | None = Field(None, description="a column, with `values`")
    terms_values: Terms | None = None
    is_global_filter: bool = Field(False, description="kept and shown; nothing is calculated by it")

    @model_validator(mode="after")
    def _fits(self) -> DataSegmentBody:
        if self.field_name is None and self.terms_values is None:
            _check_shape(set(self.definition()))
            return self
        ours = set(self.definition()) - {"values"}
        by_field = self.field_name is not None and self.values is not None and self.terms_values is None
        by_terms = self.field_name is None and self.values is None and self.terms_values is not None
        if ours or self.name is None or not (by_field or by_terms):
            raise ValueError("beside a name a segment has field_name and values, or terms_values")
        return self

    def definition(self) -> dict[str, Any]:
        """What was given in our spelling."""
        spelled = {"model_id", "name", "field_name", "terms_values", "is_global_filter"}
        return self.model_dump(exclude_none=True, exclude=spelled)


class DataSegmentChange(Strict):
    """What is to be changed of a segment group; what is left out stays."""

    name: Name | None = None
    field_name: Text | None = None
    values: FieldValues | None = None
    terms_values: Terms | None = None
    is_global_filter: bool | None = None


class DatasetBody(Strict):
    """Where rows are, and which column says when one happened."""

    source: Text = Field(description="a path, a glob, a URL, or a table, as the service's operator allows")
    timestamp: Text | None = None
    header: bool | None = Field(None, description="whether CSV files begin with names")
    separator: str | None = Field(None, max_length=16, description="between the values of CSV files")
    encoding: str | None = Field(None, max_length=64, description="of CSV and JSON files, such as cp1252")
    quote: str | None = Field(None, max_length=16, description="around values of CSV files; empty for none")

    @model_validator(mode="after")
    def _makes_sense(self) -> DatasetBody:
        self.text()
        return self

    def text(self) -> TextOptions:
        """How its files of text are written, as far as that was said."""
        return TextOptions(self.header, self.separator, self.encoding, self.quote)


class ModelVersionBody(Strict):
    """A version of a model, with the data that it serves and was trained with."""

    model_id: Id
    name: Name
    serving_dataset: DatasetBody | None = Field(None, description="without one, as yet nothing is calculated")
    training_dataset: DatasetBody | None = None


class ModelVersionChange(Strict):
    """What is to be changed of a version; what is left out stays."""

    name: Name | None = None
    is_active: bool | None = Field(None, description="whether it is calculated")


class MetricBody(Strict):
    """A code-based metric to register."""

    model_id: Id
    name: Name
    code: str = Field(min_length=1, description="Python source with `calc_metric(df)`")
    params: Params = {}


class MetricChange(Strict):
    """A metric's new name, code or parameters; what is left out stays.

    Another code, or other parameters, make a new version of the metric.
    """

    name: Name | None = None
    code: str | None = Field(None, min_length=1)
    params: Params | None = None


class ValidateBody(Strict):
    """What to try on what; the same body polls."""

    metric_id: Id
    dataset_id: Id
    restart: bool = Field(False, description="try again, though code and dataset are the same")


class RuleBody(Strict):
    """A rule on the results of a metric: exactly one of `above`, `below` and `changed_by`."""

    name: Name
    above: Number | None = Field(None, description="crossed by a greater number")
    below: Number | None = Field(None, description="crossed by a smaller number")
    changed_by: Number | None = Field(
        None, gt=0, description="crossed by a number that differs so much from that of the window before"
    )
    windows: int = Field(1, alias="for", ge=1, le=100, description="windows in a row")
    minimum_rows: int = Field(0, ge=0, le=2**53, description="a window with fewer rows says nothing")
    segments: Literal["all", "overall"] = Field("all", description="every segment, or only all data")
    number: str | None = Field(None, max_length=100, description="of several numbers, which; null: each")
    url: str | None = Field(None, max_length=2_000, description="a webhook, as the service's operator allows")

    @model_validator(mode="after")
    def _fits(self) -> RuleBody:
        if sum(one is not None for one in (self.above, self.below, self.changed_by)) != 1:
            raise ValueError("a rule has exactly one of above, below and changed_by")
        return self

    def definition(self) -> dict[str, Any]:
        """What was given, but name and URL."""
        return self.model_dump(by_alias=True, exclude={"name", "url"}, exclude_none=True)


class RecalculateBody(Strict):
    """Metrics of a model to calculate again over `[start, end)`."""

    model_id: Id
    metric_id: Id | None = Field(None, description="only this one")
    start: str = Field(max_length=64, examples=["2026-04-01T00:00:00Z"])
    end: str = Field(max_length=64, examples=["2026-05-01T00:00:00Z"])
