"""The service under load: 200 polling clients, 50 registrations a second, validations, calculation."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from benchmarks.data import events
from benchmarks.show import Row, show_table

_POLLERS, _REGISTRARS, _READERS, _METRICS = 200, 25, 5, 20
_START_SECONDS = 60
_AIM = "0"
COUNT = "def calc_metric(df):\n    return float(df.count())\n"


@click.command("service")
@click.option("--backend", default="spark", show_default=True, help="Which backend.")
@click.option("--database", help="URL of an empty database; by default SQLite in a folder of its own.")
@click.option("--per-second", default=50, show_default=True, help="Registrations.")
@click.option("--seconds", default=30, show_default=True, help="How long.")
def service(backend: str, database: str | None, per_second: int, seconds: int) -> None:
    """A server on this machine under load, on loopback alone: latencies, and what was lost or doubled."""
    path = events(100_000)
    with tempfile.TemporaryDirectory() as folder:
        url = database or f"sqlite:///{folder}/calcmetric.db"
        with running_server(Path(folder), url, backend, path.parent) as base:
            load = _Load(base, url, path)
            stats = load.run(Path(folder), per_second, seconds)
            checks = load.check(stats)
    title = (
        f"{_POLLERS} polling clients, {per_second} registrations a second, {_READERS} readers, {seconds} s, "
        f"{backend}, {url.partition(':')[0]}; the load comes from the same machine"
    )
    columns = ("request", "answered", "a second", "p50", "p99", "failed")
    show_table(title, columns, [_row(one, seconds) for one in stats])
    show_table("afterwards", ("what", "found", "aim"), checks)


class _Load:
    """A workspace with metrics to validate, one that is calculated, and a model for new ones."""

    def __init__(self, base: str, database: str, path: Path) -> None:
        import httpx

        self._keys = make_keys(database, _POLLERS + _REGISTRARS + _READERS)
        headers = {"Authorization": f"Bearer {self._keys[0]}"}
        self._http = httpx.Client(base_url=base, headers=headers, timeout=60)
        self._place = "/api/v1/load/test"
        self._host = base
        segments = [{"by": "country"}, {"by": "age", "buckets": [18, 25, 40, 65]}]
        body = {"name": "m", "aggregation_period": "daily", "retention": "30d", "segments": segments}
        self._empty = self._post("/models", body)["id"]
        model = self._post("/models", body)["id"]
        version = {"model_id": model, "name": "v", "serving_dataset": {"source": str(path)}}
        dataset = self._post("/model-versions", version)["serving_dataset"]["id"]
        made = [self._register(model, f"{COUNT}# {number}") for number in range(_METRICS)]
        self._pairs = [(metric, dataset) for metric in made]

    def run(self, folder: Path, per_second: int, seconds: int) -> list[dict[str, Any]]:
        """Let Locust ask for some seconds; return what it counted, by the kind of request."""
        plan = {
            "base": self._place, "keys": self._keys, "pairs": self._pairs, "empty": self._empty,
            "read": self._pairs[0][0], "pollers": _POLLERS, "registrars": _REGISTRARS, "readers": _READERS,
            "pause": _REGISTRARS / per_second,
        }  # fmt: skip
        (folder / "plan.json").write_text(json.dumps(plan))
        words = [sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("service_load.py"))]
        words += ["--headless", "--json", "--host", self._host, "--run-time", f"{seconds}s"]
        users = _POLLERS + _REGISTRARS + _READERS
        words += ["--users", str(users), "--spawn-rate", str(users), "--stop-timeout", "10"]
        env = {**os.environ, "CALCMETRIC_LOAD": str(folder / "plan.json")}
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=seconds + 120)
        stats: list[dict[str, Any]] = json.loads(done.stdout)
        if failures := [one for one in stats if one["num_failures"]]:
            print(done.stderr[-3000:], failures[0]["name"])
        return stats

    def check(self, stats: list[dict[str, Any]]) -> list[Row]:
        """What was lost or doubled."""
        registered = sum(
            one["num_requests"] - one["num_failures"] for one in stats if one["name"] == "register"
        )
        kept = [one["id"] for one in self._get("/metrics/code-based-metrics", model_id=self._empty)]
        missing = [self._until_calculated(metric) for metric, _ in self._pairs]
        placed = Counter(str(place) for places in missing for place in places)
        again = sum(count - 1 for count in placed.values())
        uncalculated = sum(not places for places in missing)
        return [
            ("registrations that were answered and are not kept", str(max(0, registered - len(kept))), _AIM),
            ("registrations that are kept twice", str(len(kept) - len(set(kept))), _AIM),
            ("metrics that were not calculated", str(uncalculated), _AIM),
            ("results that are there twice", str(again), _AIM),
        ]

    def _until_calculated(self, metric: str) -> list[tuple[Any, ...]]:
        """The places of a metric's results, once there are some."""
        until = time.monotonic() + _START_SECONDS
        while True:
            path = f"/metrics/code-based-metrics/{metric}/results"
            found = self._get(path, history="true")["results"]
            if found or time.monotonic() > until:
                return [(metric, one["label"], str(one["window"]), one["as_of"]) for one in found]
            time.sleep(0.5)

    def _register(self, model: str, code: str) -> str:
        made: str = self._post("/metrics/code-based-metrics", {"model_id": model, "name": "m", "code": code})[
            "id"
        ]
        return made

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._http.post(self._place + path, json=body).raise_for_status().json()

    def _get(self, path: str, **params: str) -> Any:
        return self._http.get(self._place + path, params=params).raise_for_status().json()


def make_keys(url: str, count: int, account: str = "load") -> list[str]:
    """Keys of an account, for its workspace `test`."""
    from engine.service.admission.keys import digest_key, make_key
    from engine.service.store.database import Database
    from engine.service.store.tables import Key

    keys, database = [make_key() for _ in range(count)], Database(url)
    with database.session() as session:
        session.add_all(Key(account=account, workspace="test", digest=digest_key(key)) for key in keys)
    database.close()
    return keys


def _row(one: dict[str, Any], seconds: int) -> Row:
    times = sorted((float(time_), count) for time_, count in one["response_times"].items())
    total = one["num_requests"]
    return (
        one["name"], str(total), f"{total / seconds:.0f}", _percentile(times, 0.5), _percentile(times, 0.99),
        str(one["num_failures"]),
    )  # fmt: skip


def _percentile(times: list[tuple[float, int]], part: float) -> str:
    wanted, seen = part * sum(count for _, count in times), 0
    for milliseconds, count in times:
        seen += count
        if seen >= wanted:
            return f"{milliseconds:.0f} ms"
    return "-"


@contextlib.contextmanager
def running_server(folder: Path, database: str, backend: str, root: Path) -> Iterator[str]:
    """`calcmetric serve`, ready; its address."""
    with running_process(folder, database, backend, str(root)) as (base, _):
        yield base


@contextlib.contextmanager
def running_process(
    folder: Path, database: str, backend: str, root: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`calcmetric serve`, ready; its address and its process."""
    import httpx

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    words = [sys.executable, "-m", "engine.cli", "serve", "--port", str(port), "--database", database]
    words += ["--backend", backend, "--data-root", root]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(words, stderr=log, stdout=log)
    base = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _START_SECONDS
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(base + "/readyz").status_code == 200:
                    break
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit((folder / "log").read_text())
            time.sleep(0.1)
        yield base, process
        lines = (folder / "log").read_text().splitlines()
        if (found := next((line for line in lines if "Traceback" in line), None)) is not None:
            print("the server's log has a traceback, which ends:", found[-2000:])
    finally:
        process.terminate()
        process.wait(30)
