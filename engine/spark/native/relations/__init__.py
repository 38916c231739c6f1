"""How relations of a plan are read as queries of DuckDB, by kinds. Pure."""
