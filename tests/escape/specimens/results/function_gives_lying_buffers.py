# attempt: a function gives text whose offsets point outside of its bytes
# goal: run
# stopped by: engine

import pyarrow as pa
import sandbox.client.evaluate as evaluate
from pyspark.sql import functions as F


def calc_metric(df):
    read = evaluate.read_udfs

    def lying(*arguments):
        function, profiler, reader, writer = read(*arguments)

        def far(split, batches):
            for batch in function(split, batches):
                count = batch.num_rows
                offsets = pa.array([index * 1_000_000 for index in range(count + 1)], pa.int32()).buffers()[1]
                text = pa.Array.from_buffers(pa.string(), count, [None, offsets, pa.py_buffer(b"short")])
                yield pa.RecordBatch.from_arrays([text], ["_0"])

        return far, profiler, reader, writer

    evaluate.read_udfs = lying
    return float(df.select(F.udf(lambda n: "1", "string")("n").alias("y")).agg(F.max("y")).first()[0])
