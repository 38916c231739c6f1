# attempt: a function gives twice the rows that it was applied to
# goal: run
# stopped by: engine

import sandbox.client.evaluate as evaluate
from pyspark.sql import functions as F


def calc_metric(df):
    read = evaluate.read_udfs

    def lying(*arguments):
        function, profiler, reader, writer = read(*arguments)

        def twice(split, batches):
            for batch in function(split, batches):
                yield batch
                yield batch

        return twice, profiler, reader, writer

    evaluate.read_udfs = lying
    return df.select(F.udf(lambda n: 1.0, "double")("n").alias("y")).agg(F.sum("y")).first()[0]
