"""`python -m benchmarks NAME`: run one benchmark."""

from __future__ import annotations

import click

from benchmarks.accounts import accounts
from benchmarks.baselines import baselines
from benchmarks.busy import busy
from benchmarks.fan_out import fan_out
from benchmarks.fetch import fetch
from benchmarks.functions import functions
from benchmarks.growth import growth
from benchmarks.many import many
from benchmarks.native import native
from benchmarks.pages import pages
from benchmarks.peers import peers
from benchmarks.reading import reading
from benchmarks.sandbox_cost import sandbox
from benchmarks.scale import scale
from benchmarks.series import series
from benchmarks.service import service
from benchmarks.snowpark import snowpark
from benchmarks.stores import stores
from benchmarks.tenants import tenants


@click.group()
def main() -> None:
    """Run a benchmark, and print its table with the machine it ran on."""


for command in (
    sandbox, fan_out, growth, series, fetch, many, scale, peers, tenants, service, snowpark, busy,
    reading, accounts, baselines, native, stores, pages, functions,
):  # fmt: skip
    main.add_command(command)

if __name__ == "__main__":
    main()
