"""The service for an honest account beside a hostile one: what that costs the honest one, and what it loses.

The honest account's work is a round: it registers a metric, validates it, has some days calculated, and
reads lists and results; every status and value is looked at. Rounds alone and beside each kind of hostility
go by turns. With `--hours` all kinds go on at once for so long, and rounds of the honest account in between.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data import CATEGORIES, COUNTRIES
from benchmarks.service import make_keys, running_process
from benchmarks.show import Row, seconds, show_table
from engine.effort import look_at, spent, tree

_MOST_TIMES: Final = 3.0
_MOST_BYTES: Final = 2 << 30
_PATIENCE_SECONDS: Final = 900.0
# How long the hostile account waits for an answer: not for long, so that each kind ends soon.
_HOSTILE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
# Between two connections that say nothing: each that is closed is replaced within seconds.
_CONNECT_SECONDS: Final = 0.002
_SETTLE_SECONDS: Final = 5.0
# The service rests if it needs less than this part of a processor for so long.
_REST_SECONDS: Final = 2.0
_RESTS: Final = 0.1
_DAYS: Final = 12
_ALL: Final = "all"
_ANEW_SECONDS: Final = 600.0
_METRICS: Final = "/metrics/code-based-metrics"
_START: Final = "from pyspark.sql import functions as F\n\n\n"
_HONEST: Final = _START + (
    "def calc_metric(df):\n"
    "    row = df.agg(F.avg('amount').alias('a'), F.count('*').alias('c')).first()\n"
    "    kinds = df.groupBy('category').count().toPandas()\n"
    "    return row['a'] + len(kinds) / row['c']\n"
)
_SPIN: Final = "def calc_metric(df):\n    while True:\n        pass\n"
_MEMORY: Final = {
    "a type that doubles": (
        "    d = df.select(F.struct(F.col('age').alias('x' * 100_000)).alias('a'))\n"
        "    for _ in range(8):\n"
        "        d = d.select(F.struct(F.col('a').alias('b'), F.col('a').alias('c')).alias('a'))\n"
        "    return len(d.columns)\n"
    ),
    "wide rows": (
        "    for i in range(50):\n"
        "        df.select(F.repeat(F.lit('x'), 60_000 + i).alias('a')).limit(1_000).toPandas()\n"
        "    return 1\n"
    ),
    "long rows": (
        "    for i in range(50):\n"
        "        df.limit(6).select(F.repeat(F.lit('x'), 100_000_000 + i).alias('a')).toPandas()\n"
        "    return 1\n"
    ),
    "states": (
        "    many = [F.max(F.repeat(F.lit('x'), 200_000 + i)).alias(f'm{i}') for i in range(20)]\n"
        "    return df.agg(F.count('*').alias('c'), *many).first()['c']\n"
    ),
    "its own": "    held = []\n    while True:\n        held.append(b'x' * 10**7)\n",
}
_KILLS: Final = (
    "    return df.agg(F.sum(F.size(F.array_repeat(F.lit('x'), F.lit(900_000_000))))).first()[0]\n"
)
_BUSY: Final = (
    "    while True:\n"
    "        try:\n"
    "            df.select(*[F.lit(i).alias(f'c{i}') for i in range(3_000)]).schema\n"
    "        except Exception:\n"
    "            pass\n"
)


@dataclass(slots=True)
class Account:
    """A client of one account; each thread may use it."""

    base: str
    name: str
    key: str
    patience: float = _PATIENCE_SECONDS
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        """The status and the body of an answer; 0 if there is none."""
        import httpx

        url = f"{self.base}/api/v1/{self.name}/test{path}"
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            answer = httpx.request(
                method,
                url,
                json=body,
                params=params,
                headers=headers,
                timeout=self.patience,
                verify=False,  # reading all certificates takes longer than most answers
            )
        except httpx.HTTPError as error:
            return 0, repr(error)
        try:
            return answer.status_code, answer.json() if answer.content else None
        except ValueError:  # an error that nobody foresaw, which the service's log tells
            return answer.status_code, answer.text

    def good(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The body of an answer that has to be good; also while the server's own limits ask for patience."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            status, found = self.ask(method, path, body, **params)
            if status == 200:
                return found
            if status != 429 or time.monotonic() > until:
                raise Wrong(f"{method} {path}: {status} {str(found)[:300]}")
            time.sleep(1)

    def model(self, source: Path) -> tuple[str, str]:
        """A model with data; its id and the dataset's."""
        name = f"m{next(self.numbers)}"
        segments = [{"by": "country"}]
        body = {
            "name": name,
            "aggregation_period": "daily",
            "retention": f"{_DAYS - 2}d",
            "segments": segments,
        }
        model = self.good("POST", "/models", body)["id"]
        serving = {"source": str(source), "timestamp": "ts"}
        version = self.good(
            "POST", "/model-versions", {"model_id": model, "name": "v", "serving_dataset": serving}
        )
        return model, version["serving_dataset"]["id"]

    def metric(self, model: str, code: str) -> str:
        """A metric of a model; its id."""
        code += f"# {next(self.numbers)}\n"
        body = {"model_id": model, "name": "m", "code": code}
        made: str = self.good("POST", _METRICS, body)["id"]
        return made


class Wrong(Exception):
    """The honest account did not get what it has to get."""


@dataclass(slots=True)
class Honest:
    """The honest account's work."""

    account: Account
    model: str
    dataset: str
    values: dict[Any, float] = field(default_factory=dict)

    def round(self) -> float:
        """One round, in seconds.

        Raises:
            Wrong: a status or a value is not what it is alone, or something is lost.
        """
        began = time.monotonic()
        metric = self.account.metric(self.model, _HONEST)
        answer = self._validated(metric)
        if answer["status"] != "success" or not all(one["status"] == "ok" for one in answer["segments"]):
            raise Wrong(f"a validation ended with {answer['status']}: {answer['error']}")
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = (today - timedelta(days=days) for days in (_DAYS - 2, 1))
        body = {"model_id": self.model, "metric_id": metric}
        body |= {"start": start.isoformat(), "end": end.isoformat()}
        asked = self.account.good("POST", "/metrics/recalculate", body)
        for one in self._calculated(metric, asked):
            if one["status"] != "ok":
                raise Wrong(f"a result is {one['status']}: {one}")
            self._same((str(one["window"]), one["label"]), one["value"])
        if not any(one["id"] == metric for one in self.account.good("GET", _METRICS, model_id=self.model)):
            raise Wrong("a metric is lost")
        self.account.good("DELETE", f"{_METRICS}/{metric}")
        return time.monotonic() - began

    def _validated(self, metric: str) -> Any:
        until = time.monotonic() + _PATIENCE_SECONDS
        body = {"metric_id": metric, "dataset_id": self.dataset}
        while time.monotonic() < until:
            answer = self.account.good("POST", f"{_METRICS}/validate", body)
            if answer["status"] != "pending":
                return answer
        raise Wrong("a validation does not end")

    def _calculated(self, metric: str, asked: Any) -> list[Any]:
        """The results that were asked for, once all of them are there, each once."""
        until, found = time.monotonic() + _PATIENCE_SECONDS, []
        wanted = asked["windows"] * (1 + len(COUNTRIES))
        while time.monotonic() < until:
            path = f"{_METRICS}/{metric}/results"
            page = self.account.good("GET", path, history="true", limit=10_000)["results"]
            found = [one for one in page if one["as_of"] == asked["as_of"]]
            if len(found) == wanted:
                return found
            time.sleep(_LOOK_SECONDS)
        raise Wrong(f"{len(found)} results, of {wanted}")

    def _same(self, place: Any, value: float) -> None:
        before = self.values.setdefault(place, value)
        if value is None or abs(before - value) > 1e-9 * abs(before):
            raise Wrong(f"{place}: {value}, which was {before}")


class Hostile:
    """What the hostile account does, kind by kind, each in threads that stop when they are told to."""

    def __init__(self, account: Account, source: Path, address: tuple[str, int]) -> None:
        self._account = account
        self._source = source
        self._address = address
        self._model, self._dataset = account.model(source)
        self.kinds: dict[str, Callable[[threading.Event], None]] = {
            "recalculations": self._recalculates,
            "validations": lambda over: self._validates(over, lambda: _SPIN),
            "registrations": self._registers,
            "silent connections": self._connects,
            "memory metrics": lambda over: self._validates(over, _in_turn(list(_MEMORY.values()))),
            "servers killed": lambda over: self._validates(over, _in_turn([_KILLS])),
            "interpreter kept busy": lambda over: self._validates(over, _in_turn([_BUSY])),
        }

    @contextlib.contextmanager
    def at_work(self, *names: str) -> Iterator[None]:
        """These kinds go on meanwhile."""
        over = threading.Event()
        threads = [
            threading.Thread(target=self.kinds[name], args=(over,), name=name, daemon=True) for name in names
        ]
        for thread in threads:
            thread.start()
        time.sleep(_SETTLE_SECONDS)
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(_PATIENCE_SECONDS)
            self._tidy()

    def _recalculates(self, over: threading.Event) -> None:
        model = ""
        while not (model or over.is_set()):  # beside other kinds its own requests wait for each other
            with contextlib.suppress(Wrong):
                model, _ = self._account.model(self._source)
                self._account.metric(model, _SPIN)
        while not over.is_set():
            year = 2000 + next(self._account.numbers) % 20
            body = {"model_id": model, "start": f"{year}-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
            self._account.ask("POST", "/metrics/recalculate", body)
            over.wait(0.2)
        self._account.ask("DELETE", f"/models/{model}")

    def _validates(self, over: threading.Event, code: Callable[[], str]) -> None:
        """Many validations at a time, all the time."""

        def one() -> None:
            while not over.is_set():
                with contextlib.suppress(Wrong):
                    body = {"metric_id": self._register(code()), "dataset_id": self._dataset}
                    status, answer = 200, {"status": "pending"}
                    while not over.is_set() and status in (200, 429) and _is_pending(answer):
                        status, answer = self._account.ask("POST", f"{_METRICS}/validate", body)
                        over.wait(0.1)
                    self._account.ask("DELETE", f"{_METRICS}/validate", None, **body)

        _all(12, one)

    def _registers(self, over: threading.Event) -> None:
        line = "    lambda:a\n"
        code = "def calc_metric(df):\n" + line * (250_000 // len(line)) + "    return 1\n"

        def one() -> None:
            while not over.is_set():
                body = {
                    "model_id": self._model,
                    "name": "m",
                    "code": f"{code}# {next(self._account.numbers)}\n",
                }
                self._account.ask("POST", _METRICS, body)

        _all(12, one)

    def _connects(self, over: threading.Event) -> None:
        held: list[socket.socket] = []
        while not over.is_set():
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(self._address, timeout=5))
            if len(held) > 1_500:
                held.pop(0).close()
            over.wait(_CONNECT_SECONDS)
        for one in held:
            one.close()

    def _register(self, code: str) -> str:
        body = {
            "model_id": self._model,
            "name": "m",
            "code": f"{_START}{code}# {next(self._account.numbers)}\n",
        }
        status, made = self._account.ask("POST", _METRICS, body)
        if status != 200:
            raise Wrong(str(made))
        return str(made["id"])

    def _tidy(self) -> None:
        """Delete what there is, so that the next kind begins with nothing waiting."""
        patient = replace(self._account, patience=_PATIENCE_SECONDS)  # its own requests are before these
        for model in patient.good("GET", "/models"):
            patient.ask("DELETE", f"/models/{model['id']}")
        self._model, self._dataset = patient.model(self._source)


def _is_pending(answer: Any) -> bool:
    return not isinstance(answer, dict) or answer.get("status", "pending") == "pending"


def _in_turn(bodies: list[str]) -> Callable[[], str]:
    """Metrics with these bodies, one after the other."""
    turn = itertools.cycle(bodies)
    return lambda: f"def calc_metric(df):\n{next(turn)}"


def _all(count: int, task: Callable[[], None]) -> None:
    """Do something in so many threads, and wait for all of them."""
    threads = [threading.Thread(target=task, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass(slots=True)
class Scene:
    """A running service with both accounts."""

    honest: Honest
    hostile: Hostile
    pid: int

    def measure(self, kinds: Sequence[str], turns: int) -> tuple[float, float, int]:
        """Medians of rounds alone and beside these kinds, by turns, and the most memory of the service."""
        alone, beside = [], []
        self.forget_peak()
        for _ in range(turns):
            self.rest()
            alone.append(self.honest.round())
            with self.hostile.at_work(*kinds):
                beside.append(self.honest.round())
            print(f"  alone {alone[-1]:.1f} s, beside {beside[-1]:.1f} s", flush=True)
        return statistics.median(alone), statistics.median(beside), self.peak()

    def rest(self) -> None:
        """Wait until the service does nothing any more of what the hostile account sent."""
        until = time.monotonic() + _PATIENCE_SECONDS
        before = look_at(tree(self.pid))
        while time.monotonic() < until:
            time.sleep(_REST_SECONDS)
            now = look_at(tree(self.pid))
            if spent(before, now).ran < _RESTS * _REST_SECONDS:
                return
            before = now

    def forget_peak(self) -> None:
        """Let the most memory be counted anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak(self) -> int:
        """The most memory of the service's process since then, in bytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


@click.command("accounts")
@click.option("--backend", default="spark", show_default=True, help="Which backend.")
@click.option("--rows", default=100_000, show_default=True, help="Rows of the data.")
@click.option("--turns", default=3, show_default=True, help="Rounds alone, and beside each kind.")
@click.option("--kind", "only", multiple=True, help="One kind of hostility, or 'all'; may be repeated.")
@click.option("--hours", default=0.0, help="Instead, let all kinds go on at once for so long.")
def accounts(backend: str, rows: int, turns: int, only: tuple[str, ...], hours: float) -> None:
    """An honest account of the service beside a hostile one: what it loses has to be nothing."""
    with (
        tempfile.TemporaryDirectory(prefix="calcmetric-accounts-") as folder,
        _scene(Path(folder), backend, rows) as scene,
    ):
        first = [scene.honest.round() for _ in range(2)]  # the server is cold before
        if hours:
            good = _soak(scene, hours * 3_600, min(first))
        else:
            title = f"{rows:,} rows, {backend}, an honest account beside a hostile one"
            good = _table(scene, title, only or (*scene.hostile.kinds, _ALL), turns)
    print("nothing was lost, and every bound holds" if good else "a bound does not hold")
    sys.exit(not good)


def _table(scene: Scene, title: str, names: Sequence[str], turns: int) -> bool:
    """Measure these kinds, and show them; whether all bounds hold."""
    rows: list[Row] = []
    good = True
    for name in names:
        kinds = tuple(scene.hostile.kinds) if name == _ALL else (name,)
        try:
            alone, beside, peak = scene.measure(kinds, turns)
        except Wrong as wrong:
            good = False
            rows.append((name, "", "", "", "", str(wrong)))
            print(f"{name}: {wrong}", flush=True)
            continue
        ratio = beside / alone
        good &= ratio <= _MOST_TIMES and peak <= _MOST_BYTES
        times = f"{ratio:.2f} x"
        rows.append((name, seconds(alone), seconds(beside), times, f"{peak >> 20} MiB", "nothing"))
        print(", ".join(rows[-1]), flush=True)  # all of it takes the better part of an hour
    aims = f"aims: {_MOST_TIMES:g} x, {_MOST_BYTES >> 20} MiB, nothing lost"
    columns = ("beside", "alone", "beside it", "ratio", "service's memory", "lost or wrong")
    show_table(title, columns, rows, (aims,))
    return good


def _soak(scene: Scene, lasts: float, alone: float) -> bool:
    """Rounds beside all kinds for so many seconds, a line for each; whether all bounds hold."""
    until, rounds = time.monotonic() + lasts, list[float]()
    try:
        while time.monotonic() < until:
            # Anew now and then, so that what deleting leaves behind is part of it.
            with scene.hostile.at_work(*scene.hostile.kinds):
                pause = min(until, time.monotonic() + _ANEW_SECONDS)
                while time.monotonic() < pause or not rounds:
                    scene.forget_peak()
                    rounds.append(scene.honest.round())
                    print(
                        f"round {len(rounds)}: {rounds[-1]:.1f} s, {rounds[-1] / alone:.2f} x, "
                        f"{scene.peak() >> 20} MiB",
                        flush=True,
                    )
                    if scene.peak() > _MOST_BYTES:
                        return False
    except Wrong as wrong:
        print(f"lost or wrong: {wrong}")
        return False
    return statistics.median(rounds) <= _MOST_TIMES * alone


@contextlib.contextmanager
def _scene(folder: Path, backend: str, rows: int) -> Iterator[Scene]:
    source = folder / "data" / "events.parquet"
    source.parent.mkdir()
    _write(source, rows)
    database = f"sqlite:///{folder}/calcmetric.db"
    with running_process(folder, database, backend, f"*={source.parent}") as (base, process):
        honest = Account(base, "honest", make_keys(database, 1, "honest")[0])
        hostile = Account(base, "hostile", make_keys(database, 1, "hostile")[0], _HOSTILE_SECONDS)
        model, dataset = honest.model(source)
        parts = urlsplit(base)
        address = (str(parts.hostname), int(parts.port or 80))
        yield Scene(Honest(honest, model, dataset), Hostile(hostile, source, address), process.pid)


def _write(path: Path, rows: int) -> None:
    """Rows of the last days, the same ones at each run but for their time."""
    random = np.random.default_rng(7)
    end = datetime.now(UTC)
    ages = np.linspace(0, _DAYS * 86_400, rows, endpoint=False)
    moments = pa.array(((end.timestamp() - ages) * 1e6).astype("int64"), pa.timestamp("us", "UTC"))
    columns = {
        "ts": moments,
        "country": [COUNTRIES[i % len(COUNTRIES)] for i in range(rows)],
        "category": [CATEGORIES[i % len(CATEGORIES)] for i in range(rows)],
        "age": random.integers(13, 95, rows, dtype=np.int32),
        "amount": random.gamma(2.0, 30.0, rows),
    }
    pq.write_table(pa.table(columns), path)
