"""The command line: `calcmetric run | check | doctor | serve | worker | keys`."""

from engine.cli.main import main

__all__ = ["main"]
