"""Which layers of the sandbox are on. All of them, but in tests that show what each one stops by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers, each of which a test may take away.

    Attributes:
        language: the guest's source is compiled under the language rules.
        gateway: requests are checked and rebuilt; without it they are only bound to the frame.
        worker: the kernel confines workers.
        server: the kernel confines local servers.
    """

    language: bool = True
    gateway: bool = True
    worker: bool = True
    server: bool = True
