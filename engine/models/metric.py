"""A metric of several: its source, and the parameters that are set. Pure value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Metric:
    """A source with the parameters of its calc_metric that are set.

    Attributes:
        source: the author's code.
        params: values by the names of keyword-only parameters; the others keep their defaults.
    """

    source: str | bytes
    params: Mapping[str, object] = field(default_factory=dict)
