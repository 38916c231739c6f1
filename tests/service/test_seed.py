"""The client scripts of the page that the service is made after, as they stand, against a real server."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import SECRETS, Client, Server, connect, running, wait_for
from tests.service.page import METRIC, REGISTER, TRY


def filled(script: str, server: Server, model: str) -> str:
    """The script with its placeholders filled, and the base address."""
    texts = iter(["acme", "fraud", model, server.key])
    script = re.sub(r"<<.*?>>", lambda _: repr(next(texts)), script)
    return script.replace("https://platform.aporia.com", server.url)


def run_script(folder: Path, script: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_pages_scripts_run_as_they_stand(tmp_path, payments):
    (tmp_path / "my_metric.py").write_text(METRIC)
    with running(tmp_path, payments) as server, connect(server.url) as http:
        client = Client(http, "acme", "fraud", server.key)
        model, _, _ = client.model(payments, segments=[{"by": "country"}])
        out = run_script(tmp_path, filled(REGISTER, server, model))
        assert re.fullmatch(r"Successfully created metric, id: \w+\n", out)

        # The second script goes on in the names of the first.
        lines = run_script(tmp_path, filled(REGISTER + TRY, server, model)).splitlines()
        assert lines[-2] == "200"
        answer = ast.literal_eval(lines[-1])
        assert answer["status"] == "success" and 20 <= answer["value"] < 70
        assert {one["segment"]["value"] for one in answer["segments"]} == {"DE", "FR"}
        progress = [int(line.partition("%")[0]) for line in lines[1:-2]]
        assert progress == sorted(progress)
        metrics = client.ok("GET", f"/metrics/code-based-metrics?model_id={model}")
        assert len(metrics) == 2
        # All data and two countries: the retention, and each of its ten days.
        path = f"/metrics/code-based-metrics/{metrics[-1]['id']}/results"
        wait_for(lambda: len(client.ok("GET", path)["results"]) == 33, 120)
    log = server.log.read_text()
    assert '"run_id"' in log and not any(secret in log for secret in SECRETS)
    assert "Traceback" not in log
