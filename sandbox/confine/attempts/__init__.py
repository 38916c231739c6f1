"""The forbidden things, each as something to try with unrestricted Python in a confined process.

Untrusted side, standard library only. `calcmetric doctor` and the tests run the table; what is promised of
the sandbox is a row here. An attempt that returns has reached what it must not; one that the kernel
refuses, or kills with SIGSYS, was blocked.
"""

from __future__ import annotations

from typing import Final

from sandbox.confine.attempts.base import Attempt, Scene, try_attempt
from sandbox.confine.attempts.files import FILES
from sandbox.confine.attempts.memory import MEMORY
from sandbox.confine.attempts.network import NETWORK
from sandbox.confine.attempts.privileges import PRIVILEGES
from sandbox.confine.attempts.processes import PROCESSES

ATTEMPTS: Final = (*FILES, *NETWORK, *PROCESSES, *MEMORY, *PRIVILEGES)

__all__ = ["ATTEMPTS", "Attempt", "Scene", "try_attempt"]
