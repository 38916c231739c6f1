"""Starting programs as another user from a process that has threads.

`subprocess` forks for its arguments `user` and `group`, and gRPC, which tests have loaded, starts threads
anew in the child of a fork: now and then that child died before it became the program. A program that
changes the user is started without a fork.
"""

from __future__ import annotations

import shutil


def as_user(user: int | None) -> list[str]:
    """What to put before a command to run it with this user id, and the same group id; nothing for None."""
    if user is None:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv, "setpriv is missing; it is part of util-linux"
    return [setpriv, f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
