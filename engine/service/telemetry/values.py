"""The newest value of each metric and segment, for Prometheus: off by default, and never more than a number.

The states of rules stand beside them.

Values tell the numbers of accounts, so they are shown to a key of their own. A series whose result is no
number has no value, and says its status.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from engine.models.result import Status
from engine.service.store.database import Database, clock
from engine.service.store.tables import Metric, MetricVersion, Model, StoredResult
from engine.service.telemetry.labels import OF_METRIC, segment_type
from engine.service.telemetry.rule_values import RuleFamilies, rule_states
from engine.service.work.leases import CLOCK_SLACK

# What tells series apart.
LABELS: Final = (
    "account", "workspace", "model", "metric", "metric_id", "dataset_id", "kind", "segment", "segment_type",
    "name",
)  # fmt: skip
# Prometheus asks every few seconds, perhaps from several places, and results come by the minute at most.
_FRESH_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest result of a series.

    Attributes:
        labels: the values of the series' labels.
        status: of the result.
        value: its number, or None.
        rows: of its frame, or None.
        end: of its window.
    """

    labels: tuple[str, ...]
    status: Status
    value: float | None
    rows: int | None
    end: datetime


class NewestValues:
    """The newest values of a service. Thread-safe."""

    def __init__(
        self, database: Database, most: int | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Show nothing yet.

        Args:
            database: of the service.
            most: how many series are shown; None: none.
            now: tells how much time has passed.
        """
        self._database = database
        self._most = most or 0
        self._now = now
        self._lock = threading.Lock()
        self._text = b""
        self._until: float | None = None

    @property
    def on(self) -> bool:
        """Whether the operator wants them shown."""
        return self._most > 0

    def text(self) -> bytes:
        """The exposition, as it was some seconds ago at most."""
        with self._lock:
            if self._until is None or self._now() >= self._until:
                shown, count = newest_values(self._database, self._most)
                registry = CollectorRegistry()
                registry.register(_Families(shown, count, self._most))
                registry.register(RuleFamilies(*rule_states(self._database, self._most)))
                self._text, self._until = generate_latest(registry), self._now() + _FRESH_SECONDS
            return self._text


def newest_values(database: Database, most: int) -> tuple[list[Newest], int]:
    """The newest result of each metric's code by dataset, kind, segment and name; and how many there are.

    Args:
        database: of the service.
        most: how many are returned; those on all data come first, then those of older metrics.
    """
    with database.reading() as session:
        ranked = _ranked(clock(session) + CLOCK_SLACK)
        first = sa.select(ranked).where(ranked.c.place == 1)
        count = session.scalar(sa.select(sa.func.count()).select_from(first.subquery())) or 0
        of = ranked.c
        order = (of.segment_key != "", of.metric_seq, of.segment_key, of.name, of.kind, of.dataset_id)
        rows = session.execute(first.order_by(*order).limit(most)).mappings().all()
    return [_newest(row) for row in rows], count


def _ranked(until: datetime) -> sa.Subquery:
    result = StoredResult
    series = (result.metric_version_id, result.dataset_id, result.kind, result.segment_key, result.name)
    # What was calculated for later than now is of a clock that has gone back since.
    newest = (result.window_end.desc(), result.as_of.desc(), result.seq.desc())
    query = sa.select(
        *OF_METRIC,
        Metric.seq.label("metric_seq"),
        result.dataset_id,
        result.kind,
        result.segment_key,
        result.label,
        result.segment,
        result.name,
        result.status,
        result.value,
        result.rows,
        result.window_end,
        sa.func.row_number().over(partition_by=series, order_by=newest).label("place"),
    )
    query = query.join(MetricVersion, MetricVersion.id == result.metric_version_id)
    query = query.join(
        Metric, sa.and_(Metric.id == MetricVersion.metric_id, Metric.version == MetricVersion.number)
    )
    return query.join(Model, Model.id == Metric.model_id).where(result.as_of <= until).subquery()


def _newest(row: Any) -> Newest:
    shown = {"segment": row["label"], "segment_type": segment_type(row["segment"] or {})}
    labels = tuple(shown[name] if name in shown else row[name] for name in LABELS)
    return Newest(labels, row["status"], row["value"], row["rows"], row["window_end"])


class _Families(Collector):
    """Values as Prometheus reads them; of two segments that look the same the first is shown."""

    def __init__(self, shown: list[Newest], count: int, most: int) -> None:
        self._shown = {one.labels: one for one in reversed(shown)}
        self._count = count
        self._most = most

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The values as families of metrics, for the registry of Prometheus's client."""
        value = GaugeMetricFamily("calcmetric_value", "The newest number of a metric", labels=LABELS)
        state = GaugeMetricFamily(
            "calcmetric_value_state", "1 for the status of the newest result", labels=(*LABELS, "status")
        )
        end = GaugeMetricFamily(
            "calcmetric_value_end_timestamp_seconds", "When its window ended", labels=LABELS
        )
        rows = GaugeMetricFamily("calcmetric_value_rows", "Rows that it was calculated on", labels=LABELS)
        for labels, one in reversed(self._shown.items()):
            if one.status == "ok" and one.value is not None:
                value.add_metric(labels, one.value)
            state.add_metric((*labels, one.status), 1)
            end.add_metric(labels, one.end.timestamp())
            if one.rows is not None:
                rows.add_metric(labels, one.rows)
        most = GaugeMetricFamily("calcmetric_values_most", "How many series are shown at most")
        most.add_metric((), self._most)
        left_out = GaugeMetricFamily("calcmetric_values_left_out", "Series beyond that, which are not shown")
        left_out.add_metric((), self._count - len(self._shown))
        yield from (value, state, end, rows, most, left_out)
