"""Other programs in place of the engine's zygote."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest


def replace_zygote(patch: pytest.MonkeyPatch, program: str, *arguments: str) -> None:
    """Let engines start another program as their zygote, with these arguments before its own."""
    start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def start_other(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        if "sandbox.zygote" in argv:
            argv = [sys.executable, "-P", program, *arguments, argv[-1]]
        return start(argv, **options)

    patch.setattr("engine.pool.zygote.subprocess.Popen", start_other)
