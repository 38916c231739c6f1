"""The command line: `calcmetric run | check | doctor`."""

from engine.cli.main import main

__all__ = ["main"]
