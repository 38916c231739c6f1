"""Native answers: plans that DuckDB answers exactly as Spark would; everything else is Spark's."""
