"""Runs: from an admitted request to its finished results."""
