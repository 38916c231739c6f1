"""DuckDB in front of Spark: what it is asked, what it may read, and when it is not trusted any more."""
