"""The command line, `calcmetric`."""

from engine.cli.main import main

__all__ = ["main"]
