"""The words of Aporia's client library, which takes no others. Pure."""

from __future__ import annotations

from typing import Final, Literal

ModelType = Literal["regression", "binary", "multiclass", "multi-label", "ranking"]
ModelIcon = Literal[
    "general",
    "churn-and-retention",
    "conversion-predict",
    "anomaly",
    "dynamic-pricing",
    "email-filtering",
    "demand-forecasting",
    "ltv",
    "personalization",
    "fraud-detection",
    "credit-risk",
    "recommendations",
]
FieldType = Literal[
    "boolean",
    "numeric",
    "datetime",
    "categorical",
    "text",
    "array",
    "embedding",
    "image_url",
    "numeric_array",
]
Stage = Literal["serving", "training"]
GROUPS: Final = ("raw_inputs", "features", "predictions", "actuals")

# What a model is shown with of which nothing was said.
TYPE: Final[ModelType] = "binary"
ICON: Final[ModelIcon] = "general"
COLOR: Final = "#3564C9"
