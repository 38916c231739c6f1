"""The command `calcmetric` and what its exit statuses mean.

0: every frame gave a number, NaN, or had no data. 1: some frame did not. 2: a source was refused.
3: bad usage or data, or the backend is lost. 130: interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from engine.cli.check import check
from engine.cli.doctor import doctor
from engine.cli.run import run
from engine.errors import CalcmetricError
from engine.version import VERSION

EXIT_FRAMES = 1
EXIT_REFUSED = 2
EXIT_USAGE = 3
EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="calcmetric")
def cli() -> None:
    """Run metrics, `calc_metric(df)`, over full data and every segment, behind a sandbox."""


cli.add_command(run)
cli.add_command(check)
cli.add_command(doctor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its status. No traceback of ours is ever shown."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        status = cli.main(args=arguments, prog_name="calcmetric", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except CalcmetricError as error:
        click.echo(f"Error: {error}", err=True)
        return EXIT_USAGE
    except BrokenPipeError:
        return 0
    return int(status or 0)
