"""`python -m benchmarks NAME`: run one benchmark."""

from __future__ import annotations

import click

from benchmarks.sandbox_cost import sandbox


@click.group()
def main() -> None:
    """Run a benchmark, and print its table with the machine it ran on."""


main.add_command(sandbox)

if __name__ == "__main__":
    main()
