"""Benchmarks: each prints its figures, and ratios from one run. They assert nothing."""
