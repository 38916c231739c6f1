"""Untrusted side. The permission tables, one module per library; data only."""
