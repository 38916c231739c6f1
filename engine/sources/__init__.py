"""Where rows come from: files, tables, DataFrames, as relations that a backend can read. An adapter."""
