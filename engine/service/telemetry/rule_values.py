"""The states of rules by segment, for Prometheus and OpenTelemetry: shown and capped as newest values are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from engine.service.store.database import Database
from engine.service.store.scope import is_watched
from engine.service.store.tables import Metric, Model, Rule, RuleState
from engine.service.telemetry.labels import OF_METRIC, segment_type

# What tells states apart, and the state itself.
RULE_LABELS: Final = (
    "account", "workspace", "model", "metric", "metric_id", "dataset_id", "rule", "rule_id", "segment",
    "segment_type", "name", "state",
)  # fmt: skip


def rule_states(database: Database, most: int) -> tuple[list[tuple[str, ...]], int]:
    """The labels of each state of a rule, and how many states there are.

    Args:
        database: of the service.
        most: how many are returned; what is crossed comes first, then all data, then older rules.
    """
    state = RuleState
    query = sa.select(
        *OF_METRIC,
        state.dataset_id,
        Rule.name.label("rule"),
        Rule.id.label("rule_id"),
        state.label.label("segment"),
        state.segment_key.label("segment_type"),
        state.name,
        state.state,
    )
    query = query.join(Rule, Rule.id == state.rule_id).join(Metric, Metric.id == Rule.metric_id)
    query = query.join(Model, Model.id == Metric.model_id).where(is_watched())
    order = (sa.case((state.state == "crossed", 0), else_=1), state.segment_key != "", Rule.seq, state.seq)
    with database.reading() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
        rows = session.execute(query.order_by(*order).limit(most)).mappings().all()
    return [_labels(row) for row in rows], count


class RuleFamilies(Collector):
    """States as Prometheus reads them; of two segments that look the same the first is shown."""

    def __init__(self, shown: list[tuple[str, ...]], count: int) -> None:
        self._shown = list({labels[:-1]: labels for labels in reversed(shown)}.values())[::-1]
        self._count = count

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The states as families of metrics, for the registry of Prometheus's client."""
        states = GaugeMetricFamily(
            "calcmetric_rule_state", "1 for the state of a rule on a segment", labels=RULE_LABELS
        )
        for labels in self._shown:
            states.add_metric(labels, 1)
        left_out = GaugeMetricFamily(
            "calcmetric_rule_states_left_out", "States beyond the cap of series, which are not shown"
        )
        left_out.add_metric((), self._count - len(self._shown))
        yield from (states, left_out)


def _labels(row: Any) -> tuple[str, ...]:
    key = row["segment_type"]
    kind = segment_type(json.loads(key) if key.startswith("{") else {})
    return tuple(kind if name == "segment_type" else row[name] for name in RULE_LABELS)
