"""Kernel confinement of workers: a namespace jail, Landlock, seccomp and limits, by system calls of our own.

Untrusted side, standard library only, Linux on x86-64 and aarch64. The zygote calls `enter_jail` at its
start and `prepare` once its imports are done; each worker calls `confine_worker` and then `self_check`.
Everything fails closed: a step that does not take hold raises `ConfinementError`, and the caller exits.

    libc, numbers          system calls by name            installation   what Python needs to read
    landlock               files and ports                 namespaces     the jail around the zygote
    bpf, *_policy          seccomp, as tables              worker, steps  the ordered list for a worker
    probe                  what this host has              attempts       the forbidden things, to be tried
    offers                 what follows from that, pure
    server, elf            confinement of local data servers (see `sandbox.jail`)
"""

from __future__ import annotations

from sandbox.confine.libc import ConfinementError
from sandbox.confine.offers import Level
from sandbox.confine.probe import HostReport, enter_jail, probe_host
from sandbox.confine.steps import Prepared
from sandbox.confine.worker import confine_worker, prepare, self_check

__all__ = [
    "ConfinementError",
    "HostReport",
    "Level",
    "Prepared",
    "confine_worker",
    "enter_jail",
    "prepare",
    "probe_host",
    "self_check",
]
