"""Rules on results: their levels, when they change, and whom that is told."""
