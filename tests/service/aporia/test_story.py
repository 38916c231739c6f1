"""Aporia's own library, unchanged and in an environment of its own, against the service."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.documents import ROOT, blocks
from tests.service.page import METRIC, REGISTER, TRY

# A metric of the story is not answered natively.
pytestmark = [pytest.mark.slow, pytest.mark.spark]

# The library needs another pydantic than ours:
# python3 -m venv .aporia && .aporia/bin/pip install aporia==3.38.0
PYTHON = Path(os.environ.get("CALCMETRIC_APORIA", ROOT / ".aporia")) / "bin" / "python"
STORY = Path(__file__).parent / "story.py"
PAGE = ROOT / "docs" / "aporia.md"
GUIDE = PAGE.read_text()
ROWS = 400


@pytest.fixture(scope="session")
def library() -> Path:
    """The interpreter that has the library; without it the test is skipped, but on CI it fails."""
    if not PYTHON.exists():
        assert not os.environ.get("CI"), "Aporia's library is not installed"
        pytest.skip("Aporia's library is not installed in .aporia")
    return PYTHON


@pytest.fixture(scope="session")
def scored(payments) -> Path:
    """Payments of the last 20 days, with what a model said of them and what they were."""
    path: Path = payments.parent / "scored.parquet"
    now = time.time()
    times = [int((now - 20 * 86400 * n / ROWS) * 1e6) for n in range(ROWS)]
    table = pa.table(
        {
            "ts": pa.array(times, pa.timestamp("us", "UTC")),
            "age": pa.array([20 + n % 30 for n in range(ROWS)], pa.int32()),
            "country": ["DE" if n % 3 else "FR" for n in range(ROWS)],
            "score": [n % 10 / 10 for n in range(ROWS)],
            "label": [n % 10 > 6 for n in range(ROWS)],
        }
    )
    pq.write_table(table, path)
    return path


@pytest.fixture
def tell(library, client, tmp_path, scored) -> Callable[..., Any]:
    """Tells a chapter, and notes which methods it called."""
    url = str(client.http.base_url).rstrip("/")

    def tell(chapter: str, called: set[str]) -> Any:
        words = [library, STORY, chapter, url, client.key, client.workspace, tmp_path, scored]
        done = subprocess.run(words, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        called |= set(answer["called"])
        return answer["told"]

    return tell


def table() -> dict[str, dict[str, set[str]]]:
    """The table of methods, as the guide shows it: by class, by what becomes of them."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, *cells in re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", GUIDE, re.MULTILINE):
        named = [set(re.findall(r"`(\w+)`", cell)) for cell in cells]
        found[name] = dict(zip(("works", "refused", "broken"), named, strict=True))
    return found


def of_all(kind: str) -> set[str]:
    return {f"{name}.{method}" for name, kinds in table().items() for method in kinds[kind]}


def test_the_guide_says_of_every_method_what_becomes_of_it(tell):
    told = tell("methods", set())
    known = {name: sorted(itertools.chain(*kinds.values())) for name, kinds in table().items()}
    assert known == {name: sorted(methods) for name, methods in told["methods"].items()}
    assert sorted(known) == told["classes"]


def run_seed(client: Any, model: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """The two scripts of the page that the service is made after; the metric and its validation."""
    (folder / "my_metric.py").write_text(METRIC)
    texts = iter([client.account, client.workspace, model, client.key])
    script = re.sub(r"<<.*?>>", lambda _: repr(next(texts)), REGISTER + TRY)
    script = script.replace("https://platform.aporia.com", str(client.http.base_url).rstrip("/"))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    [metric] = client.ok("GET", f"/metrics/code-based-metrics?model_id={model}")
    [dataset] = [
        one for one in client.ok("GET", "/datasets") if (one["model_id"], one["stage"]) == (model, "serving")
    ]
    assert '"status": "success"' in done.stdout or "'status': 'success'" in done.stdout, done.stdout
    return metric["id"], client.validate(metric["id"], dataset["id"])


def run_guide(client: Any, library: Path, model: str, metric: str) -> None:
    """The programs of the guide, one after the other."""
    [segment] = [one["id"] for one in client.ok("GET", "/data-segments") if one["name"] == "country"]
    program = "\n".join(block.text for block in blocks(PAGE) if block.language == "py")
    for text, meant in {
        "http://127.0.0.1:8000": str(client.http.base_url).rstrip("/"),
        "THE-KEY": client.key,
        '"fraud"': f'"{client.workspace}"',
        "ID-OF-THE-MODEL": model,
        "ID-OF-THE-SEGMENT": segment,
        "ID-OF-THE-METRIC": metric,
    }.items():
        assert text in program
        program = program.replace(text, meant)
    done = subprocess.run([library, "-c", program], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr


def test_a_story_from_a_stack_to_its_end(tell, library, client, calculated, tmp_path):
    called: set[str] = set()
    built = tell("build", called)
    model = built["id"]
    assert built["same"] and built["model"]["type"] == "binary"
    assert built["model"]["owner"] == "me@acme.example"
    assert built["fields"] == [
        ["country", "raw_inputs", "categorical"], ["age", "features", "numeric"],
        ["score", "predictions", "numeric"], ["label", "actuals", "boolean"],
    ]  # fmt: skip
    assert built["datasets"] == ["serving", "training"] and built["field"] == "numeric"
    segments = {"country": ["DE", "FR"], "age": [20, 30], "groups": ["young", "old"]}
    assert built["values"] == segments and built["buckets"] == segments
    assert built["extended"] == {"country": False, "age": False, "groups": True}
    # One store: our own interface shows what was made.
    shown = client.ok("GET", f"/models/{model}")
    assert [set(one) & {"by", "terms"} for one in shown["segments"]] == [{"by"}, {"by"}, {"terms"}]

    _, validation = run_seed(client, model, tmp_path)
    assert len(validation["segments"]) == 6
    calculated(model)

    asked = tell("ask", called)
    assert 20 <= asked["code"] < 50 and asked["training"] == pytest.approx(34.1, abs=1)
    assert all(20 <= asked[name] < 50 for name in ("day", "odd", "mean"))
    assert 20 <= asked["segments"]["age"][0] < 30 <= asked["segments"]["age"][1] < 40
    assert 20 <= asked["segments"]["groups"][0] < 30 <= asked["segments"]["groups"][1]
    assert all(value is not None for value in asked["segments"]["country"])
    assert asked["precision"] == pytest.approx(0.6, abs=0.05) and 0 <= asked["psi"] < 0.5
    assert "not-offered" in asked["problems"]["unknown"] and "not-found" in asked["problems"]["missing"]
    assert "quantile" in asked["problems"]["batch"] and asked["batch"] == [True, "MetricError"]

    run_guide(client, library, model, validation["metric_id"])

    changed = tell("change", called)
    assert changed["description"] == "changed"
    assert changed["segments"] == {"country": ["DE", "FR", "GB"], "age": [20, 30, 40]}
    assert [list(config) for config in changed["config"]] == [["location"], ["path"]]
    assert tell("destroy", called) == {"left": {}, "model": False, "sources": 0}

    alone = tell("by_hand", called)
    assert all(alone["all"]) and len(alone["gone"]) == 5 and alone["active"] is False
    assert alone["read"]["Model"]["owner"] == "you@acme.example"
    assert alone["read"]["DataSource"]["name"] == "renamed"
    assert alone["read"]["Segment"]["values"] == [20, 40] and alone["read"]["Segment"]["is_global_filter"]
    assert client.ok("GET", "/data-segments") == [] == client.ok("GET", "/datasets")

    refused = tell("refused", called)
    said = {"422 not-offered", "not in the client"}
    wrong = {name: raised for name, raised in refused.items() if raised not in said}
    assert not wrong and set(refused) == of_all("refused")
    assert called == of_all("works") | of_all("refused") | of_all("broken")
