"""What Locust runs against the service: clients that poll validations, and clients that register metrics."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant_pacing, task

PLAN = json.loads(Path(os.environ["CALCMETRIC_LOAD"]).read_text())
METRICS = "/metrics/code-based-metrics"
_keys = itertools.cycle(PLAN["keys"])
_pairs = itertools.cycle(PLAN["pairs"])
_count = itertools.count()


class Client(FastHttpUser):
    """A client with a key of its own."""

    abstract = True

    def on_start(self) -> None:
        """Take a key."""
        self.headers = {"Authorization": f"Bearer {next(_keys)}"}

    def ask(self, method: str, path: str, name: str, **more: Any) -> dict[str, Any] | None:
        """Ask; None if it failed. A pending poll is counted apart, for it waits for news."""
        place = PLAN["base"] + path
        with self.client.request(
            method, place, name=name, headers=self.headers, catch_response=True, **more
        ) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code} {answer.text[:200]}")
                return None
            found: dict[str, Any] = answer.json()
            if isinstance(found, dict) and found.get("status") == "pending":
                answer.request_meta["name"] = "poll, pending"
            return found


class Poller(Client):
    """Polls without a pause, as the page's client does; begins anew when there is an answer."""

    fixed_count = PLAN["pollers"]

    def on_start(self) -> None:
        """Take a key, and a metric to validate."""
        super().on_start()
        metric, dataset = next(_pairs)
        self.body = {"metric_id": metric, "dataset_id": dataset}

    @task
    def validate(self) -> None:
        """One validation, from its start to its answer."""
        again, last = {**self.body, "restart": True}, 0
        answer = self.ask("POST", METRICS + "/validate", "poll, answer", json=again)
        while answer is not None and answer["status"] == "pending":
            if answer["progress"] < last:
                raise AssertionError("progress went back")
            last = answer["progress"]
            answer = self.ask("POST", METRICS + "/validate", "poll, answer", json=self.body)


class Registrar(Client):
    """Registers metrics at an even pace."""

    fixed_count = PLAN["registrars"]
    wait_time = constant_pacing(PLAN["pause"])

    @task
    def register(self) -> None:
        """A metric that is not there yet."""
        code = f"def calc_metric(df):\n    return float(df.count() + {next(_count)})\n"
        body = {"model_id": PLAN["empty"], "name": "m", "code": code}
        self.ask("POST", METRICS, "register", json=body)


class Reader(Client):
    """Reads results."""

    fixed_count = PLAN["readers"]
    wait_time = constant_pacing(1.0)

    @task
    def read(self) -> None:
        """The results of a metric."""
        self.ask("GET", f"{METRICS}/{PLAN['read']}/results", "results")
