# attempt: makes a function over Arrow's arrays, which reads a file with Arrow
# goal: file
# stopped by: language, worker

import pyarrow as pa
from pyspark.sql import functions as F


def calc_metric(df):
    @F.arrow_udf("string")
    def read(n: pa.Array) -> pa.Array:
        text = pa.memory_map(CANARY_TXT).read().decode().strip()
        return pa.array([text] * len(n))

    return float(df.limit(1).select(read("n")).first()[0])
