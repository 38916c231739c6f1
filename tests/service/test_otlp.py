"""Newest values, sent to an OpenTelemetry collector."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from engine import UsageError
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.telemetry.otlp import Sender
from tests.service.newest import TEXT, add_states, database, fill, result

__all__ = ["database"]  # a fixture


@dataclass
class Collector:
    """One that keeps what it is sent."""

    url: str
    sent: list[ExportMetricsServiceRequest]


@pytest.fixture
def collector() -> Iterator[Collector]:
    sent: list[ExportMetricsServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            sent.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Collector(f"http://127.0.0.1:{server.server_port}/v1/metrics", sent)
        server.shutdown()
        thread.join()


def test_values_are_sent_with_their_labels_and_no_more_than_the_cap(
    database: Database, collector: Collector
) -> None:
    fill(
        database,
        result(0, value=0.1),
        result(0, "country = D", value=0.2, segment=TEXT),
        result(0, "country = E", value=None, segment=TEXT),
        result(0, "country = F", value=0.4, segment=TEXT),
    )
    add_states(database, ("", "ok"), ("a", "ok"), ("b", "ok"), ("c", "crossed"))
    sender = Sender(database, Settings(values=3, otlp=collector.url))
    sender.send()
    (sent,) = collector.sent
    sender.close()
    metrics = {one.name: one for one in sent.resource_metrics[0].scope_metrics[0].metrics}
    points = metrics["calcmetric.value"].gauge.data_points
    told = {
        tuple(pair.value.string_value for pair in point.attributes if pair.key in ("metric", "segment")):
            point.as_double
        for point in points
    }  # fmt: skip
    assert told == {("rate", ""): 0.1, ("rate", "country = D"): 0.2}
    assert metrics["calcmetric.values.left_out"].gauge.data_points[0].as_int == 1
    rules = [
        {pair.key: pair.value.string_value for pair in point.attributes}
        for point in metrics["calcmetric.rule.state"].gauge.data_points
    ]
    assert [(one["segment"], one["state"]) for one in rules] == [("c", "crossed"), ("", "ok"), ("a", "ok")]
    assert metrics["calcmetric.rule.states.left_out"].gauge.data_points[0].as_int == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(values=1, otlp="collector:4318"), "the URL of a collector looks like"),
        (Settings(values=1, otlp="http://user:word@collector:4318"), "must not hold a password"),
        (Settings(otlp="http://collector:4318"), "no values are shown"),
    ],
)
def test_a_collector_that_makes_no_sense_is_refused(
    database: Database, settings: Settings, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        Sender(database, settings)
