"""The command `calcmetric`: its commands, and what becomes of errors."""

from __future__ import annotations

import errno
import gc
import importlib
import logging
import os
import sys
from collections.abc import Sequence

import click

from engine.cli import exits
from engine.errors import CalcmetricError
from engine.results.text import visible_text
from engine.threads import STORE_THREADS, hangs
from engine.wording import said

logger = logging.getLogger(__name__)


class _LateGroup(click.Group):
    """Imports a command when it is used: some import what takes a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands' names."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name]), cmd_name)
        return command


_COMMANDS = {
    "run": "engine.cli.run",
    "check": "engine.cli.check",
    "test": "engine.cli.test",
    "doctor": "engine.cli.doctor",
    "serve": "engine.cli.serve",
    "worker": "engine.cli.serve",
    "prune": "engine.cli.serve",
    "keys": "engine.cli.keys",
    "quota": "engine.cli.quota",
    "rules": "engine.cli.rules",
}


@click.group(cls=_LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="calcmetric", prog_name="calcmetric")
def cli() -> None:
    """Run metrics, `calc_metric(df)`, on all of the data and on every segment, in a sandbox."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its status. No traceback of ours is ever shown."""
    # Read when gRPC is first imported. Its own lines would stand in front of our messages, which say more.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    status = _run(arguments)
    gc.freeze()  # what is left dies with the process: to look through it once more takes half a second
    if hangs(STORE_THREADS):  # a store that does not answer; the end of the interpreter would wait for it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        status = cli.main(args=arguments, prog_name="calcmetric", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return exits.INTERRUPTED
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return exits.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return exits.USAGE
    except CalcmetricError as error:
        click.echo(f"Error: {visible_text(said(error, 'command'))}", err=True)
        return exits.USAGE
    except BrokenPipeError:
        return exits.GOOD
    except Exception as error:
        logger.debug("unexpected", exc_info=True)
        if (reason := _outside(error)) is not None:
            click.echo(f"Error: {visible_text(reason)}", err=True)
            return exits.USAGE
        click.echo(
            f"Error: unexpected {type(error).__name__}: {visible_text(str(error))}; "
            "this is a bug in calcmetric",
            err=True,
        )
        return exits.USAGE
    return int(status or exits.GOOD)


def _outside(error: Exception) -> str | None:
    """What to say of an error of the machine: a file, a disk, a database. None: it is a mistake of ours."""
    if isinstance(error, OSError):
        what = f"{error.filename!r}: " if error.filename else ""
        hint = "; free some room, or use another disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return f"{what}{error.strerror or error}{hint}"
    # The service is an extra, so what it raises is told by its name.
    if type(error).__module__.partition(".")[0] == "sqlalchemy":
        said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        return f"cannot use the database: {said}"
    return None
