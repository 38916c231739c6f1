"""Rules on results: their conditions, when they change, and whom that is told."""
