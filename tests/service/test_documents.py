"""What README and the manual say of the service: every resource, every option, and the first requests."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.cli.serve import prune, serve, worker
from tests.documents import PAGES, README, ROOT, blocks, commands

HTTP = ROOT / "docs" / "http.md"
GUIDE = ROOT / "docs" / "pages.md"
RULES = ROOT / "docs" / "rules.md"
SERVICE = ROOT / "docs" / "service.md"
API = HTTP.read_text() + (ROOT / "docs" / "aporia.md").read_text()


def test_every_resource_is_in_the_manual(http):
    for path, methods in http.get("/openapi.json").json()["paths"].items():
        short = path.removeprefix("/api/v1/{account}/{workspace}")
        for method in methods:
            shown = rf"`[A-Z, ]*{method.upper()}[A-Z, ]* {re.escape(short)}`"
            assert re.search(shown, API), (method, short)


def test_every_option_is_in_the_manual():
    settings = SERVICE.read_text()
    for option in [*serve.params, *worker.params, *prune.params]:
        assert f"`{option.opts[0]}" in settings, option.opts


def first_requests(page: Path) -> Iterator[tuple[str, Any]]:
    """The requests that a page's reader sends first: what it calls `post`, with path and body."""
    for block in blocks(page):
        if block.language == "bash":
            for command in commands(block.text):
                if command.words[0] == "post":
                    yield command.words[1], json.loads(command.words[2])


def test_the_first_requests_work_as_printed(client, payments):
    pages = [page for page in PAGES if any(first_requests(page))]
    assert sorted(pages) == sorted([README, HTTP, GUIDE, RULES])
    for number, page in enumerate((README, HTTP, GUIDE)):
        (models, model), (versions, version) = first_requests(page)
        made = client.ok("POST", models, json={**model, "name": f"{model['name']} {number}"})
        assert version["model_id"] == "ID-OF-THE-MODEL"
        version["serving_dataset"]["source"] = str(payments)
        client.ok("POST", versions, json={**version, "model_id": made["id"]})
    metric = client.metric(made["id"], "def calc_metric(df):\n    return df.count()\n")
    [(rules, rule)] = first_requests(RULES)
    client.ok("POST", rules.replace("ID-OF-THE-METRIC", metric), json=rule)
