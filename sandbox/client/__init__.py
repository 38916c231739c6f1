"""The data client of a worker: PySpark's own Connect client, speaking over the worker's one descriptor."""
