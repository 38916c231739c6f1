"""A plugin of pytest: the table of attempts at the end, as far as they were made, by whichever process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.escape.specimen import Specimen, load_all
from tests.escape.table import write_table

# Whether an attempt was stopped, by the specimen's name and the ablation.
Seen = dict[tuple[str, str], bool]
SEEN = pytest.StashKey[Seen]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes: hand what was seen here to the one that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["attempts"] = [[*key, stopped] for key, stopped in session.config.stash.get(SEEN, {}).items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what was seen in another process."""
    seen = node.config.stash.setdefault(SEEN, {})
    for name, ablation, stopped in getattr(node, "workeroutput", {}).get("attempts", ()):
        seen[name, ablation] = stopped


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    seen = config.stash.get(SEEN, {})
    if not seen:
        return

    def was_stopped(specimen: Specimen, ablation: str) -> bool | None:
        return seen.get((specimen.name, ablation))

    tried = {name for name, _ in seen}
    terminalreporter.section("attempts to escape, and how many were seen to be stopped")
    terminalreporter.write_line(write_table([s for s in load_all() if s.name in tried], was_stopped))
