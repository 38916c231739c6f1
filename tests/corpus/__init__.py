"""A corpus of metrics as people write them, with the numbers that plain PySpark gives for them."""
