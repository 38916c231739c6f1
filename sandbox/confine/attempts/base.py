"""What an attempt is, and how one is tried.

Untrusted side, standard library only. An attempt calls for what it must not get, with arguments that
would work: an error that says that they were wrong is no refusal, and counts as reached.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.confine.libc import raw_call

# What the kernel says of things that it refuses, hides, or has used up, and which protection speaks so: the
# filter and Landlock each have their own errors, and what the namespaces hide is simply not there.
_SPEAKERS: Final = {
    errno.EPERM: "seccomp",
    errno.ENOSYS: "seccomp",
    errno.EACCES: "Landlock",
    errno.ENOENT: "namespaces",
    errno.ENOMEM: "limits",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an attempt takes place.

    Attributes:
        channel: descriptor of the worker's channel.
        zygote: process id of the zygote, as the worker would have to name it.
    """

    channel: int
    zygote: int


Action = Callable[[Scene], object]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One forbidden thing.

    Attributes:
        name: what is tried, for people.
        run: tries it; returns if it worked, raises if it was refused.
        fatal: the filter kills for it, so it needs a process of its own.
        only_full: blocked only at the level "full"; below it, existence can be seen, content cannot.
        crashes: where the machine lacks what is tried, it crashes the process instead.
    """

    name: str
    run: Action
    fatal: bool = False
    only_full: bool = False
    crashes: bool = False


class NothingFoundError(Exception):
    """What was looked for is not there; the message says what is."""


def try_attempt(attempt: Attempt, scene: Scene) -> tuple[str, str]:
    """Run one attempt in this confined process.

    Returns:
        What stopped it, "" if nothing did, and what was said.
    """
    try:
        attempt.run(scene)
    except (OSError, MemoryError) as error:
        return _speaker(error), f"{type(error).__name__}: {error}"
    except NothingFoundError as error:
        return "nothing is there", str(error)
    return "", "it worked"


def _speaker(error: OSError | MemoryError) -> str:
    if isinstance(error, MemoryError):
        return "limits"
    if isinstance(error, socket.gaierror):
        return "seccomp"
    return _SPEAKERS.get(error.errno or 0, "")


def call(name: str, *arguments: int | bytes | None) -> Action:
    """Try one system call."""
    return lambda _: raw_call(name, *arguments)


def fatal(name: str, system_call: str, *arguments: int | bytes | None) -> Attempt:
    """An attempt at one system call that the filter kills for."""
    return Attempt(name, call(system_call, *arguments), fatal=True)


def at_zygote(name: str, *after: int | bytes | None, before: tuple[int, ...] = ()) -> Action:
    """Try one system call that names the zygote."""
    return lambda scene: raw_call(name, *before, scene.zygote, *after)


def opening(path: str | Callable[[Scene], str], flags: int) -> Action:
    """Try to open a file."""
    return lambda scene: os.close(os.open(path if isinstance(path, str) else path(scene), flags, 0o600))


def of_zygote(name: str) -> Callable[[Scene], str]:
    """The path of one of the zygote's files in /proc."""
    return lambda scene: f"/proc/{scene.zygote}/{name}"


def any_of(*actions: Action) -> Action:
    """Try several; succeeds if one does, and else fails as the last."""

    def run(scene: Scene) -> None:
        for action in actions[:-1]:
            try:
                action(scene)
            except OSError as error:
                if _speaker(error):
                    continue
                raise
            return
        actions[-1](scene)

    return run
