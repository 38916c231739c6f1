"""Due work: planned, claimed, calculated, noted, exported and pruned."""
