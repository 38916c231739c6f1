"""The newest values, sent to an OpenTelemetry collector: off unless the operator names one.

What a collector needs to know who we are stands in OpenTelemetry's own variables, such as
OTEL_EXPORTER_OTLP_HEADERS. One that is away costs nothing but its warnings in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from engine.errors import UsageError
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.telemetry.rule_values import RULE_LABELS, rule_states
from engine.service.telemetry.values import LABELS, newest_values
from engine.version import VERSION

_EVERY_MS: Final = 60_000
_TIMEOUT_SECONDS: Final = 10


class Sender:
    """Sends the newest values every minute, until it is closed."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Start to send.

        Args:
            database: of the service.
            settings: of the operator; they name a collector.

        Raises:
            UsageError: the URL is none, no values are shown, or what sends them is not installed.
        """
        url, self._most = _check(settings)
        try:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
            from opentelemetry.sdk.resources import Resource
        except ModuleNotFoundError as error:
            raise UsageError(
                f"sending values needs {error.name}, which is not installed: pip install 'calcmetric[otlp]'"
            ) from None
        self._database = database
        exporter = OTLPMetricExporter(endpoint=url, timeout=_TIMEOUT_SECONDS)
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=_EVERY_MS)
        resource = Resource.create({"service.name": "calcmetric", "service.version": VERSION})
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = self._provider.get_meter("calcmetric", VERSION)
        meter.create_observable_gauge(
            "calcmetric.value", [self._observe], description="The newest number of a metric"
        )
        meter.create_observable_gauge(
            "calcmetric.values.left_out", [self._left_out], description="Series beyond the cap"
        )
        meter.create_observable_gauge(
            "calcmetric.rule.state", [self._observe_rules], description="1 for the state of a rule"
        )
        meter.create_observable_gauge(
            "calcmetric.rule.states.left_out", [self._rules_left_out], description="States beyond the cap"
        )

    def send(self) -> None:
        """Send now instead of at the next interval, and wait until it has been sent."""
        self._provider.force_flush()

    def close(self) -> None:
        """Send once more, and stop."""
        self._provider.shutdown()

    def _observe(self, _: Any) -> Iterator[Any]:
        from opentelemetry.metrics import Observation

        shown, _count = newest_values(self._database, self._most)
        for one in shown:
            if one.status == "ok" and one.value is not None:
                yield Observation(one.value, dict(zip(LABELS, one.labels, strict=True)))

    def _left_out(self, _: Any) -> Iterable[Any]:
        from opentelemetry.metrics import Observation

        shown, count = newest_values(self._database, self._most)
        return [Observation(count - len(shown))]

    def _observe_rules(self, _: Any) -> Iterator[Any]:
        from opentelemetry.metrics import Observation

        shown, _count = rule_states(self._database, self._most)
        for labels in shown:
            yield Observation(1, dict(zip(RULE_LABELS, labels, strict=True)))

    def _rules_left_out(self, _: Any) -> Iterable[Any]:
        from opentelemetry.metrics import Observation

        shown, count = rule_states(self._database, self._most)
        return [Observation(count - len(shown))]


def _check(settings: Settings) -> tuple[str, int]:
    url = settings.otlp or ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"the URL of a collector looks like https://collector.example:4318/v1/metrics, not {url!r}"
        )
    if parts.username or parts.password:
        raise UsageError("the URL of a collector must not hold a password; set OTEL_EXPORTER_OTLP_HEADERS")
    if settings.values is None:
        raise UsageError("no values are shown, so none can be sent: also set how many series to show at most")
    return url, settings.values
