"""What people look at: how long the service's pages take, and a report and a heat map in a browser."""

from __future__ import annotations

import json
import math
import re
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from benchmarks.show import Row, show_table

_METRICS, _SEGMENTS, _WINDOWS, _TIMES = 1_000, 200, 90, 9
# Until the browser has drawn it: the second frame after the page was loaded.
_DRAWN: Final = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
CODE: Final = "def calc_metric(df):\n    return float(df.count())\n"


@click.command("pages")
def pages() -> None:
    """Pages at 1,000 metrics, and 200 segments by 90 windows as a heat map and as a report, in Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        with _served(Path(folder)) as (base, key, model, metric):
            rows = _asked(base, key, model, metric)
            heat = f"/metric/{metric}/segments?windows={_WINDOWS}"
            rows += _looked_at(
                "heat map in Chromium", base, heat, "1 s", lambda page: _sign_in(page, base, key)
            )
        began = time.perf_counter()
        report = Path(folder) / "report.html"
        _run().save(report)
        size = report.stat().st_size
        rows.append(("report, written", _ms(time.perf_counter() - began), ""))
        rows.append(("report, size", f"{size / 1e6:.2f} MB", "3 MB"))
        rows += _looked_at("report in Chromium", folder, report.as_uri(), "2 s", lambda _: None)
    title = f"{_METRICS:,} metrics, {_SEGMENTS} segments x {_WINDOWS} windows; medians of {_TIMES}"
    show_table(title, ("what", "measured", "aim"), rows)


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:.0f} ms"


def _asked(base: str, key: str, model: str, metric: str) -> list[Row]:
    """Each page, asked for without a browser."""
    import httpx

    rows: list[Row] = []
    with httpx.Client(base_url=base, timeout=60) as http:
        entrance = http.get("/sign-in").text
        [token] = re.findall(r'name="form_token" value="(\w+)"', entrance)
        assert http.post("/sign-in", data={"key": key, "form_token": token}).status_code == 303
        for name, path in (
            ("models", "/"),
            ("a model", f"/models/{model}"),
            ("a model, metrics by name", f"/models/{model}?q=metric"),
            ("a metric's series", f"/metric/{metric}?windows={_WINDOWS}"),
            ("its rules", f"/metric/{metric}/rules"),
            ("its code", f"/metric/{metric}/code"),
            ("its form", f"/metric/{metric}/edit"),
            ("runs", "/runs"),
            ("its heat map", f"/metric/{metric}/segments?windows={_WINDOWS}"),
        ):
            took = []
            for _ in range(_TIMES):
                began = time.perf_counter()
                answer = http.get(path)
                took.append(time.perf_counter() - began)
                assert answer.status_code == 200, (path, answer.status_code)
            aim = "" if "heat" in name else "100 ms"
            rows.append((f"{name}, {len(answer.content) >> 10:,} KiB", _ms(statistics.median(took)), aim))
    return rows


def _looked_at(name: str, base: str, path: str, aim: str, begin: Callable[[Any], None]) -> list[Row]:
    """A page in a browser, from going there until it is drawn."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        return [(name, "there is no chromium", aim)]
    took = []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        begin(page)
        for _ in range(_TIMES):
            began = time.perf_counter()
            page.goto(path if "://" in path else base + path)
            page.evaluate(_DRAWN)
            took.append(time.perf_counter() - began)
        browser.close()
    return [(name, _ms(statistics.median(took)), aim)]


def _sign_in(page: Any, base: str, key: str) -> None:
    page.goto(base)
    page.fill("#key", key)
    page.click("button.main")
    page.wait_for_selector("text=Sign out")


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """A service in this process: its address, a key, a model's id and that of the metric with segments."""
    import uvicorn

    from engine import Engine
    from engine.service.admission.keyring import create_key
    from engine.service.app import make_app
    from engine.service.settings import Settings

    url = f"sqlite:///{folder}/pages.db"
    key = create_key(url, "acme", "fraud")
    model, metric = _fill(url)
    (folder / "data").mkdir()
    settings = Settings(
        database=url, data_roots=(f"*={folder}/data",), calculate=False, requests_per_minute=10**6
    )
    with Engine("spark", roots=(str(folder / "data"),), warm=False) as engine:
        config = uvicorn.Config(make_app(settings, engine=engine), port=0, log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", key, model, metric
        server.should_exit = True
        thread.join()


def _fill(url: str) -> tuple[str, str]:
    import sqlalchemy as sa

    from engine.service.store.database import Database
    from engine.service.store.tables import (
        Metric,
        MetricVersion,
        Model,
        ModelVersion,
        StoredDataset,
        StoredResult,
    )

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with Database.migrated(url) as database, database.session() as session:
        model = Model(account="acme", workspace="fraud", name="payments", aggregation_period="daily",
                      retention="90d", zone="UTC")  # fmt: skip
        session.add(model)
        session.flush()
        data = StoredDataset(model_id=model.id, source="payments.parquet", timestamp="ts")
        session.add(data)
        session.flush()
        session.add(ModelVersion(model_id=model.id, name="v1", serving_id=data.id))
        made = [Metric(model_id=model.id, name=f"metric {number:04}") for number in range(_METRICS)]
        session.add_all(made)
        session.flush()
        codes = [
            MetricVersion(metric_id=one.id, number=1, code=CODE, sha256="0" * 64, warnings=[]) for one in made
        ]
        session.add_all(codes)
        session.flush()
        for place, code in enumerate(codes):
            segments = _SEGMENTS if place == 0 else 0
            values = [*_results(code.id, data.id, segments, today)]
            session.execute(sa.insert(StoredResult), values)
        return model.id, made[0].id


def _results(code: str, dataset: str, segments: int, today: datetime) -> Iterator[dict[str, Any]]:
    for number in range(-1, segments):
        told = {"group": "country", "value": f"C{number:03}", "type": "string"} if number >= 0 else None
        for window in range(_WINDOWS):
            start = today - timedelta(days=_WINDOWS - window)
            status = "no_data" if told and (number + window) % 41 == 0 else "ok"
            yield {
                "metric_version_id": code, "dataset_id": dataset, "kind": "period", "run_id": "r",
                "segment_key": json.dumps(told) if told else "", "segment": told,
                "label": f"country = C{number:03}" if told else "",
                "window_start": start, "window_end": start + timedelta(days=1),
                "as_of": start + timedelta(days=1), "name": "", "status": status,
                "value": math.sin(number + window / 9) if status == "ok" else None,
                "rows": 1_000, "seconds": 0.1, "printed": "", "created_at": today,
            }  # fmt: skip


def _run() -> Any:
    """A run of all data and the segments, over the windows."""
    from engine.models.frame import Frame, Segment
    from engine.models.result import Result
    from engine.models.run import Report, Run, RunTime
    from engine.models.windows import Window

    day = datetime(2026, 8, 1, tzinfo=UTC)
    windows = [Window(day + timedelta(days=n), day + timedelta(days=n + 1)) for n in range(_WINDOWS)]
    results: list[Result] = []
    for number in range(-1, _SEGMENTS):
        segment = None if number < 0 else Segment("country", f"C{number:03}", "string")
        for place, window in enumerate([None, *windows]):
            frame = Frame(len(results), segment, window)
            if number >= 0 and (number + place) % 41 == 0:
                results.append(Result(frame, "no_data", math.nan, 0))
            else:
                results.append(Result(frame, "ok", math.sin(number + place / 9), 1_000))
    time_range = RunTime(day, windows[-1].end)
    return Run("rate", "0" * 64, "spark", "1.0", time_range, tuple(results), Report(seconds=1.5))
