"""The policy of a local data server as it is read, and the confinement of the process that becomes it.

Untrusted side, standard library only. `sandbox.jail` is the program around it. A policy has all keys of
`JailPolicy` and no others, so that one that is misspelt or left out is not a missing protection.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from sandbox.confine import landlock, libc
from sandbox.confine.bpf import compile_policy
from sandbox.confine.elf import read_interpreter
from sandbox.confine.offers import FILES_ABI, Facts, ServerLevel, server_level
from sandbox.confine.server_policy import SERVER_POLICY
from sandbox.contract.jail import JailPolicy

# What every server may read, with the reason; those that a distribution lacks are left out.
_SYSTEM_READS: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache",  # shared libraries
    "/usr/share/zoneinfo", "/etc/localtime",  # time zones
    "/etc/nsswitch.conf", "/etc/hosts",  # localhost has a name
    "/dev/zero", "/dev/urandom", "/dev/random",  # seeds
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm", "/proc/sys/kernel",  # sizes of
    "/proc/sys/net/core", "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm",  # pools and heaps
)  # fmt: skip


def parse_policy(line: bytes) -> JailPolicy:
    """Parse the policy's line.

    Raises:
        ValueError: not such a policy; the message names the key.
    """
    data: Any = json.loads(line)
    if not isinstance(data, dict):
        raise ValueError("the policy is not a JSON object")
    known = {one.name for one in fields(JailPolicy)}
    if unknown := set(data) - known:
        raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
    if missing := known - set(data):
        raise ValueError(f"missing keys: {', '.join(sorted(missing))}")
    for name, value in data.items():
        if not _CHECKS[name](value):
            raise ValueError(f"bad value of {name}: {value!r}")
    if (data["forward_port"] is None) != (data["forward_socket"] is None):
        raise ValueError("forward_port and forward_socket go together")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    return JailPolicy(**values)


def _is_int(value: Any, low: int = 1, high: int = 1 << 62) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_optional_int(value: Any) -> bool:
    return value is None or _is_int(value)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/") and "\0" not in value


def _are_paths(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_path, value))


def _are_ports(value: Any) -> bool:
    return isinstance(value, list) and all(_is_int(port, 0, 65535) for port in value)


def _are_arguments(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(v, str) for v in value)
        and value[:1] != []
        and _is_path(value[0])
    )


def _is_environment(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "argv": _are_arguments,
    "env": _is_environment,
    "cwd": _is_path,
    "read": _are_paths,
    "write": _are_paths,
    "bind_ports": _are_ports,
    "connect_ports": _are_ports,
    "forward_port": lambda value: value is None or _is_int(value, 1, 65535),
    "forward_socket": lambda value: value is None or _is_path(value),
    "private_network": lambda value: isinstance(value, bool),
    "memory_bytes": _is_optional_int,
    "file_bytes": _is_optional_int,
    "open_files": _is_optional_int,
    "grace_seconds": lambda value: isinstance(value, (int, float)) and 0 <= value <= 3_600,
    "files_only": lambda value: isinstance(value, bool),
    "confine": lambda value: isinstance(value, bool),
}


def limit_server(policy: JailPolicy) -> None:
    """Apply the policy's resource limits to this process, for good."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, value in (
        (resource.RLIMIT_DATA, policy.memory_bytes),
        (resource.RLIMIT_FSIZE, policy.file_bytes),
        (resource.RLIMIT_NOFILE, policy.open_files),
    ):
        if value is not None:
            resource.setrlimit(kind, (value, value))


class NetworkOpenError(libc.ConfinementError):
    """This host has nothing that confines a server's network, and the policy asks for it."""


def check_server(policy: JailPolicy, refusal: str) -> ServerLevel:
    """How this host will confine the server.

    Args:
        policy: of the server.
        refusal: why it has no network of its own; "" if it has one.

    Raises:
        ConfinementError: not at all; with what is missing.
        NetworkOpenError: not its network, which the policy does not accept.
    """
    abi = landlock.query_abi()
    if abi < FILES_ABI:
        raise libc.ConfinementError(
            "Landlock is missing (Linux 5.13 or newer, with `landlock` among its LSMs)"
        )
    facts = Facts(abi, namespaces=False, network=not refusal)
    level = server_level(facts, files_only=policy.files_only)
    if level is None:
        raise NetworkOpenError(
            f"its network cannot be confined: this kernel's Landlock has no port rules (ABI {abi}; they came "
            f"with Linux 6.7), and it may have no network of its own ({refusal})"
        )
    return level


def hold_kernel_entries(server: int) -> None:
    """In the process that keeps the server: hold what its rules name below /proc, for as long as both run.

    A rule is about what a path led to when it was made. The kernel forgets entries of /proc that nobody has
    open when it needs memory, and makes new ones for the same paths, which the rule does not know. To be
    called before the server makes its rules; the server itself inherits nothing.
    """
    for path in (f"/proc/{server}", *(path for path in _SYSTEM_READS if path.startswith("/proc/"))):
        with contextlib.suppress(OSError):  # what is not there has no rule, or no server
            os.open(path, os.O_PATH | os.O_CLOEXEC)


def confine_server(policy: JailPolicy) -> None:
    """Give up privileges, then files and ports (Landlock), and system calls last (seccomp), for good.

    Raises:
        ConfinementError: this kernel lacks a protection, or a step failed.
    """
    program = compile_policy(SERVER_POLICY, libc.architecture())
    ruleset = landlock.build_ruleset(_path_rules(policy), _port_rules(policy))
    # Root may be the one who starts the engine, with data that belongs to others: reading stays possible.
    libc.limit_capabilities((libc.CAP_DAC_READ_SEARCH,))
    libc.keep_capabilities((libc.CAP_DAC_READ_SEARCH,))
    libc.set_no_new_privileges()
    landlock.apply_ruleset(ruleset)
    os.close(ruleset)
    libc.install_filter(program.bind(os.getpid()))


def _path_rules(policy: JailPolicy) -> list[landlock.PathRule]:
    program = os.path.realpath(policy.argv[0])
    executed = [program, *read_interpreter(program)]
    return [
        *landlock.existing(_SYSTEM_READS, landlock.READ),
        *(landlock.PathRule(path, landlock.READ | landlock.EXECUTE) for path in executed),
        # By number: the name /proc/self would mean this process's entry in every process.
        landlock.PathRule(f"/proc/{os.getpid()}", landlock.READ | landlock.WRITE_FILE),
        landlock.PathRule("/dev/null", landlock.READ_FILE | landlock.WRITE_FILE | landlock.TRUNCATE),
        *(landlock.PathRule(path, landlock.READ) for path in policy.read),
        *(landlock.PathRule(path, landlock.WRITE) for path in policy.write),
    ]


def _port_rules(policy: JailPolicy) -> list[landlock.PortRule]:
    return [
        *(landlock.PortRule(port, landlock.BIND_TCP) for port in policy.bind_ports),
        *(landlock.PortRule(port, landlock.CONNECT_TCP) for port in policy.connect_ports),
    ]
