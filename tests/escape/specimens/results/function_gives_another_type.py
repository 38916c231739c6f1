# attempt: a function gives text where it has declared numbers
# goal: run
# stopped by: engine

import pyarrow as pa
import sandbox.client.evaluate as evaluate
from pyspark.sql import functions as F


def calc_metric(df):
    read = evaluate.read_udfs

    def lying(*arguments):
        function, profiler, reader, writer = read(*arguments)

        def text(split, batches):
            for batch in function(split, batches):
                yield pa.record_batch({"_0": pa.array(["x" * 100] * batch.num_rows)})

        return text, profiler, reader, writer

    evaluate.read_udfs = lying
    return df.select(F.udf(lambda n: 1.0, "double")("n").alias("y")).agg(F.sum("y")).first()[0]
