"""Answers to plans of PySpark for many frames: from the finest cells, by families, and row by row."""
