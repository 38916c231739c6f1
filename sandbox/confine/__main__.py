"""`python -m sandbox.confine`: what this host offers, and what a real worker on it can reach, as JSON.

Untrusted side, standard library only; the program that `calcmetric doctor` starts, because the engine
does not import confinement. With `--without-namespaces` it tries the lower level. It prints
{"host": {a HostReport}, "level": "full" | "landlock" | "none", "attempts": [{"name", "blocked", "by",
"expected", "detail"}], "servers": {"level": "own network" | "port rules" | "files only" | null, which means
none is started, "files_only": the same if the operator accepts servers that are confined to their files only,
"reason": why they have no network of their own, or ""}, "error": "" or why workers cannot be confined}. Exit
status 0 if all that this level promises to block was blocked, else 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from sandbox.confine import ConfinementError, HostReport, Level, enter_jail, prepare, probe_host
from sandbox.confine.offers import ServerLevel, server_level
from sandbox.confine.trial import AttemptResult, run_attempts


def main() -> int:
    """Probe, enter the jail, try everything, print."""
    host = probe_host()
    level, error = Level.NONE, ""
    results: tuple[AttemptResult, ...] = ()
    try:
        level = enter_jail(namespaces="--without-namespaces" not in sys.argv[1:])
        results = run_attempts(prepare(), level)
    except ConfinementError as failure:
        error = str(failure)
    report = {
        "host": {**asdict(host), "level": host.level.value},
        "servers": _describe_servers(host),
        "level": level.value,
        "attempts": [asdict(result) for result in results],
        "error": error,
    }
    json.dump(report, sys.stdout)
    return 1 if error or any(result.expected and not result.blocked for result in results) else 0


def _describe_servers(host: HostReport) -> dict[str, str | None]:
    """How local servers are confined here, as the operator chooses."""
    return {
        "level": _name(server_level(host.facts)),
        "files_only": _name(server_level(host.facts, files_only=True)),
        "reason": host.network_reason,
    }


def _name(level: ServerLevel | None) -> str | None:
    return None if level is None else level.value


if __name__ == "__main__":
    sys.exit(main())
