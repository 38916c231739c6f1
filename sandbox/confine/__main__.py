"""`python -m sandbox.confine`: what this host offers, and what a real worker on it can reach, as JSON.

Untrusted side, standard library only; the program that `calcmetric doctor` starts, because the engine
does not import confinement. With `--without-namespaces` it tries the lower level. It prints
{"host": {a HostReport}, "level": "full" | "landlock" | "none", "attempts": [{"name", "blocked", "by",
"expected", "detail"}], "servers": {"confined", "private", "reason"}, "error": "" or why workers cannot be
confined}. Exit status 0 if all that this
level promises to block was blocked, else 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from sandbox.confine import ConfinementError, Level, enter_jail, prepare, probe_host
from sandbox.confine.landlock import NETWORK_ABI
from sandbox.confine.network import permitted_network
from sandbox.confine.trial import Trial, run_attempts


def main() -> int:
    """Probe, enter the jail, try everything, print."""
    host = probe_host()
    servers = _probe_servers(host.landlock_abi)
    level, error = Level.NONE, ""
    trials: tuple[Trial, ...] = ()
    try:
        level = enter_jail(namespaces="--without-namespaces" not in sys.argv[1:])
        trials = run_attempts(prepare(), level)
    except ConfinementError as failure:
        error = str(failure)
    report = {
        "host": {**asdict(host), "level": host.level.value},
        "servers": servers,
        "level": level.value,
        "attempts": [asdict(trial) for trial in trials],
        "error": error,
    }
    json.dump(report, sys.stdout)
    return 1 if error or any(trial.expected and not trial.blocked for trial in trials) else 0


def _probe_servers(landlock_abi: int) -> dict[str, object]:
    """Whether local servers can be confined, and have a network of their own, or why not."""
    flags, reason = permitted_network()
    return {"confined": landlock_abi >= NETWORK_ABI, "private": flags is not None, "reason": reason}


if __name__ == "__main__":
    sys.exit(main())
