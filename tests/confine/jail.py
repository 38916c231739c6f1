"""Starting the jail of a server, on this kernel or one that lacks something."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from sandbox.contract.jail import JailPolicy
from sandbox.contract.messages import encode
from tests.confine.harness import repository


def policy_for(source: str, *, read: Iterable[str] = (), **policy: Any) -> JailPolicy:
    argv = (sys.executable, "-I", "-c", source)
    return JailPolicy(argv, read=(sys.prefix, sys.base_prefix, *read), **policy)


def start(policy: JailPolicy, *, denied: str = "", abi: int | None = None) -> subprocess.Popen[str]:
    """Start the jail, without a system call, or on a kernel whose Landlock says that it is of `abi`."""
    argv = [sys.executable, "-P", "-m", "sandbox.jail"]
    if denied or abi is not None:
        setup = "from sandbox.confine import landlock"
        if denied:
            setup += f"; from tests.confine.harness import _deny; _deny({{{denied!r}: 'ENOSYS'}})"
        if abi is not None:
            setup += f"; landlock.query_abi = lambda: {abi}"
        argv = [
            sys.executable,
            "-P",
            "-c",
            f"{setup}; import sys, sandbox.jail; sys.exit(sandbox.jail.main())",
        ]
    jail = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        env={"PYTHONPATH": repository()}, cwd="/",
    )  # fmt: skip
    assert jail.stdin is not None
    jail.stdin.write(encode(policy).decode() + "\n")
    jail.stdin.flush()
    return jail
