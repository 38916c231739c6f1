"""The command `calcmetric`: its commands, and what becomes of errors."""

from __future__ import annotations

import gc
import importlib
import logging
import sys
from collections.abc import Sequence

import click

from engine.cli import exits
from engine.errors import CalcmetricError
from engine.results.text import visible_text

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
    "doctor": "engine.cli.doctor",
    "serve": "engine.cli.serve",
    "worker": "engine.cli.serve",
    "prune": "engine.cli.serve",
    "keys": "engine.cli.keys",
}


@click.group(cls=_LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="calcmetric", prog_name="calcmetric")
def cli() -> None:
    """Run metrics, `calc_metric(df)`, over full data and every segment, behind a sandbox."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its status. No traceback of ours is ever shown."""
    status = _run(arguments)
    gc.freeze()  # what is left dies with the process: to look through it once more takes half a second
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
        click.echo(f"Error: {visible_text(str(error))}", err=True)
        return exits.USAGE
    except BrokenPipeError:
        return exits.GOOD
    except Exception as error:
        logger.debug("unexpected", exc_info=True)
        click.echo(
            f"Error: unexpected {type(error).__name__}: {visible_text(str(error))}; "
            "this is a bug of calcmetric",
            err=True,
        )
        return exits.USAGE
    return int(status or exits.GOOD)
