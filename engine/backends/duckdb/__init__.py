"""The local DuckDB process: the program, and the engine's end of it."""
