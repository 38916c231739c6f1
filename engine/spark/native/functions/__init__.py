"""The table of functions that are proven to mean in DuckDB what they mean in Spark, by families. Data."""
