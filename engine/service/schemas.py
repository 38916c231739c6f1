"""What the bodies of requests hold: exactly these fields, of exactly these types."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine.models.baseline import BaselineKind
from engine.models.durations import parse_duration
from engine.models.text_options import TextOptions

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


class SegmentBody(Strict):
    """A segment group: each value of a field, its buckets, or the rows for which an expression is true."""

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

    @model_validator(mode="after")
    def _fits(self) -> SegmentBody:
        given = set(self.definition())
        shapes = ({"by"}, {"by", "top"}, {"by", "values"}, {"by", "buckets"}, {"by", "buckets", "outer"})
        if given not in (*shapes, {"label", "where"}):
            raise ValueError(
                'a segment is {"by": "country"}, with "top" or "values" if wanted; {"by": "age", "buckets": '
                '[18, 25]}, with "outer" if wanted; or {"label": "big", "where": "amount > 100"}'
            )
        return self

    def definition(self) -> dict[str, Any]:
        """What was given."""
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


class ModelBody(Strict):
    """A model. `segments` and `baseline` of a PUT replace what there is; left out, they stay."""

    name: Name
    aggregation_period: Period
    retention: str = Field("90d", max_length=10, examples=["90d"])
    zone: str = Field("UTC", max_length=64, examples=["Europe/Berlin"])
    segments: list[SegmentBody] | None = Field(None, max_length=_SEGMENTS)
    baseline: BaselineBody | None = Field(
        None, description="without one, metrics of two frames compare with a version's training_dataset"
    )


class DataSegmentBody(SegmentBody):
    """A segment group to add to a model."""

    model_id: Id

    def definition(self) -> dict[str, Any]:
        """What was given, without the model."""
        return self.model_dump(exclude_none=True, exclude={"model_id"})


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
    serving_dataset: DatasetBody
    training_dataset: DatasetBody | None = None


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


class RecalculateBody(Strict):
    """Metrics of a model to calculate again over `[start, end)`."""

    model_id: Id
    metric_id: Id | None = Field(None, description="only this one")
    start: str = Field(max_length=64, examples=["2026-04-01T00:00:00Z"])
    end: str = Field(max_length=64, examples=["2026-05-01T00:00:00Z"])
