"""How far workers and servers must be confined, as operators say it."""

from __future__ import annotations

from typing import Final, Literal, get_args

# The levels that one may require of workers (see `sandbox.contract.control.LEVELS`).
ConfinedIsolation = Literal["full", "landlock"]
CONFINED_ISOLATIONS: Final[tuple[ConfinedIsolation, ...]] = get_args(ConfinedIsolation)
# What `Engine(isolation=...)` takes: the weakest protection of workers that it will work with.
UNCONFINED: Final = "unconfined-for-my-own-code-only"
Isolation = Literal[ConfinedIsolation, "unconfined-for-my-own-code-only"]
DEFAULT_ISOLATION: Final = "landlock"
# What `Engine(server_isolation=...)` takes: what of a local server has to be confined.
FILES_AND_NETWORK: Final = "files-and-network"
FILES_ONLY: Final = "files-only"
ServerIsolation = Literal["files-and-network", "files-only"]
SERVER_ISOLATIONS: Final[tuple[ServerIsolation, ...]] = get_args(ServerIsolation)
