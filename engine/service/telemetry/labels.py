"""What tells the series of all accounts apart, for Prometheus and OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.service.store.tables import Metric, Model

# Columns of a query over models and metrics.
OF_METRIC: Final = (
    Model.account,
    Model.workspace,
    Model.name.label("model"),
    Metric.name.label("metric"),
    Metric.id.label("metric_id"),
)


def segment_type(segment: Mapping[str, Any]) -> str:
    """The type of a segment's value; of a cross those of both, with a comma between; "" of all data."""
    kind = segment.get("type", "")
    return ",".join(kind) if isinstance(kind, list) else kind
