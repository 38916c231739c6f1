"""Worker processes: zygotes, workers, and the pool that hands them out. An adapter."""
